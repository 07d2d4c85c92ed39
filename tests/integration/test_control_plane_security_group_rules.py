"""Single rules of EC2's security groups: by their ids, by their contents, as many as there may be."""

from typing import Any

import pytest

from tests.integration.control_plane_world import ACCOUNT, REGION, World, refused

NOBODY = "sgr-0123456789abcdef0"


def tcp(port: int, *ranges: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - boto3 has no types
    permission: dict[str, Any] = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **more}
    if ranges:
        permission["IpRanges"] = [{"CidrIp": one} for one in ranges]
    return permission


def authorized(here: World, group: str, *permissions: dict[str, Any]) -> list[dict[str, Any]]:
    made = here.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=list(permissions))
    rules: list[dict[str, Any]] = made["SecurityGroupRules"]
    return rules


def described(here: World, rule: str) -> dict[str, Any]:
    [found] = here.ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule])["SecurityGroupRules"]
    return dict(found)


def modify(here: World, group: str, rule: str, **wanted: object) -> None:
    here.ec2.modify_security_group_rules(
        GroupId=group, SecurityGroupRules=[{"SecurityGroupRuleId": rule, "SecurityGroupRule": wanted}]
    )


def test_rule_can_be_changed_by_its_id(here: World) -> None:
    """ModifySecurityGroupRules: ports, source and description, for each kind of source; the network follows."""
    vpc = here.vpc()
    group, first, second = here.group(vpc), here.group(vpc, "first"), here.group(vpc, "second")
    lists = [one["PrefixListId"] for one in here.ec2.describe_prefix_lists()["PrefixLists"]][:2]
    by_range, by_group, by_list = authorized(
        here,
        group,
        tcp(1, "10.0.0.0/8"),
        tcp(2, UserIdGroupPairs=[{"GroupId": first}]),
        tcp(3, PrefixListIds=[{"PrefixListId": lists[0]}]),
    )
    ports = {"IpProtocol": "tcp", "FromPort": 7, "ToPort": 9}
    modify(here, group, by_range["SecurityGroupRuleId"], **ports, CidrIpv4="10.1.0.0/16", Description="new")
    modify(here, group, by_group["SecurityGroupRuleId"], **ports, ReferencedGroupId=second)
    modify(here, group, by_list["SecurityGroupRuleId"], **ports, PrefixListId=lists[1])
    assert described(here, by_range["SecurityGroupRuleId"])["Description"] == "new"
    assert described(here, by_group["SecurityGroupRuleId"])["ReferencedGroupInfo"]["GroupId"] == second
    [fact] = [one for one in here.plane.network().security_groups if one.id == group]
    assert [(rule.from_port, rule.to_port) for rule in fact.ingress] == [(7, 9)] * 3
    assert str(fact.ingress[0].cidr) == "10.1.0.0/16"
    assert (fact.ingress[1].group_id, fact.ingress[2].prefix_list_id) == (second, lists[1])
    here.ec2.delete_security_group(GroupId=first)
    with refused("DependencyViolation", f"resource {second} has a dependent object"):
        here.ec2.delete_security_group(GroupId=second)


def test_rule_cannot_be_changed_into_what_cannot_be(here: World) -> None:
    """Not into another kind of source, another rule of the group, impossible ports, or a foreign group."""
    vpc = here.vpc()
    group, other, foreign = here.group(vpc), here.group(vpc, "other"), here.group(here.vpc("10.1.0.0/16"))
    rule, _, by_group = (
        one["SecurityGroupRuleId"]
        for one in authorized(
            here,
            group,
            tcp(1, "10.0.0.0/8"),
            tcp(2, "10.0.0.0/8"),
            tcp(3, UserIdGroupPairs=[{"GroupId": other}]),
        )
    )
    ports = {"IpProtocol": "tcp", "FromPort": 2, "ToPort": 2}
    refusals: list[tuple[str, str, str, dict[str, object]]] = [
        (rule, "InvalidParameterValue", "for an existing IPv4 CIDR rule", {"ReferencedGroupId": other}),
        (rule, "InvalidPermission.Duplicate", "from port: 2, to port: 2", {"CidrIpv4": "10.0.0.0/8"}),
        (rule, "InvalidParameterValue", "port range", {"CidrIpv4": "10.0.0.0/8", "FromPort": 3}),
        (rule, "MissingParameter", "exactly one of", {}),
        (by_group, "InvalidGroup.NotFound", "different networks", {"ReferencedGroupId": foreign}),
        (NOBODY, "InvalidSecurityGroupRuleId.NotFound", NOBODY, {"CidrIpv4": "10.0.0.0/8"}),
    ]
    before = here.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    for identifier, code, text, wanted in refusals:
        with refused(code, text):
            modify(here, group, identifier, **{**ports, **wanted})
    with refused("InvalidSecurityGroupRuleId.NotFound"):
        modify(here, other, rule, **ports, CidrIpv4="10.0.0.0/8")
    assert here.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"] == before


def test_rule_can_be_described_anew(here: World) -> None:
    """By its contents or its id, whatever its source; both descriptions of a group show it."""
    group = here.group(here.vpc())
    (listed, *_) = here.ec2.describe_prefix_lists()["PrefixLists"]
    source = {"PrefixListId": listed["PrefixListId"]}
    by_range, by_list = authorized(here, group, tcp(1, "10.0.0.0/8"), tcp(2, PrefixListIds=[source]))
    anew = here.ec2.update_security_group_rule_descriptions_ingress
    assert anew(GroupId=group, IpPermissions=[tcp(2, PrefixListIds=[{**source, "Description": "by contents"}])])[
        "Return"
    ]
    anew(
        GroupId=group,
        SecurityGroupRuleDescriptions=[
            {"SecurityGroupRuleId": by_range["SecurityGroupRuleId"], "Description": "by id"}
        ],
    )
    assert described(here, by_range["SecurityGroupRuleId"])["Description"] == "by id"
    assert described(here, by_list["SecurityGroupRuleId"])["Description"] == "by contents"
    [found] = here.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    assert found["IpPermissions"][0]["IpRanges"][0]["Description"] == "by id"
    assert found["IpPermissions"][1]["PrefixListIds"][0]["Description"] == "by contents"
    with refused("InvalidPermission.NotFound"):
        anew(GroupId=group, IpPermissions=[tcp(3, "10.0.0.0/8")])
    with refused("InvalidSecurityGroupRuleId.NotFound"):
        anew(GroupId=group, SecurityGroupRuleDescriptions=[{"SecurityGroupRuleId": NOBODY}])


def test_unknown_rule_can_only_be_revoked_in_a_default_vpc(here: World) -> None:
    """There it is reported back (RevokeSecurityGroupIngress); elsewhere it is an error, and so are unknown ids."""
    group = here.group(here.vpc())
    authorized(here, group, tcp(1, "10.0.0.0/8"))
    with refused("InvalidPermission.NotFound", "does not exist in this security group"):
        here.ec2.revoke_security_group_ingress(
            GroupId=group, IpPermissions=[tcp(1, "10.0.0.0/8"), tcp(2, "10.0.0.0/8")]
        )
    with refused("InvalidSecurityGroupRuleId.NotFound", NOBODY):
        here.ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[NOBODY])
    with refused("MissingParameter"):
        here.ec2.revoke_security_group_ingress(GroupId=group)
    [left] = here.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    assert len(left["IpPermissions"]) == 1
    default = here.ec2.create_security_group(GroupName="of the default VPC", Description="d")["GroupId"]
    authorized(here, default, tcp(1, "10.0.0.0/8"))
    answer = here.ec2.revoke_security_group_ingress(
        GroupName="of the default VPC", IpPermissions=[tcp(1, "10.0.0.0/8"), tcp(2, "10.0.0.0/8")]
    )
    assert [one["FromPort"] for one in answer["RevokedSecurityGroupRules"]] == [1]
    assert [one["FromPort"] for one in answer["UnknownIpPermissions"]] == [2]


def test_group_cannot_have_more_than_sixty_rules_in_a_direction(here: World) -> None:
    """A prefix list counts as its maximum of entries, and does not grow beyond what its rules leave room for."""
    group = here.group(here.vpc())
    authorized(here, group, tcp(1, *(f"10.0.{number}.0/24" for number in range(50))))
    new = {"AddressFamily": "IPv4", "PrefixListName": "own"}
    listed = here.ec2.create_managed_prefix_list(MaxEntries=11, **new)["PrefixList"]["PrefixListId"]
    too_many = [tcp(2, PrefixListIds=[{"PrefixListId": listed}]), tcp(1, *(f"10.1.{n}.0/24" for n in range(11)))]
    for permission in too_many:
        with refused("RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group"):
            authorized(here, group, permission)
    here.ec2.modify_managed_prefix_list(PrefixListId=listed, MaxEntries=10)
    authorized(here, group, too_many[0])
    here.ec2.modify_managed_prefix_list(PrefixListId=listed, MaxEntries=11)
    [found] = here.ec2.describe_managed_prefix_lists(PrefixListIds=[listed])["PrefixLists"]
    assert (found["State"], found["MaxEntries"]) == ("modify-failed", 10)
    assert "maximum number of rules" in found["StateMessage"]
    here.ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[tcp(1, "10.0.0.0/8")])


def test_answer_can_tell_a_rule_in_full(here: World) -> None:
    """Protocols by number or name are one; a rule of every protocol has the ports -1, in the group's list none."""
    group = here.group(here.vpc())
    by_number, everything = authorized(
        here,
        group,
        {"IpProtocol": "6", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "10.0.0.5/8"}]},
        {"IpProtocol": "all", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
    )
    identifier = by_number["SecurityGroupRuleId"]
    arn = f"arn:aws:ec2:{REGION}:{ACCOUNT}:security-group-rule/{identifier}"
    assert (by_number["SecurityGroupRuleArn"], by_number["GroupOwnerId"]) == (arn, ACCOUNT)
    assert (by_number["IpProtocol"], by_number["CidrIpv4"]) == ("tcp", "10.0.0.0/8")
    assert (everything["IpProtocol"], everything["FromPort"], everything["ToPort"]) == ("-1", -1, -1)
    with refused("InvalidPermission.Duplicate"):
        authorized(here, group, tcp(80, "10.0.0.0/8"))
    [found] = here.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    assert [sorted(one) for one in found["IpPermissions"] if one["IpProtocol"] == "-1"] == [
        sorted({"IpProtocol", "IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs"})
    ]


@pytest.mark.parametrize("cidr", ["10.0.0.1", "10.0.0.0/33", "somewhere"])
def test_rule_cannot_name_what_is_no_range(here: World, cidr: str) -> None:
    """A single address needs its /32 (EC2 API, IpRange)."""
    group = here.group(here.vpc())
    with refused("InvalidParameterValue", f"CIDR block {cidr} is malformed"):
        authorized(here, group, tcp(80, cidr))


def test_permission_cannot_be_empty(here: World) -> None:
    """Neither nothing at all, nor no source, nor codes without a type."""
    group = here.group(here.vpc())
    with refused("MissingParameter"):
        here.ec2.authorize_security_group_ingress(GroupId=group)
    with refused("MissingParameter"):
        authorized(here, group, tcp(80))
    ping = {"IpProtocol": "icmp", "FromPort": -1, "ToPort": 5, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    with refused("InvalidParameterValue", "ICMP"):
        authorized(here, group, ping)


@pytest.mark.parametrize(
    ("name", "description", "text"),
    [
        ("sg-own", "d", "Group names may not be in the format sg-*."),
        ("x" * 256, "d", "less than 256 characters"),
        ("own", "é", "Character sets beyond ASCII are not supported."),
        ("own", "it's", "from the following set"),
    ],
)
def test_group_cannot_have_any_name(here: World, name: str, description: str, text: str) -> None:
    """Up to 255 characters of a set, not beginning with sg- (EC2 API, CreateSecurityGroup)."""
    with refused("InvalidParameterValue", text):
        here.ec2.create_security_group(VpcId=here.vpc(), GroupName=name, Description=description)


def test_group_can_only_be_named_in_a_default_vpc(here: World) -> None:
    """By name: "You may not reference Amazon VPC security groups by name"; ids look like ids."""
    here.group(here.vpc(), "named")
    with refused("InvalidParameterValue", "You may not reference Amazon VPC security groups by name"):
        here.ec2.authorize_security_group_ingress(GroupName="named", IpPermissions=[tcp(80, "10.0.0.0/8")])
    with refused("InvalidGroupId.Malformed", 'Invalid id: "named"'):
        here.ec2.delete_security_group(GroupId="named")
    vpc = here.vpc("10.1.0.0/16")
    here.group(vpc, "twice")
    with refused("InvalidGroup.Duplicate", f"The security group 'twice' already exists for VPC '{vpc}'"):
        here.group(vpc, "twice")


def test_groups_of_a_vpc_can_be_listed_for_it(here: World) -> None:
    """GetSecurityGroupsForVpc filters; without peering nothing is stale or refers to another VPC's groups."""
    vpc = here.vpc()
    group = here.group(vpc)
    list_them = here.ec2.get_security_groups_for_vpc
    assert {one["GroupName"] for one in list_them(VpcId=vpc)["SecurityGroupForVpcs"]} >= {"default"}
    [found] = list_them(VpcId=vpc, Filters=[{"Name": "group-id", "Values": [group]}])["SecurityGroupForVpcs"]
    assert (found["PrimaryVpcId"], found["OwnerId"]) == (vpc, ACCOUNT)
    with refused("InvalidVpcID.NotFound"):
        list_them(VpcId="vpc-0123456789abcdef0")
    assert here.ec2.describe_stale_security_groups(VpcId=vpc)["StaleSecurityGroupSet"] == []
    assert here.ec2.describe_security_group_references(GroupId=[group])["SecurityGroupReferenceSet"] == []


def test_groups_can_only_be_described_by_name_in_the_default_vpc(here: World) -> None:
    """GroupNames (DescribeSecurityGroups) are of the default VPC; each VPC has a group named default."""
    here.group(here.vpc(), "elsewhere")
    [default] = here.ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"]
    [vpc] = here.ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    assert default["VpcId"] == vpc["VpcId"]
    text = f"The security group 'elsewhere' does not exist in default VPC '{vpc['VpcId']}'"
    with refused("InvalidGroup.NotFound", text):
        here.ec2.describe_security_groups(GroupNames=["elsewhere"])
