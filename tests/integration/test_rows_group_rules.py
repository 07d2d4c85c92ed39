"""Rows about single rules of security groups: each kind of source, protocol and port, changed under a function."""

from typing import Any

from tests.integration.row_world import CONNECTED, INTERNET_HOST, TIMED_OUT, Gateway, Place, RowWorld

RESOLVER = "198.51.100.53"


def ranges(*blocks: str) -> dict[str, Any]:
    return {"IpRanges": [{"CidrIp": one} for one in blocks]}


def guarded(world: RowWorld) -> tuple[Place, Gateway, str, str]:
    """A place with NAT, and an endpoint in another subnet: its group, which admits nobody, and its address."""
    place, nat = world.private()
    group, subnet = world.group(place.vpc), world.subnet(place.vpc, "10.0.50.0/24")
    [interface] = world.endpoint(place, "ssm", group, subnets=[subnet])["NetworkInterfaceIds"]
    [found] = world.interfaces(**{"network-interface-id": interface})
    return place, nat, group, found["PrivateIpAddress"]


def test_each_kind_of_rule_can_admit_what_it_names(world: RowWorld) -> None:
    """2.3: ranges of every length, ports, protocols, groups and lists; nothing else; revoked, it is over."""
    place, nat, group, address = guarded(world)
    function = world.function(place)
    own = world.interface_of(place)["PrivateIpAddress"]
    listed = world.ec2.create_managed_prefix_list(
        PrefixListName="rows", MaxEntries=2, AddressFamily="IPv4", Entries=[{"Cidr": "10.0.1.0/24"}]
    )["PrefixList"]["PrefixListId"]
    world.later(world.ec2.delete_managed_prefix_list, PrefixListId=listed)
    rules: list[tuple[dict[str, Any], str]] = [
        (ranges(f"{own}/32"), CONNECTED),
        (ranges("10.0.1.250/32"), TIMED_OUT),
        (ranges("0.0.0.0/0"), CONNECTED),
        (ranges("10.0.0.0/8", "10.0.0.0/16", "10.0.1.0/24"), CONNECTED),
        (ranges(f"{nat.public_ip}/32"), TIMED_OUT),
        ({**ranges("10.0.0.0/16"), "FromPort": 400, "ToPort": 500}, CONNECTED),
        ({**ranges("10.0.0.0/16"), "FromPort": 444, "ToPort": 500}, TIMED_OUT),
        ({**ranges("10.0.0.0/16"), "FromPort": 0, "ToPort": 65535}, CONNECTED),
        ({**ranges("10.0.0.0/16"), "FromPort": 0, "ToPort": 0}, TIMED_OUT),
        ({**ranges("10.0.0.0/16"), "IpProtocol": "udp"}, TIMED_OUT),
        ({**ranges("10.0.0.0/16"), "IpProtocol": "icmp", "FromPort": -1, "ToPort": -1}, TIMED_OUT),
        ({"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": place.group}]}, CONNECTED),
        ({"UserIdGroupPairs": [{"GroupId": group}]}, TIMED_OUT),
        ({"PrefixListIds": [{"PrefixListId": listed}]}, CONNECTED),
    ]
    for rule, expected in rules:
        permissions = [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, **rule}]
        world.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=permissions)
        assert world.ask_one(function, "connect", address) == expected, rule
        world.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=permissions)
    assert world.ask_one(function, "connect", address) == TIMED_OUT


def test_rule_changed_by_its_id_can_hold_for_the_next_packet(world: RowWorld) -> None:
    """ModifySecurityGroupRules: another port closes, another range opens, another group is meant."""
    place, _, group, address = guarded(world)
    function, nobody = world.function(place), world.group(place.vpc)
    world.ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, **ranges("10.0.0.0/16")}],
    )
    rules = world.ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
    [by_range] = [one for one in rules["SecurityGroupRules"] if not one["IsEgress"]]

    def change(rule: str, **wanted: object) -> str:
        contents = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, **wanted}
        world.ec2.modify_security_group_rules(
            GroupId=group, SecurityGroupRules=[{"SecurityGroupRuleId": rule, "SecurityGroupRule": contents}]
        )
        return str(world.ask_one(function, "connect", address))

    identifier = by_range["SecurityGroupRuleId"]
    assert world.ask_one(function, "connect", address) == CONNECTED
    assert change(identifier, FromPort=444, ToPort=444, CidrIpv4="10.0.0.0/16") == TIMED_OUT
    assert change(identifier, CidrIpv4="10.0.1.0/24") == CONNECTED
    assert change(identifier, CidrIpv4="10.0.2.0/24") == TIMED_OUT
    permission = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": nobody}]}
    made = world.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    [by_group] = made["SecurityGroupRules"]
    assert world.ask_one(function, "connect", address) == TIMED_OUT
    assert change(by_group["SecurityGroupRuleId"], ReferencedGroupId=place.group) == CONNECTED


def test_egress_can_be_of_one_protocol_to_one_host(world: RowWorld) -> None:
    """2.3: UDP 53 to one resolver on the internet, and neither to another nor by TCP; AWS's lists by their ids."""
    place, _ = world.private()
    group = world.group(place.vpc, egress=False)
    function = world.function(place, groups=[group])
    lists = {
        one["PrefixListName"]: one["PrefixListId"] for one in world.ec2.describe_prefix_lists()["PrefixLists"]
    }
    world.ec2.authorize_security_group_egress(
        GroupId=group,
        IpPermissions=[{"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, **ranges(f"{RESOLVER}/32")}],
    )
    world.admit(group, lists["com.amazonaws.us-east-1.s3"], 443, egress=True)
    one, another, tcp, s3, dynamodb = world.ask(
        function,
        ("ask_resolver", RESOLVER, "example.com"),
        ("ask_resolver", "8.8.8.8", "example.com", 0.6),
        ("connect", INTERNET_HOST),
        ("call", "s3", "list_buckets"),
        ("connect", "dynamodb.us-east-1.amazonaws.com"),
    )
    assert one.startswith("198.51.100.")
    assert "timed out" in another
    assert (tcp, s3, dynamodb) == (TIMED_OUT, 200, TIMED_OUT)
