"""NAT instances: hosts that forward once they run; check, group and public address decide the rest."""

from dataclasses import replace
from ipaddress import IPv4Address

from tests.data_plane.networks import Draft, from_range, private_and_public, route
from tests.data_plane.world import TIMED_OUT, World
from vpclab.network.model import TargetKind

HOST = "198.51.100.7"
INSTANCE, PUBLIC = "eni-instance", "203.0.113.30"


def with_nat_instance() -> Draft:
    """A private subnet whose default route leads to a running NAT instance, which has everything it needs."""
    draft = private_and_public()
    draft.group("sg-instance", "vpc-a", ingress=(from_range("10.0.1.0/24"),))
    draft.interface(INSTANCE, "subnet-public", "10.0.9.30", "sg-instance", public=PUBLIC, source_dest_check=False)
    draft.instance("i-nat", INSTANCE)
    draft.routes("rtb-private", route("0.0.0.0/0", TargetKind.NETWORK_INTERFACE, INSTANCE))
    return draft


def test_nat_instance_can_lead_to_the_internet() -> None:
    """The far host sees the instance's public address (R48)."""
    with World(with_nat_instance().network()) as world:
        world.listen("internet", HOST)
        assert world.connect("eni-private", HOST) == PUBLIC
        assert world.ping("eni-private", HOST)


def test_nat_instance_cannot_forward_with_the_check_on() -> None:
    """What is not for the instance's own address is dropped before it (R49)."""
    draft = with_nat_instance()
    draft.interfaces[INSTANCE] = replace(draft.interfaces[INSTANCE], source_dest_check=True)
    with World(draft.network()) as world:
        world.listen("internet", HOST)
        assert world.connect("eni-private", HOST) == TIMED_OUT
        assert world.refusal() == ("address", INSTANCE, "ENI_SOURCE_DEST_CHECK_RESTRICTION")


def test_nat_instance_cannot_forward_for_whom_its_group_does_not_admit() -> None:
    """Its group must let the private subnet in."""
    draft = with_nat_instance()
    draft.group("sg-instance", "vpc-a", ingress=(from_range("10.0.2.0/24"),))
    with World(draft.network()) as world:
        world.listen("internet", HOST)
        assert world.connect("eni-private", HOST) == TIMED_OUT
        assert world.refusal() == ("security-group", "sg-instance", "ENI_SG_RULES_MISMATCH")


def test_nat_instance_cannot_lead_out_without_a_public_address() -> None:
    """What it masquerades has its private address, which the internet gateway does not translate."""
    draft = with_nat_instance()
    draft.interfaces[INSTANCE] = replace(draft.interfaces[INSTANCE], public_ip=None)
    with World(draft.network()) as world:
        world.listen("internet", HOST)
        assert world.connect("eni-private", HOST) == TIMED_OUT
        assert world.refusal() == ("internet-gateway", "igw-a", "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS")


def test_stopped_nat_instance_cannot_forward() -> None:
    """Nothing is behind the interface of an instance that does not run; started again, it forwards again."""
    draft = with_nat_instance()
    with World(draft.network()) as world:
        world.listen("internet", HOST)
        assert world.connect("eni-private", HOST) == PUBLIC
        draft.instance("i-nat", INSTANCE, "stopped")
        world.data_plane.reconcile(draft.network())
        assert world.connect("eni-private", HOST) == TIMED_OUT
        draft.instance("i-nat", INSTANCE)
        world.data_plane.reconcile(draft.network())
        assert world.connect("eni-private", HOST) == PUBLIC


def test_nat_instance_can_change_its_address_for_new_flows() -> None:
    """Another public address holds for the next connection."""
    draft = with_nat_instance()
    with World(draft.network()) as world:
        world.listen("internet", HOST)
        assert world.connect("eni-private", HOST) == PUBLIC
        other = IPv4Address("203.0.113.31")
        draft.interfaces[INSTANCE] = replace(draft.interfaces[INSTANCE], public_ip=other)
        world.data_plane.reconcile(draft.network())
        assert world.connect("eni-private", HOST) == str(other)
