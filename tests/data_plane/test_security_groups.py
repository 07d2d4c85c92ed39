"""Security groups, between two hosts."""

from tests.data_plane.networks import from_group, from_range, two_subnets
from tests.data_plane.world import TIMED_OUT, World


def test_host_can_reach_another_subnet_through_the_local_route() -> None:
    """The local route covers the VPC's range; open groups and ACLs let a host reach another."""
    with World(two_subnets().network()) as world:
        world.listen("eni-right", "10.0.2.10")
        assert world.connect("eni-left", "10.0.2.10") == "10.0.1.10"


def test_group_can_admit_a_port_and_refuse_another() -> None:
    """A group admits what a rule of it names; the rest is dropped, and the group is named."""
    draft = two_subnets()
    draft.group("sg-vpc-a", "vpc-a", ingress=(from_range("10.0.1.0/24", "tcp", 443),))
    with World(draft.network()) as world:
        world.listen("eni-right", "10.0.2.10", 443)
        world.listen("eni-right", "10.0.2.10", 5432)
        assert world.connect("eni-left", "10.0.2.10", 443) == "10.0.1.10"
        assert world.connect("eni-left", "10.0.2.10", 5432) == TIMED_OUT
        drop = world.refused()
        assert (drop.kind, drop.component, drop.code) == ("security-group", "sg-vpc-a", "ENI_SG_RULES_MISMATCH")
        assert (drop.interface_id, drop.destination_port, drop.vpc_id) == ("eni-right", 5432, "vpc-a")
