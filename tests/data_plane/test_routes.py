"""Route tables."""

from dataclasses import replace

from tests.data_plane.networks import Draft, private_and_public, route, two_subnets
from tests.data_plane.world import TIMED_OUT, World, says
from vpclab.network.model import RouteState, TargetKind

IGW = TargetKind.INTERNET_GATEWAY
INTERNET_HOST = "198.51.100.7"


def public_host() -> Draft:
    """A host with a public address, whose main table leads to the internet."""
    draft = two_subnets()
    draft.internet_gateway("igw-a", "vpc-a")
    draft.routes("rtb-vpc-a", route("0.0.0.0/0", IGW, "igw-a"))
    draft.interface("eni-left", "subnet-left", "10.0.1.10", public="203.0.113.7")
    return draft


def test_subnet_without_a_route_cannot_send_there() -> None:
    """What no route matches is dropped by the VPC's router, in silence, and the route table is named."""
    with World(two_subnets().network()) as world:
        world.listen("internet", INTERNET_HOST)
        assert world.connect("eni-left", INTERNET_HOST) == TIMED_OUT
        drop = world.drop()
        assert (drop.kind, drop.component, drop.code) == ("route-table", "rtb-vpc-a", "NO_ROUTE_TO_DESTINATION")
        assert (drop.interface_id, drop.source, drop.protocol) == ("eni-left", "10.0.1.10", "tcp")


def test_subnet_without_an_association_can_use_the_main_table() -> None:
    """A subnet that no table names uses the main one; an explicit table takes its place at once."""
    draft = public_host()
    with World(draft.network()) as world:
        world.listen("internet", INTERNET_HOST)
        assert world.connect("eni-left", INTERNET_HOST) == "203.0.113.7"
        draft.table("rtb-isolated", "vpc-a")
        draft.tables["rtb-isolated"] = replace(draft.tables["rtb-isolated"], subnet_ids=("subnet-left",))
        world.reconcile(draft.network())
        assert world.connect("eni-left", INTERNET_HOST) == TIMED_OUT
        assert world.drop().component == "rtb-isolated"
        del draft.tables["rtb-isolated"]
        world.reconcile(draft.network())
        assert world.connect("eni-left", INTERNET_HOST) == "203.0.113.7"


def test_blackhole_can_win_over_a_shorter_route() -> None:
    """A blackhole route still wins its match and drops; nothing falls through to a shorter route."""
    draft = public_host()
    dead = route("198.51.100.0/24", TargetKind.NAT_GATEWAY, "nat-gone", RouteState.BLACKHOLE)
    draft.routes("rtb-vpc-a", route("0.0.0.0/0", IGW, "igw-a"), dead)
    with World(draft.network()) as world:
        world.listen("internet", INTERNET_HOST)
        world.listen("internet", "192.0.2.7")
        assert world.connect("eni-left", INTERNET_HOST) == TIMED_OUT
        assert world.refusal() == ("route-table", "rtb-vpc-a", "BAD_STATE_ROUTE")
        assert world.connect("eni-left", "192.0.2.7") == "203.0.113.7"


def test_longer_route_can_win_over_the_default_route() -> None:
    """The longest matching prefix decides, whatever its target."""
    draft = private_and_public()
    draft.routes(
        "rtb-private",
        route("0.0.0.0/0", TargetKind.NAT_GATEWAY, "nat-a"),
        route("198.51.100.0/25", IGW, "igw-a"),
    )
    with World(draft.network()) as world:
        world.listen("internet", "198.51.100.7")
        world.listen("internet", "198.51.100.200")
        assert world.connect("eni-private", "198.51.100.200") == "203.0.113.9"
        assert world.connect("eni-private", "198.51.100.7") == TIMED_OUT
        assert world.refusal() == ("internet-gateway", "igw-a", "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS")


def test_route_to_a_gateway_that_is_not_attached_cannot_carry_anything() -> None:
    """A route to an internet gateway that is not attached to this VPC is as good as a blackhole."""
    draft = public_host()
    draft.gateways["igw-a"] = replace(draft.gateways["igw-a"], vpc_id=None)
    with World(draft.network()) as world:
        world.listen("internet", INTERNET_HOST)
        assert world.connect("eni-left", INTERNET_HOST) == TIMED_OUT
        assert world.refusal() == ("route-table", "rtb-vpc-a", "BAD_STATE_ROUTE")
        draft.internet_gateway("igw-a", "vpc-a")
        world.reconcile(draft.network())
        assert world.connect("eni-left", INTERNET_HOST) == "203.0.113.7"


def test_route_change_can_reach_the_next_packet() -> None:
    """A route that is taken away stops the next packet, of established connections too; put back, it goes on."""
    draft = public_host()
    with World(draft.network()) as world:
        world.listen("internet", INTERNET_HOST)
        connection = world.connection("eni-left", INTERNET_HOST)
        assert connection.recv(64) == b"203.0.113.7\n"
        draft.routes("rtb-vpc-a")
        world.reconcile(draft.network())
        assert says(connection, "one") == TIMED_OUT
        assert world.connect("eni-left", INTERNET_HOST) == TIMED_OUT
        draft.routes("rtb-vpc-a", route("0.0.0.0/0", IGW, "igw-a"))
        world.reconcile(draft.network())
        assert world.connect("eni-left", INTERNET_HOST) == "203.0.113.7"


def test_address_that_nothing_has_cannot_answer() -> None:
    """Within the VPC an address that no interface has is silent, in one's own subnet as in another."""
    with World(two_subnets().network()) as world:
        assert world.connect("eni-left", "10.0.1.99") == TIMED_OUT
        assert world.refusal() == ("address", "vpc-a", "ADDRESS_NOT_IN_USE")
        assert world.connect("eni-left", "10.0.77.1") == TIMED_OUT
        assert world.connect("eni-left", "169.254.169.254", 80) == TIMED_OUT
        assert world.refusal() == ("address", "vpc-a", "ADDRESS_NOT_IN_USE")


def test_secondary_range_can_be_reached_through_the_local_route() -> None:
    """A VPC may have several ranges; local routes cover all of them."""
    draft = Draft()
    draft.vpc("vpc-a", "10.0.0.0/16", "100.64.0.0/16")
    draft.subnet("subnet-left", "vpc-a", "10.0.1.0/24")
    draft.subnet("subnet-right", "vpc-a", "100.64.1.0/24")
    draft.interface("eni-left", "subnet-left", "10.0.1.10")
    draft.interface("eni-right", "subnet-right", "100.64.1.10")
    with World(draft.network()) as world:
        world.listen("eni-right", "100.64.1.10")
        assert world.connect("eni-left", "100.64.1.10") == "10.0.1.10"
        assert world.connect("eni-left", "100.64.1.11") == TIMED_OUT
        assert world.refusal() == ("address", "vpc-a", "ADDRESS_NOT_IN_USE")


def test_vpcs_with_one_range_can_stand_side_by_side() -> None:
    """Two VPCs may have the same range; neither reaches the other's hosts."""
    draft = two_subnets()
    draft.vpc("vpc-b")
    draft.subnet("subnet-b-left", "vpc-b", "10.0.1.0/24")
    draft.subnet("subnet-b-right", "vpc-b", "10.0.2.0/24")
    draft.interface("eni-b-left", "subnet-b-left", "10.0.1.10")
    draft.interface("eni-b-right", "subnet-b-right", "10.0.2.20")
    with World(draft.network()) as world:
        world.listen("eni-right", "10.0.2.10")
        world.listen("eni-b-right", "10.0.2.20")
        assert world.connect("eni-left", "10.0.2.10") == "10.0.1.10"
        assert world.connect("eni-b-left", "10.0.2.20") == "10.0.1.10"
        assert world.connect("eni-left", "10.0.2.20") == TIMED_OUT
        assert world.connect("eni-b-left", "10.0.2.10") == TIMED_OUT


def test_hosts_of_another_vpc_could_be_reached_if_they_had_one_router() -> None:
    """The same attempts, with the same groups and addresses in one VPC: only the router of its own held them."""
    draft = two_subnets()
    draft.interface("eni-b-left", "subnet-left", "10.0.1.20")
    draft.interface("eni-b-right", "subnet-right", "10.0.2.20")
    with World(draft.network()) as world:
        world.listen("eni-right", "10.0.2.10")
        world.listen("eni-b-right", "10.0.2.20")
        assert world.connect("eni-left", "10.0.2.20") == "10.0.1.10"
        assert world.connect("eni-b-left", "10.0.2.10") == "10.0.1.20"
