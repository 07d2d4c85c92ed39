"""Lambda: what is checked before a function exists, its interfaces, its life, and its invocation."""

# ruff: noqa: ANN401 - boto3 has no type information

import base64
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.deadline import eventually
from tests.integration.control_plane_world import ACCOUNT, BASIC, REGION, VPC_ACCESS, World, package, world
from vpclab.localcloud.lambda_runtime.invocation import InvocationRefused, InvocationResult

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"


@pytest.fixture
def here() -> Iterator[World]:
    with world() as running:
        yield running


def refused(code: str, text: str = "") -> Any:
    return pytest.raises(ClientError, match=rf"\({code}\).*{text}")


@pytest.fixture
def network(here: World) -> tuple[str, list[str], str]:
    """A VPC, two subnets in it, a group."""
    vpc = here.vpc()
    return vpc, [here.subnet(vpc), here.subnet(vpc, "10.0.1.0/24", "b")], here.group(vpc)


def test_function_can_learn_its_vpc(here: World, network: tuple[str, list[str], str]) -> None:
    """The VPC's id is no input: Lambda looks it up by subnets and groups; Pending, then Active (C17)."""
    vpc, subnets, group = network
    made = here.function("f", here.role("r", VPC_ACCESS), subnets, [group])
    assert (made["State"], made["StateReasonCode"]) == ("Pending", "Creating")
    here.functions.get_waiter("function_active_v2").wait(FunctionName="f")
    found = here.functions.get_function_configuration(FunctionName="f")
    assert found["State"] == "Active"
    assert "StateReason" not in found
    assert found["LastUpdateStatus"] == "Successful"
    assert found["VpcConfig"] == {
        "SubnetIds": subnets,
        "SecurityGroupIds": [group],
        "VpcId": vpc,
        "Ipv6AllowedForDualStack": False,
    }


def test_interfaces_can_be_shared(here: World, network: tuple[str, list[str], str]) -> None:
    """One for each unique pair of subnet and group set, not for each function (C18)."""
    vpc, subnets, group = network
    other = here.group(vpc, "g")
    role = here.role("r", VPC_ACCESS)
    here.function("f", role, subnets, [group])
    here.function("g", role, subnets, [group])
    found = here.interfaces(interface_type="lambda")
    assert sorted(one["SubnetId"] for one in found) == sorted(subnets)
    here.function("h", role, subnets[:1], [other, group])
    here.function("i", role, subnets[:1], [group, other])
    assert len(here.interfaces(interface_type="lambda")) == 3


def test_interface_can_be_recognised(here: World, network: tuple[str, list[str], str]) -> None:
    """Type, description, attachment, owner are Lambda's; not requester-managed, never public (C22)."""
    _, subnets, group = network
    here.ec2.modify_subnet_attribute(SubnetId=subnets[0], MapPublicIpOnLaunch={"Value": True})
    here.function("f", here.role("r", VPC_ACCESS), subnets[:1], [group])
    [found] = here.interfaces(interface_type="lambda")
    assert found["Description"].startswith("AWS Lambda VPC ENI-f-")
    assert found["Attachment"]["AttachmentId"].startswith("ela-attach-")
    assert found["Attachment"]["InstanceOwnerId"] == "amazon-aws"
    assert (found["RequesterManaged"], found["SourceDestCheck"], found["Status"]) == (False, True, "in-use")
    assert found["RequesterId"].endswith(f":{ACCOUNT}")
    assert [one["GroupId"] for one in found["Groups"]] == [group]
    assert "Association" not in found


def test_interface_cannot_be_managed_by_hand(here: World, network: tuple[str, list[str], str]) -> None:
    """Detach, delete and change are refused as behaviours 2.7 has it; a public address can be associated (R06)."""
    vpc, subnets, group = network
    here.function("f", here.role("r", VPC_ACCESS), subnets[:1], [group])
    [found] = here.interfaces(interface_type="lambda")
    identifier = found["NetworkInterfaceId"]
    with refused("OperationNotPermitted", "You are not allowed to manage 'ela-attach' attachments."):
        here.ec2.detach_network_interface(AttachmentId=found["Attachment"]["AttachmentId"])
    with refused("InvalidParameterValue", f"Network interface '{identifier}' is currently in use."):
        here.ec2.delete_network_interface(NetworkInterfaceId=identifier)
    with refused("OperationNotPermitted", "The security group can not be modified for this type of interface"):
        here.ec2.modify_network_interface_attribute(NetworkInterfaceId=identifier, Groups=[group])
    here.gateway(vpc)
    allocation, public = here.address()
    here.ec2.associate_address(AllocationId=allocation, NetworkInterfaceId=identifier)
    [inventory] = [one for one in here.plane.network().network_interfaces if one.id == identifier]
    assert str(inventory.public_ip) == public


def test_interface_can_outlive_its_function(here: World, network: tuple[str, list[str], str]) -> None:
    """Until it is gone its subnet and group cannot be deleted; a new user in time keeps it (R66)."""
    _, subnets, group = network
    role = here.role("r", VPC_ACCESS)
    here.function("f", role, subnets[:1], [group])
    [first] = here.interfaces(interface_type="lambda")
    here.functions.delete_function(FunctionName="f")
    with refused("DependencyViolation", f"The subnet '{subnets[0]}' has dependencies and cannot be deleted."):
        here.ec2.delete_subnet(SubnetId=subnets[0])
    with refused("DependencyViolation", f"resource {group} has a dependent object"):
        here.ec2.delete_security_group(GroupId=group)
    here.function("f", role, subnets[:1], [group])
    [second] = here.interfaces(interface_type="lambda")
    assert second["NetworkInterfaceId"] == first["NetworkInterfaceId"]
    changes = here.effects.network_changes
    here.functions.delete_function(FunctionName="f")
    eventually(lambda: not here.interfaces(interface_type="lambda"), 10, "the interface is gone")
    eventually(lambda: here.effects.network_changes >= changes + 2, 10, "the network heard of it")
    here.ec2.delete_subnet(SubnetId=subnets[0])
    here.ec2.delete_security_group(GroupId=group)


def test_published_version_can_hold_an_interface(here: World, network: tuple[str, list[str], str]) -> None:
    """An interface stays while a published version uses its pair."""
    _, subnets, group = network
    here.function("f", here.role("r", VPC_ACCESS), subnets[:1], [group])
    version = here.functions.publish_version(FunctionName="f")["Version"]
    here.functions.update_function_configuration(
        FunctionName="f", VpcConfig={"SubnetIds": [], "SecurityGroupIds": []}
    )
    held = here.interfaces(interface_type="lambda")
    here.functions.delete_function(FunctionName="f", Qualifier=version)
    eventually(lambda: not here.interfaces(interface_type="lambda"), 10, "the interface is gone")
    assert len(held) == 1


def test_function_can_leave_and_change_its_vpc(here: World, network: tuple[str, list[str], str]) -> None:
    """Empty lists detach; other subnets, other interfaces; InProgress until the network follows."""
    _, subnets, group = network
    here.function("f", here.role("r", VPC_ACCESS), subnets[:1], [group])
    moved = here.functions.update_function_configuration(
        FunctionName="f", VpcConfig={"SubnetIds": subnets[1:], "SecurityGroupIds": [group]}
    )
    assert moved["LastUpdateStatus"] == "InProgress"
    here.functions.get_waiter("function_updated_v2").wait(FunctionName="f")
    here.functions.invoke(FunctionName="f")
    [of_other_subnet] = here.interfaces(interface_type="lambda", subnet_id=subnets[1])
    left = here.functions.update_function_configuration(
        FunctionName="f", VpcConfig={"SubnetIds": [], "SecurityGroupIds": []}
    )
    assert not left.get("VpcConfig", {}).get("VpcId")
    here.functions.invoke(FunctionName="f")
    used = [one.interfaces for one in here.effects.invocations]
    assert used == [(of_other_subnet["NetworkInterfaceId"],), ()]
    assert here.effects.changed_functions == [ARN, ARN]


def checks(here: World, vpc: str, subnets: list[str], group: str) -> dict[str, tuple[Any, str, str]]:
    """Of each refusal: the arguments of the call, the error's code and its text."""
    elsewhere = here.vpc("10.1.0.0/16")
    able = here.role("able", VPC_ACCESS)
    return {
        "unknown subnet": (
            (able, ["subnet-0123456789abcdef0"], [group]),
            "InvalidParameterValueException",
            "Error occurred while DescribeSubnets. EC2 Error Code: InvalidSubnetID.NotFound.",
        ),
        "unknown group": (
            (able, subnets, ["sg-0123456789abcdef0"]),
            "InvalidParameterValueException",
            "InvalidGroup.NotFound. EC2 Error Message: The security group 'sg-0123456789abcdef0' does not exist",
        ),
        "group elsewhere": (
            (able, subnets, [here.group(elsewhere)]),
            "InvalidParameterValueException",
            f"must belong to one VPC: .*{elsewhere}|must belong to one VPC: .*{vpc}",
        ),
        "no groups": ((able, subnets, []), "InvalidParameterValueException", "must coexist or be both empty"),
        "no subnets": ((able, [], [group]), "InvalidParameterValueException", "must coexist or be both empty"),
        "too many groups": (
            (able, subnets, [f"sg-{number}" for number in range(6)]),
            "InvalidParameterValueException",
            "less than or equal to 5",
        ),
        "too many subnets": (
            (able, [f"subnet-{number}" for number in range(17)], [group]),
            "InvalidParameterValueException",
            "less than or equal to 16",
        ),
        "no permission": (
            (here.role("unable", BASIC), subnets, [group]),
            "InvalidParameterValueException",
            "The provided execution role does not have permissions to call CreateNetworkInterface on EC2",
        ),
        "wrong trust": (
            (here.role("distrusting", VPC_ACCESS, service="ec2.amazonaws.com"), None, None),
            "InvalidParameterValueException",
            "The role defined for the function cannot be assumed by Lambda.",
        ),
        "no role": (
            (f"arn:aws:iam::{ACCOUNT}:role/nobody", None, None),
            "InvalidParameterValueException",
            "The role defined for the function cannot be assumed by Lambda.",
        ),
    }


def test_function_cannot_be_half_created(here: World, network: tuple[str, list[str], str]) -> None:
    """Each check is made before anything exists: no function, no interface is left (C19, R64)."""
    vpc, subnets, group = network
    for name, (arguments, code, text) in checks(here, vpc, subnets, group).items():
        with pytest.raises(ClientError, match=text) as raised:
            here.function("f", *arguments)
        assert raised.value.response["Error"]["Code"] == code, name
    assert here.functions.list_functions()["Functions"] == []
    assert here.interfaces(interface_type="lambda") == []


def test_update_cannot_pass_what_creation_refuses(here: World, network: tuple[str, list[str], str]) -> None:
    """UpdateFunctionConfiguration makes the same checks and leaves the function as it was."""
    vpc, subnets, group = network
    here.function("f", here.role("r", VPC_ACCESS))
    before = here.functions.get_function_configuration(FunctionName="f")
    for (role, given_subnets, given_groups), code, text in checks(here, vpc, subnets, group).values():
        config = {"SubnetIds": given_subnets or [], "SecurityGroupIds": given_groups or []}
        with pytest.raises(ClientError, match=text) as raised:
            here.functions.update_function_configuration(FunctionName="f", Role=role, VpcConfig=config)
        assert raised.value.response["Error"]["Code"] == code
    after = here.functions.get_function_configuration(FunctionName="f")
    assert {**before, "ResponseMetadata": None} == {**after, "ResponseMetadata": None}


def test_role_permissions_can_change_for_the_next_call(here: World, network: tuple[str, list[str], str]) -> None:
    """An inline policy will do; without DescribeNetworkInterfaces that action is named; invoking needs neither."""
    _, subnets, group = network
    role = here.role("r")
    iam = here.client("iam")

    def allow(*actions: str) -> None:
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        iam.put_role_policy(
            RoleName="r",
            PolicyName="p",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )

    allow("ec2:CreateNetworkInterface")
    with refused("InvalidParameterValueException", "permissions to call DescribeNetworkInterfaces on EC2"):
        here.function("f", role, subnets, [group])
    allow("ec2:*NetworkInterface*")
    here.function("f", role, subnets, [group])
    iam.delete_role_policy(RoleName="r", PolicyName="p")
    assert here.functions.invoke(FunctionName="f")["StatusCode"] == 200
    with refused("InvalidParameterValueException", "CreateNetworkInterface"):
        here.function("g", role, subnets, [group])


def test_function_cannot_become_active_in_a_full_subnet(here: World) -> None:
    """It is Failed for want of addresses, and cannot be invoked."""
    vpc = here.vpc()
    subnet, group = here.subnet(vpc, "10.0.0.0/28"), here.group(vpc)
    for _ in range(11):
        here.ec2.create_network_interface(SubnetId=subnet)
    here.function("f", here.role("r", VPC_ACCESS), [subnet], [group])
    found = here.functions.get_function_configuration(FunctionName="f")
    assert (found["State"], found["StateReasonCode"]) == ("Failed", "SubnetOutOfIPAddresses")
    with refused("ResourceConflictException", "currently in the following state: Failed"):
        here.functions.invoke(FunctionName="f")


def test_function_cannot_run_what_is_not_python(here: World) -> None:
    """Other runtimes and container images are refused."""
    role = here.role()
    given = {"FunctionName": "f", "Role": role, "Code": {"ZipFile": package()}, "Handler": "index.handler"}
    for more, text in (
        ({"Runtime": "nodejs24.x"}, "runs Python only"),
        (
            {"PackageType": "Image", "Code": {"ImageUri": f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/a:b"}},
            "images",
        ),
    ):
        with refused("InvalidParameterValueException", text):
            here.functions.create_function(**(given | more))
    assert here.functions.list_functions()["Functions"] == []


def test_invocation_can_carry_what_the_function_needs(here: World) -> None:
    """Code, handler, limits, environment with the role's own session, log group and the caller's payload."""
    role = here.role("r", VPC_ACCESS)
    here.functions.create_function(
        FunctionName="f",
        Role=role,
        Runtime="python3.12",
        Handler="index.handler",
        Code={"ZipFile": package()},
        Timeout=7,
        MemorySize=256,
        Environment={"Variables": {"COLOUR": "blue"}},
        LoggingConfig={"LogGroup": "/mine"},
    )
    context = base64.b64encode(json.dumps({"custom": {"a": "b"}}).encode()).decode()
    answer = here.functions.invoke(FunctionName="f", Payload=b'{"x": 1}', ClientContext=context)
    assert json.loads(answer["Payload"].read()) == {"x": 1}
    [made] = here.effects.invocations
    assert (made.function_arn, made.invoked_arn, made.version) == (ARN, ARN, "$LATEST")
    assert (made.role_arn, made.handler, made.runtime) == (role, "index.handler", "python3.12")
    assert (made.timeout, made.memory_mb, made.log_group) == (7.0, 256, "/mine")
    assert made.code.zip_file == package() or len(made.code.zip_file) > 0
    assert made.client_context == '{"custom": {"a": "b"}}'
    assert made.request_id == answer["ResponseMetadata"]["RequestId"]
    assert made.environment["COLOUR"] == "blue"
    assert made.environment["AWS_REGION"] == REGION
    inside = here.client(
        "sts", REGION, made.environment["AWS_ACCESS_KEY_ID"], made.environment["AWS_SESSION_TOKEN"]
    )
    identity = inside.get_caller_identity()
    assert identity["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/r/f"
    here.functions.invoke(FunctionName="f")
    assert here.effects.invocations[1].environment == made.environment


def test_invocation_can_name_a_version(here: World) -> None:
    """By qualifier, by alias, in the name, in an ARN; the version that ran is in the answer."""
    here.function("f", here.role())
    here.functions.publish_version(FunctionName="f")
    here.functions.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    for given, version in (
        ({"FunctionName": "f"}, "$LATEST"),
        ({"FunctionName": "f", "Qualifier": "$LATEST"}, "$LATEST"),
        ({"FunctionName": "f", "Qualifier": "1"}, "1"),
        ({"FunctionName": "f:live"}, "1"),
        ({"FunctionName": f"{ACCOUNT}:function:f"}, "$LATEST"),
        ({"FunctionName": ARN}, "$LATEST"),
        ({"FunctionName": f"{ARN}:live"}, "1"),
    ):
        assert here.functions.invoke(**given)["ExecutedVersion"] == version, given
    assert here.effects.invocations[-1].invoked_arn == f"{ARN}:live"
    for given in ({"FunctionName": "nope"}, {"FunctionName": "f", "Qualifier": "9"}):
        with refused("ResourceNotFoundException", "Function not found: arn:aws:lambda:"):
            here.functions.invoke(**given)


def test_invocation_can_be_of_three_kinds(here: World) -> None:
    """RequestResponse 200, Event 202 without a payload, DryRun 204 without running."""
    here.function("f", here.role())
    kinds = {
        kind: here.functions.invoke(FunctionName="f", InvocationType=kind, Payload=b"1")
        for kind in ("RequestResponse", "Event", "DryRun")
    }
    assert {kind: answer["StatusCode"] for kind, answer in kinds.items()} == {
        "RequestResponse": 200,
        "Event": 202,
        "DryRun": 204,
    }
    assert [answer["Payload"].read() for answer in kinds.values()] == [b"1", b"", b""]
    assert [one.invocation_type for one in here.effects.invocations] == ["RequestResponse", "Event"]


def test_invocation_can_tell_how_the_function_failed(here: World) -> None:
    """X-Amz-Function-Error with 200; the tail of the log when asked for; refusals of the runtime as they are."""
    here.function("f", here.role())
    here.effects.answer = lambda one: InvocationResult(
        200, b'{"errorMessage": "x"}', "Unhandled", b"END", one.version
    )
    told = here.functions.invoke(FunctionName="f", LogType="Tail")
    assert (told["StatusCode"], told["FunctionError"]) == (200, "Unhandled")
    assert base64.b64decode(told["LogResult"]) == b"END"
    assert "LogResult" not in here.functions.invoke(FunctionName="f")

    def refuse(_: object) -> InvocationResult:
        raise InvocationRefused("ENINotReadyException", "not ready", status=502)

    here.effects.answer = refuse
    with refused("ENINotReadyException", "not ready"):
        here.functions.invoke(FunctionName="f")


def test_invocation_cannot_carry_too_much(here: World) -> None:
    """6 MB for synchronous invocations."""
    here.function("f", here.role())
    with refused("RequestEntityTooLargeException", "smaller than 6291456 bytes"):
        here.functions.invoke(FunctionName="f", Payload=b" " * (6 * 1024 * 1024 + 1))
    assert here.effects.invocations == []


def test_reserved_concurrency_can_throttle(here: World) -> None:
    """At 0 nothing runs; at 1 a second invocation is refused while the first one runs."""
    here.function("f", here.role())
    here.functions.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    with refused("TooManyRequestsException"):
        here.functions.invoke(FunctionName="f")
    here.functions.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=1)
    running, finish = threading.Event(), threading.Event()

    def wait(_: object) -> InvocationResult:
        running.set()
        finish.wait(10)
        return InvocationResult(200, b"")

    here.effects.answer = wait
    first = threading.Thread(target=lambda: here.functions.invoke(FunctionName="f"))
    first.start()
    assert running.wait(10)
    with refused("TooManyRequestsException"):
        here.functions.invoke(FunctionName="f")
    finish.set()
    first.join()
    here.functions.invoke(FunctionName="f")


def test_warm_environments_can_hear_of_changes(here: World) -> None:
    """New code, new configuration and deletion end them; the new code is what runs next."""
    here.function("f", here.role())
    here.functions.invoke(FunctionName="f")
    here.functions.update_function_code(FunctionName="f", ZipFile=package("handler = print"))
    here.functions.invoke(FunctionName="f")
    first, second = here.effects.invocations
    assert first.code.sha256 != second.code.sha256
    here.functions.update_function_configuration(FunctionName="f", Timeout=9)
    here.functions.delete_function(FunctionName="f")
    assert here.effects.changed_functions == [ARN] * 3


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (
            {"Timeout": 901},
            "'timeout' failed to satisfy constraint: Member must have value less than or equal to 900",
        ),
        ({"MemorySize": 10241}, "less than or equal to 10240"),
        ({"Environment": {"Variables": {"AWS_REGION": "x"}}}, "Reserved keys used in this request: AWS_REGION"),
        ({"Environment": {"Variables": {"AB": "x" * 4096}}}, "exceeded the 4KB limit"),
        ({"Environment": {"Variables": {"A=B": "x"}}}, "Map keys must satisfy constraint"),
        ({"Environment": {"Variables": {"A": "x"}}}, "Map keys must satisfy constraint"),
        ({"Environment": {"Variables": {"AB": "x\0y"}}}, "NUL character"),
        ({"LoggingConfig": {"LogFormat": "JSON"}}, "LogFormat JSON is not modelled"),
    ],
)
def test_function_cannot_exceed_its_limits(here: World, given: dict[str, Any], text: str) -> None:
    """At creation and at each update; an update that is refused changes nothing."""
    here.function("f", here.role())
    before = here.functions.get_function_configuration(FunctionName="f")
    with pytest.raises(ClientError, match=text):
        here.functions.update_function_configuration(FunctionName="f", **given)
    after = here.functions.get_function_configuration(FunctionName="f")
    assert {**before, "ResponseMetadata": None} == {**after, "ResponseMetadata": None}
    with pytest.raises(ClientError, match=text):
        here.functions.create_function(
            FunctionName="g",
            Role=before["Role"],
            Runtime="python3.12",
            Handler="index.handler",
            Code={"ZipFile": package()},
            **given,
        )


def test_function_code_can_come_from_a_bucket(here: World) -> None:
    """S3Bucket and S3Key; what is not there is refused and leaves nothing."""
    s3 = here.client("s3")
    s3.create_bucket(Bucket="packages")
    s3.put_object(Bucket="packages", Key="f.zip", Body=package())
    usual = {"Role": here.role(), "Runtime": "python3.12", "Handler": "index.handler"}
    here.functions.create_function(FunctionName="f", Code={"S3Bucket": "packages", "S3Key": "f.zip"}, **usual)
    here.functions.invoke(FunctionName="f")
    assert (
        here.effects.invocations[0].code.zip_file == s3.get_object(Bucket="packages", Key="f.zip")["Body"].read()
    )
    for code in ({"S3Bucket": "packages", "S3Key": "no.zip"}, {"S3Bucket": "nowhere", "S3Key": "f.zip"}):
        with refused("InvalidParameterValueException", "Error occurred while GetObject"):
            here.functions.create_function(FunctionName="g", Code=code, **usual)
    with refused("InvalidParameterValueException", "Could not unzip uploaded file"):
        here.functions.create_function(FunctionName="g", Code={"ZipFile": b"no zip"}, **usual)
    with refused("InvalidParameterValueException", "Could not unzip uploaded file"):
        here.functions.update_function_code(FunctionName="f", ZipFile=b"no zip")
    assert [one["FunctionName"] for one in here.functions.list_functions()["Functions"]] == ["f"]


def test_functions_can_be_listed_with_their_versions(here: World) -> None:
    """Publishing at creation and later; each version keeps its code."""
    here.functions.create_function(
        FunctionName="f",
        Role=here.role(),
        Runtime="python3.12",
        Handler="index.handler",
        Code={"ZipFile": package()},
        Publish=True,
    )
    here.functions.update_function_code(FunctionName="f", ZipFile=package("handler = print"), Publish=True)
    listed = here.functions.list_functions(FunctionVersion="ALL")["Functions"]
    assert [one["Version"] for one in listed] == ["$LATEST", "1", "2"]
    for qualifier in ("1", "2", "$LATEST"):
        here.functions.invoke(FunctionName="f", Qualifier=qualifier)
    first, second, latest = (one.code.sha256 for one in here.effects.invocations)
    assert first != second == latest
