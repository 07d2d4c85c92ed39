"""Each refused row names who refused it, in the words of Reachability Analyzer where it has one (S9)."""

import json
import time
import urllib.request
from collections.abc import Callable

import pytest

from tests.deadline import eventually
from tests.integration.row_world import INTERNET_HOST, TIMED_OUT, Place, RowWorld

Refusal = tuple[str, str, str]


def no_route(world: RowWorld) -> tuple[Place, Refusal]:
    place = world.isolated()
    return place, ("route-table", place.table, "NO_ROUTE_TO_DESTINATION")


def no_public_address(world: RowWorld) -> tuple[Place, Refusal]:
    place, gateway = world.public()
    return place, ("internet-gateway", gateway, "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS")


def no_rules(world: RowWorld) -> tuple[Place, Refusal]:
    place, _ = world.private()
    group = world.group(place.vpc, egress=False)
    return Place(place.vpc, place.subnet, place.table, group), ("security-group", group, "SG_HAS_NO_RULES")


def other_rules(world: RowWorld) -> tuple[Place, Refusal]:
    place, refusal = no_rules(world)
    world.admit(place.group, "0.0.0.0/0", 5432, egress=True)
    return place, (*refusal[:2], "ENI_SG_RULES_MISMATCH")


def blackhole(world: RowWorld) -> tuple[Place, Refusal]:
    place, nat = world.private()
    world.delete_nat(nat.id)
    return place, ("route-table", place.table, "BAD_STATE_ROUTE")


def private_nat_subnet(world: RowWorld) -> tuple[Place, Refusal]:
    place, nat = world.private()
    world.ec2.delete_route(RouteTableId=nat.table, DestinationCidrBlock="0.0.0.0/0")
    return place, ("route-table", nat.table, "NO_ROUTE_TO_DESTINATION")


def acl(world: RowWorld) -> tuple[Place, Refusal]:
    place, _ = world.private()
    (found,) = world.ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [place.vpc]}])["NetworkAcls"]
    identifier: str = found["NetworkAclId"]
    world.ec2.create_network_acl_entry(
        NetworkAclId=identifier,
        RuleNumber=1,
        Egress=True,
        RuleAction="deny",
        Protocol="-1",
        CidrBlock="198.51.100.0/24",
    )
    return place, ("network-acl", identifier, "SUBNET_ACL_RESTRICTION")


ROWS: dict[str, Callable[[RowWorld], tuple[Place, Refusal]]] = {
    "R09": no_route,
    "R03": no_public_address,
    "R27": no_rules,
    "R28": other_rules,
    "R43": blackhole,
    "R39": private_nat_subnet,
    "2.4": acl,
}


def refusals(world: RowWorld, since: float, interface: str) -> set[Refusal]:
    """Who refused what that interface sent to the internet host since then, wherever that was."""
    query = f"since={since}&interface={interface}"
    with urllib.request.urlopen(f"{world.clients.endpoint}/_vpclab/drops?{query}") as answer:  # noqa: S310
        drops = json.load(answer)["drops"]
    return {
        (drop["kind"], drop["component"], drop["code"]) for drop in drops if drop["destination"] == INTERNET_HOST
    }


@pytest.mark.parametrize("row", ROWS)
def test_refusing_component_can_be_named(world: RowWorld, row: str) -> None:
    """R03, R09, R27, R28, R39, R43 and an ACL: the packet's refusal names the component and why.

    R67: in the words that Reachability Analyzer has for it. It is found by the function's interface, also where a
    NAT gateway has translated the packet before it was refused.
    """
    place, refusal = ROWS[row](world)
    function = world.function(place)
    interface = world.interface_of(place)["NetworkInterfaceId"]
    since = time.time()
    assert world.ask_one(function, "connect", INTERNET_HOST) == TIMED_OUT
    eventually(lambda: refusal in refusals(world, since, interface), 10, f"{refusal} among the refusals")
    assert refusals(world, since, interface) == {refusal}
