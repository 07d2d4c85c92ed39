"""Rows about network ACLs that change under a function: entries, associations, and the default one."""

from typing import Any

from tests.integration.row_cloud import refused
from tests.integration.row_world import CONNECTED, INTERNET_HOST, TIMED_OUT, RowWorld

NEIGHBOUR, RESOLVER = "198.51.100.8", "198.51.100.53"
EPHEMERAL = {"From": 1024, "To": 65535}


def test_acl_can_change_under_a_function(world: RowWorld) -> None:
    """2.4: deny before allow, replaced and deleted entries, protocols, sources: each for the next packet."""
    place, _ = world.private()
    function = world.function(place)
    acl = world.ec2.create_network_acl(VpcId=place.vpc)["NetworkAcl"]["NetworkAclId"]
    world.later(world.ec2.delete_network_acl, NetworkAclId=acl)
    default = _acl_of(world, place.subnet)

    def entry(number: int, action: str = "allow", *, egress: bool = False, **more: Any) -> dict[str, Any]:  # noqa: ANN401
        usual = {"NetworkAclId": acl, "RuleNumber": number, "RuleAction": action, "Egress": egress}
        return {**usual, "Protocol": "-1", "CidrBlock": "0.0.0.0/0", **more}

    create, https = world.ec2.create_network_acl_entry, ("connect", INTERNET_HOST)
    port: dict[str, Any] = {"Protocol": "6", "PortRange": {"From": 443, "To": 443}}
    create(**entry(100, "deny", egress=True, **port))
    create(**entry(200, egress=True))
    create(**entry(100))
    _associate(world, place.subnet, acl)
    with refused("DependencyViolation", f"The networkAcl '{acl}' has dependencies and cannot be deleted."):
        world.ec2.delete_network_acl(NetworkAclId=acl)
    assert world.ask(function, https, ("connect", INTERNET_HOST, 80)) == [TIMED_OUT, CONNECTED]
    world.ec2.replace_network_acl_entry(**entry(100, egress=True, **port))
    assert world.ask_one(function, *https) == CONNECTED
    world.ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=100, Egress=False)
    assert world.ask_one(function, *https) == TIMED_OUT
    create(**entry(100, Protocol="6", PortRange=EPHEMERAL))
    outside = ("ask_resolver", RESOLVER, "example.com", 0.6)
    tcp, udp, inside = world.ask(function, https, outside, ("resolve", "example.com"))
    assert (tcp, "timed out" in udp, type(inside)) == (CONNECTED, True, list)
    create(**entry(110, Protocol="udp", PortRange=EPHEMERAL, CidrBlock=f"{RESOLVER}/24"))
    assert world.ask_one(function, *outside).startswith("198.51.100.")
    create(**entry(50, "deny", CidrBlock=f"{INTERNET_HOST}/32"))
    assert world.ask(function, https, ("connect", NEIGHBOUR)) == [TIMED_OUT, CONNECTED]
    _associate(world, place.subnet, default)
    assert world.ask_one(function, *https) == CONNECTED
    everything = {**entry(100, egress=True), "NetworkAclId": default}
    world.ec2.delete_network_acl_entry(NetworkAclId=default, RuleNumber=100, Egress=True)
    assert world.ask_one(function, *https) == TIMED_OUT
    create(**everything)
    assert world.ask_one(function, *https) == CONNECTED


def _association(world: RowWorld, subnet: str) -> dict[str, Any]:
    found = world.ec2.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])
    [one] = [one for acl in found["NetworkAcls"] for one in acl["Associations"] if one["SubnetId"] == subnet]
    return dict(one)


def _acl_of(world: RowWorld, subnet: str) -> str:
    return str(_association(world, subnet)["NetworkAclId"])


def _associate(world: RowWorld, subnet: str, acl: str) -> None:
    world.ec2.replace_network_acl_association(
        AssociationId=_association(world, subnet)["NetworkAclAssociationId"], NetworkAclId=acl
    )
