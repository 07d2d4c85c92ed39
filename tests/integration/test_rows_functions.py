"""The rows about the Lambda side: interfaces, permissions, logs, states (behaviours 2.7, C1, C17 to C20, C25)."""

import json
import re
import uuid

import pytest
from botocore.exceptions import ParamValidationError

from tests.deadline import eventually
from tests.integration.row_cloud import Clients, refused
from tests.integration.row_world import BASIC, TIMED_OUT, VPC_ACCESS, RowWorld, package

SECONDS = 30.0
DENIED = "The provided execution role does not have permissions to call {} on EC2"


def create(world: RowWorld, **changes: object) -> dict[str, object]:
    """The arguments of a CreateFunction that would succeed, with these changes."""
    usual = {
        "FunctionName": f"rows-{uuid.uuid4()}",
        "Runtime": "python3.13",
        "Handler": "probe.handler",
        "Role": world.role,
        "Code": {"ZipFile": package("def handler(event, context): return event")},
    }
    return usual | changes


def test_isolated_function_can_print_to_its_log(world: RowWorld) -> None:
    """R20, C25: an isolated function prints a nonce: it appears in CloudWatch Logs; the Logs API times out."""
    function, nonce = world.function(world.isolated()), uuid.uuid4().hex
    said, api = world.ask(function, ("say", nonce), ("connect", "logs.us-east-1.amazonaws.com"))
    assert (said, api) == ("said", TIMED_OUT)
    eventually(lambda: world.printed(function, nonce), SECONDS, "the printed line in the log")


def test_function_cannot_log_without_permission(world: RowWorld, clients: Clients) -> None:
    """C2, C25: the role without logs actions: it runs, its log is lost; allowed, the next lines are there."""
    role = world.iam_role(allows=["s3:ListAllMyBuckets"])
    function, lost, kept = world.function(role=role), uuid.uuid4().hex, uuid.uuid4().hex
    assert world.ask_one(function, "say", lost) == "said"
    name = role.rpartition("/")[2]
    clients("iam").attach_role_policy(RoleName=name, PolicyArn=BASIC)
    world.later(clients("iam").detach_role_policy, RoleName=name, PolicyArn=BASIC)
    assert world.ask_one(function, "say", kept) == "said"
    eventually(lambda: world.printed(function, kept), SECONDS, "the second line in the log")
    assert not world.printed(function, lost)


@pytest.mark.parametrize(
    ("allows", "missing"),
    [
        ((), "CreateNetworkInterface"),
        (("ec2:CreateNetworkInterface",), "DescribeNetworkInterfaces"),
    ],
)
def test_role_without_ec2_cannot_attach_a_function(world: RowWorld, allows: list[str], missing: str) -> None:
    """R64, C19: 400 InvalidParameterValueException with the known text; nothing is made."""
    place = world.isolated()
    role = world.iam_role(BASIC, allows=allows)
    config = {"SubnetIds": [place.subnet], "SecurityGroupIds": [place.group]}
    given = create(world, Role=role, VpcConfig=config)
    with refused("InvalidParameterValueException", DENIED.format(missing)):
        world.functions.create_function(**given)
    with refused("ResourceNotFoundException"):
        world.functions.get_function(FunctionName=given["FunctionName"])
    assert not world.interfaces(**{"vpc-id": place.vpc})


def test_role_cannot_be_needed_for_invoking(world: RowWorld, clients: Clients) -> None:
    """C19: needed only to create the interfaces: taken away after Active, invoking still works."""
    role = world.iam_role(VPC_ACCESS)
    place, nat = world.private()
    function = world.function(place, role=role)
    clients("iam").detach_role_policy(RoleName=role.rpartition("/")[2], PolicyArn=VPC_ACCESS)
    assert world.ask_one(function, "get", "https://checkip.amazonaws.com/") == nat.public_ip


def test_vpc_id_cannot_be_given_and_can_be_read(world: RowWorld) -> None:
    """C17: VpcId is no parameter; Lambda looks it up by the subnets and groups."""
    place = world.isolated()
    config = {"SubnetIds": [place.subnet], "SecurityGroupIds": [place.group]}
    with pytest.raises(ParamValidationError, match='Unknown parameter in VpcConfig: "VpcId"'):
        world.functions.create_function(**create(world, VpcConfig={**config, "VpcId": place.vpc}))
    function = world.function(place)
    found = world.functions.get_function_configuration(FunctionName=function)["VpcConfig"]
    assert found == {**config, "VpcId": place.vpc, "Ipv6AllowedForDualStack": False}


def test_interface_can_be_lambdas_only(world: RowWorld) -> None:
    """2.7: type, description, attachment, owner; by hand it is neither detached, deleted nor changed."""
    place = world.isolated()
    function = world.function(place)
    interface = world.interface_of(place)
    identifier, attachment = interface["NetworkInterfaceId"], interface["Attachment"]
    assert re.fullmatch(rf"AWS Lambda VPC ENI-{function}-[0-9a-f-]{{36}}", interface["Description"])
    assert interface["PrivateIpAddress"].startswith("10.0.1.")
    assert (interface["RequesterManaged"], interface["SourceDestCheck"]) == (False, True)
    assert re.fullmatch(r"AROA[0-9A-Z]+:123456789012", interface["RequesterId"])
    assert re.fullmatch("ela-attach-[0-9a-f]+", attachment["AttachmentId"])
    assert (attachment["InstanceOwnerId"], attachment["Status"]) == ("amazon-aws", "attached")
    assert interface["Status"] == "in-use"
    with refused("OperationNotPermitted", "You are not allowed to manage 'ela-attach' attachments."):
        world.ec2.detach_network_interface(AttachmentId=attachment["AttachmentId"])
    with refused("InvalidParameterValue", f"Network interface '{identifier}' is currently in use."):
        world.ec2.delete_network_interface(NetworkInterfaceId=identifier)
    with refused("OperationNotPermitted", "The security group can not be modified for this type of interface"):
        world.ec2.modify_network_interface_attribute(NetworkInterfaceId=identifier, Groups=[place.group])


def test_interface_can_serve_several_functions(world: RowWorld) -> None:
    """C18, C20: one per subnet and set of groups, whatever the number of functions; no group is ever made."""
    place = world.isolated()
    other = world.subnet(place.vpc, "10.0.2.0/24", "b")
    group = world.group(place.vpc)
    groups = world.ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [place.vpc]}])
    for _ in range(2):
        world.function(place, subnets=[place.subnet, other])
    found = world.interfaces(**{"vpc-id": place.vpc, "interface-type": "lambda"})
    assert sorted(one["SubnetId"] for one in found) == sorted([place.subnet, other])
    world.function(place, groups=[group, place.group])
    world.function(place, groups=[place.group, group])
    found = world.interfaces(**{"vpc-id": place.vpc, "subnet-id": place.subnet})
    assert sorted(sorted(group["GroupId"] for group in one["Groups"]) for one in found) == sorted(
        [[place.group], sorted([place.group, group])]
    )
    after = world.ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [place.vpc]}])
    assert after["SecurityGroups"] == groups["SecurityGroups"]


def test_invocations_can_land_in_each_subnet(world: RowWorld) -> None:
    """2.7: one bad subnet of two gives intermittent failures: probe until all were seen."""
    place, _ = world.private()
    bad = world.subnet(place.vpc, "10.0.2.0/24", "b")
    world.table(place.vpc, bad)
    seen = set()
    for _ in range(2):
        function = world.function(place, subnets=[place.subnet, bad])
        for _turn in range(2):
            seen.add(world.ask_one(function, "connect", "198.51.100.7"))
            world.functions.update_function_configuration(FunctionName=function, Timeout=59 - _turn)
            world.functions.get_waiter("function_updated_v2").wait(FunctionName=function)
    assert seen == {"connected", TIMED_OUT}


def test_subnet_and_group_cannot_go_before_the_interface(world: RowWorld) -> None:
    """R66: right after the function's deletion: DependencyViolation for both; once the interface is gone: ok."""
    place = world.isolated()
    function = world.function(place)
    world.functions.delete_function(FunctionName=function)
    with refused("DependencyViolation", f"The subnet '{place.subnet}' has dependencies and cannot be deleted."):
        world.ec2.delete_subnet(SubnetId=place.subnet)
    with refused("DependencyViolation", f"resource {place.group} has a dependent object"):
        world.ec2.delete_security_group(GroupId=place.group)
    eventually(lambda: not world.interfaces(**{"subnet-id": place.subnet}), SECONDS, "the interface's end")
    world.ec2.delete_security_group(GroupId=place.group)
    world.ec2.delete_subnet(SubnetId=place.subnet)


def test_function_can_leave_its_vpc(world: RowWorld) -> None:
    """2.7: empty lists detach: the function has the internet again and its interface goes."""
    place = world.isolated()
    function = world.function(place)
    out = ("connect", "198.51.100.7")
    assert world.ask_one(function, *out) == TIMED_OUT
    world.functions.update_function_configuration(
        FunctionName=function, VpcConfig={"SubnetIds": [], "SecurityGroupIds": []}
    )
    world.functions.get_waiter("function_updated_v2").wait(FunctionName=function)
    assert world.ask_one(function, *out) == "connected"
    config = world.functions.get_function_configuration(FunctionName=function)
    assert not config.get("VpcConfig", {}).get("VpcId")
    eventually(lambda: not world.interfaces(**{"subnet-id": place.subnet}), SECONDS, "the interface's end")


def test_function_can_be_pending_before_it_is_active(world: RowWorld) -> None:
    """2.7: CreateFunction with a VPC answers Pending, Creating; Active follows."""
    place = world.isolated()
    config = {"SubnetIds": [place.subnet], "SecurityGroupIds": [place.group]}
    made = world.functions.create_function(**create(world, VpcConfig=config))
    world.later(world.functions.delete_function, FunctionName=made["FunctionName"])
    assert (made["State"], made["StateReasonCode"]) == ("Pending", "Creating")
    world.functions.get_waiter("function_active_v2").wait(FunctionName=made["FunctionName"])
    assert world.invoke(made["FunctionName"], [1]) == [1]


def test_function_cannot_be_made_with_what_does_not_exist(world: RowWorld) -> None:
    """2.7: the error that EC2 gave, named; nothing is made."""
    place = world.isolated()
    missing = {
        "InvalidGroup.NotFound": ([place.subnet], ["sg-0123456789abcdef0"]),
        "InvalidSubnetID.NotFound": (["subnet-0123456789abcdef0"], [place.group]),
    }
    texts = {
        "InvalidGroup.NotFound": "Error occurred while DescribeSecurityGroups. EC2 Error Code: "
        "InvalidGroup.NotFound. EC2 Error Message: The security group 'sg-0123456789abcdef0' does not exist",
        "InvalidSubnetID.NotFound": "Error occurred while DescribeSubnets. EC2 Error Code: "
        "InvalidSubnetID.NotFound. EC2 Error Message: The subnet ID 'subnet-0123456789abcdef0' does not exist",
    }
    for code, (subnets, groups) in missing.items():
        config = {"SubnetIds": subnets, "SecurityGroupIds": groups}
        with refused("InvalidParameterValueException", texts[code]):
            world.functions.create_function(**create(world, VpcConfig=config))
    assert not world.interfaces(**{"vpc-id": place.vpc})


@pytest.mark.parametrize("attached", [True, False])
def test_environment_can_be_lambdas(world: RowWorld, *, attached: bool) -> None:
    """2.7: the Runtime API's address, the session's credentials, the Region; the same in a VPC and outside."""
    function = world.function(world.isolated() if attached else None)
    found = world.ask_one(function, "environment")
    assert found["AWS_LAMBDA_RUNTIME_API"] == "169.254.100.1:9001"
    assert found["AWS_XRAY_DAEMON_ADDRESS"] == "169.254.100.1:2000"
    assert found["AWS_REGION"] == found["AWS_DEFAULT_REGION"] == "us-east-1"
    assert found["AWS_LAMBDA_FUNCTION_NAME"] == function
    assert found["AWS_LAMBDA_LOG_GROUP_NAME"] == f"/aws/lambda/{function}"
    assert found["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert all(found[name] for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"))


def test_function_can_learn_its_zone(world: RowWorld) -> None:
    """2.7: the metadata endpoint tells the zone's id, hence the subnet; not without the token."""
    place = world.isolated()
    other = world.subnet(place.vpc, "10.0.2.0/24", "b")
    zones = {
        one["ZoneName"]: one["ZoneId"] for one in world.ec2.describe_availability_zones()["AvailabilityZones"]
    }
    for subnet, name in ((place.subnet, "us-east-1a"), (other, "us-east-1b")):
        asks = ("zone",), ("zone", "wrong")
        told, refusal = world.ask(world.function(place, subnets=[subnet]), *asks)
        assert (told, refusal) == (zones[name], "HTTPError: HTTP Error 401: Unauthorized")
    assert world.ask_one(world.function(), "zone") in zones.values()


WHO = """
import boto3
def handler(event, context):
    return boto3.client("sts").get_caller_identity()["Arn"]
"""


def test_function_can_be_its_role(world: RowWorld) -> None:
    """C1: the code's identity is the role's session, named after the function."""
    function = world.function(code=WHO)
    role = world.role.rpartition("/")[2]
    assert world.invoke(function, None) == f"arn:aws:sts::123456789012:assumed-role/{role}/{function}"


def test_naive_probe_can_die_of_the_default_timeout(world: RowWorld) -> None:
    """2.6: default timeout 3 s: Sandbox.Timedout, and the log's REPORT and the function's error say so."""
    place = world.isolated()
    code = "import urllib.request\ndef handler(e, c): urllib.request.urlopen('http://example.com')"
    config = {"SubnetIds": [place.subnet], "SecurityGroupIds": [place.group]}
    made = world.functions.create_function(**create(world, VpcConfig=config, Code={"ZipFile": package(code)}))
    name = made["FunctionName"]
    world.later(world.functions.delete_function, FunctionName=name)
    world.functions.get_waiter("function_active_v2").wait(FunctionName=name)
    assert made["Timeout"] == 3
    answer = world.functions.invoke(FunctionName=name)
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    payload = json.loads(answer["Payload"].read())
    assert payload["errorType"] == "Sandbox.Timedout"
    assert re.fullmatch(
        r"RequestId: [0-9a-f-]{36} Error: Task timed out after 3\.\d\d seconds", payload["errorMessage"]
    )
    eventually(lambda: world.printed(name, "Status: timeout"), SECONDS, "the REPORT line")
