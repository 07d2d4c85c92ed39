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
