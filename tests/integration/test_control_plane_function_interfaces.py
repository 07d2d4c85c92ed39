"""Lambda's side of a VPC: what is checked before a function is in one, and the life of its interfaces."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.deadline import eventually
from tests.integration.control_plane_world import ACCOUNT, BASIC, REGION, VPC_ACCESS, World, refused

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"


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


def test_interface_cannot_go_where_its_role_went_first(here: World, network: tuple[str, list[str], str]) -> None:
    """Lambda deletes interfaces with the role: gone before the function, they stay, until it is there again."""
    _, subnets, group = network
    iam = here.client("iam")
    gone = here.role("gone", VPC_ACCESS)
    here.function("f", gone, subnets[:1], [group])
    here.function("g", here.role("r", VPC_ACCESS), subnets[1:], [group])
    iam.detach_role_policy(RoleName="gone", PolicyArn=VPC_ACCESS)
    iam.delete_role(RoleName="gone")
    for name in ("f", "g"):
        here.functions.delete_function(FunctionName=name)
    eventually(lambda: len(here.interfaces(interface_type="lambda")) == 1, 10, "the other one is gone")
    [left] = here.interfaces(interface_type="lambda")
    assert (left["SubnetId"], left["Status"]) == (subnets[0], "in-use")
    with refused("DependencyViolation"):
        here.ec2.delete_subnet(SubnetId=subnets[0])
    here.role("gone")
    eventually(lambda: not here.interfaces(interface_type="lambda"), 10, "it is gone as well")


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
    nowhere = {"SubnetIds": [], "SecurityGroupIds": [], "VpcId": "", "Ipv6AllowedForDualStack": False}
    told = here.functions.get_function_configuration(FunctionName="f")
    assert left["VpcConfig"] == told["VpcConfig"] == nowhere
    assert "VpcConfig" not in here.function("g", f"arn:aws:iam::{ACCOUNT}:role/r")
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
            "ValidationException",
            "less than or equal to 5",
        ),
        "too many subnets": (
            (able, [f"subnet-{number}" for number in range(17)], [group]),
            "ValidationException",
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
