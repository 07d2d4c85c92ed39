"""EC2's security groups: which rules can be, and when a group can go."""

from typing import Any

import pytest

from tests.integration.control_plane_world import World, refused


def test_group_cannot_be_deleted_while_a_rule_names_it(here: World) -> None:
    """A reference from another group is a dependent object; the default group is not the user's to delete."""
    vpc = here.vpc()
    named, naming = here.group(vpc), here.group(vpc, "g")
    here.ec2.authorize_security_group_ingress(
        GroupId=naming, IpPermissions=[{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": named}]}]
    )
    with refused("DependencyViolation", f"resource {named} has a dependent object"):
        here.ec2.delete_security_group(GroupId=named)
    here.ec2.delete_security_group(GroupId=naming)
    here.ec2.delete_security_group(GroupId=named)
    [default] = here.ec2.describe_security_groups(
        Filters=[{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
    )["SecurityGroups"]
    with refused("CannotDelete"):
        here.ec2.delete_security_group(GroupId=default["GroupId"])


def test_rule_cannot_name_a_group_that_does_not_exist(here: World) -> None:
    """InvalidGroup.NotFound; descriptions of group rules are kept."""
    vpc = here.vpc()
    group = here.group(vpc)
    with refused("InvalidGroup.NotFound"):
        here.ec2.authorize_security_group_ingress(
            GroupId=group,
            IpPermissions=[{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-0123456789abcdef0"}]}],
        )
    here.ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group, "Description": "each other"}]}
        ],
    )
    rules = here.ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
    assert {rule.get("Description") for rule in rules["SecurityGroupRules"] if not rule["IsEgress"]} == {
        "each other"
    }


@pytest.mark.parametrize("way", ["ingress", "egress"])
def test_rules_of_every_source_can_live_in_one_group(here: World, way: str) -> None:
    """By range, by group, by prefix list, of equal ports: each is a rule of its own, and revoked by its source."""
    group = here.group(here.vpc())
    (listed, *_) = here.ec2.describe_prefix_lists()["PrefixLists"]
    sources: list[dict[str, Any]] = [
        {"IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
        {"UserIdGroupPairs": [{"GroupId": group}]},
        {"PrefixListIds": [{"PrefixListId": listed["PrefixListId"]}]},
    ]
    permissions = [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, **source} for source in sources]
    authorize = getattr(here.ec2, f"authorize_security_group_{way}")
    revoke = getattr(here.ec2, f"revoke_security_group_{way}")
    for permission in permissions:
        authorize(GroupId=group, IpPermissions=[permission])
        with refused("InvalidPermission.Duplicate"):
            authorize(GroupId=group, IpPermissions=[permission])
    for permission in permissions:
        revoke(GroupId=group, IpPermissions=[permission])
        with refused("InvalidPermission.NotFound"):
            revoke(GroupId=group, IpPermissions=[permission])


def test_rule_can_be_revoked_without_its_description(here: World) -> None:
    """A rule is its protocol, ports and source; adding it again with another description is a duplicate."""
    vpc = here.vpc()
    group, member = here.group(vpc), here.group(vpc, "g")
    port = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432}
    for kind, bare in ("UserIdGroupPairs", {"GroupId": member}), ("IpRanges", {"CidrIp": "10.0.0.0/8"}):
        described = {**port, kind: [{**bare, "Description": "the application"}]}
        here.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[described])
        with refused("InvalidPermission.Duplicate"):
            here.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[{**port, kind: [bare]}])
        here.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[{**port, kind: [bare]}])
        [found] = here.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
        assert found["IpPermissions"] == []


@pytest.mark.parametrize(
    "permission",
    [
        {"IpProtocol": "tcp", "FromPort": 443},
        {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 80},
        {"IpProtocol": "udp", "FromPort": 0, "ToPort": 70000},
        {"IpProtocol": "icmp", "FromPort": 300, "ToPort": -1},
    ],
)
def test_rule_cannot_name_impossible_ports(here: World, permission: dict[str, Any]) -> None:
    """Both ends, in order, of ports that exist."""
    group = here.group(here.vpc())
    with refused("InvalidParameterValue"):
        here.ec2.authorize_security_group_ingress(
            GroupId=group, IpPermissions=[permission | {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        )


def permission(port: int, cidr: str = "198.51.100.0/24") -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": cidr}]}


@pytest.mark.parametrize("way", ["ingress", "egress"])
def test_rules_cannot_be_changed_by_half(here: World, way: str) -> None:
    """A request whose second permission is refused changes nothing; one that succeeds lists all of its rules."""
    group = here.group(here.vpc())
    authorize = getattr(here.ec2, f"authorize_security_group_{way}")
    revoke = getattr(here.ec2, f"revoke_security_group_{way}")
    made = authorize(GroupId=group, IpPermissions=[permission(7), permission(8)])["SecurityGroupRules"]
    assert [rule["FromPort"] for rule in made] == [7, 8]

    def ports() -> list[int]:
        [found] = here.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
        given = found["IpPermissions" if way == "ingress" else "IpPermissionsEgress"]
        return [one["FromPort"] for one in given if "FromPort" in one]

    changes = here.effects.network_changes
    refusals = (
        (authorize, [permission(9), permission(8)], "InvalidPermission.Duplicate", 'to port: 8, ALLOW" already'),
        (authorize, [permission(9), permission(9)], "InvalidParameterValue", "must not appear multiple times"),
        (authorize, [permission(9), permission(70000)], "InvalidParameterValue", "Invalid TCP/UDP port range"),
        (authorize, [permission(9), permission(10, "nonsense")], "InvalidParameterValue", ""),
        (revoke, [permission(8), permission(9)], "InvalidPermission.NotFound", ""),
    )
    for call, permissions, code, text in refusals:
        with refused(code, text):
            call(GroupId=group, IpPermissions=permissions)
        assert ports() == [7, 8]
    assert here.effects.network_changes == changes
    revoke(GroupId=group, IpPermissions=[permission(8), permission(7)])
    assert ports() == []


def test_changed_rules_cannot_be_changed_by_half(here: World) -> None:
    """ModifySecurityGroupRules: when one of them does not exist, the others stay as they were."""
    group = here.group(here.vpc())
    [made] = here.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission(7)])[
        "SecurityGroupRules"
    ]
    wanted = {"IpProtocol": "tcp", "FromPort": 9, "ToPort": 9, "CidrIpv4": "198.51.100.0/24"}
    identifiers = (made["SecurityGroupRuleId"], "sgr-0123456789abcdef0")
    with refused("InvalidSecurityGroupRuleId.NotFound"):
        here.ec2.modify_security_group_rules(
            GroupId=group,
            SecurityGroupRules=[{"SecurityGroupRuleId": one, "SecurityGroupRule": wanted} for one in identifiers],
        )
    [rule] = here.plane.network().security_groups[-1].ingress
    assert rule.from_port == 7


def test_interface_cannot_be_in_any_group(here: World) -> None:
    """Not in one of another VPC, an unknown one, or more than five: when it is made and later."""
    vpc = here.vpc()
    subnet, foreign = here.subnet(vpc), here.group(here.vpc("10.1.0.0/16"))
    six = [here.group(vpc, f"group {number}") for number in range(6)]
    made = here.ec2.create_network_interface(SubnetId=subnet, Groups=six[:5])["NetworkInterface"]
    for groups, code in (
        ([six[0], foreign], "InvalidGroup.NotFound"),
        (["sg-0123456789abcdef0"], "InvalidGroup.NotFound"),
        (six, "SecurityGroupsPerInterfaceLimitExceeded"),
    ):
        with refused(code):
            here.ec2.create_network_interface(SubnetId=subnet, Groups=groups)
        with refused(code):
            here.ec2.modify_network_interface_attribute(
                NetworkInterfaceId=made["NetworkInterfaceId"], Groups=groups
            )
    [found] = here.interfaces(subnet_id=subnet)
    assert {one["GroupId"] for one in found["Groups"]} == set(six[:5])


def test_group_cannot_be_made_of_what_does_not_fit(here: World) -> None:
    """Unknown VPCs, names that are taken, and the name of the default group."""
    with refused("InvalidVpcID.NotFound"):
        here.group("vpc-0123456789abcdef0")
    vpc = here.vpc()
    here.group(vpc)
    with refused("InvalidGroup.Duplicate"):
        here.group(vpc)
    with refused("InvalidParameterValue", "Cannot use reserved security group name: default"):
        here.group(vpc, "default")
