"""AWS route tables as kernel routing tables: which route counts, and what it leads to."""

from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data_plane.networks import Draft, private_and_public, route
from vpclab.localcloud.data_plane.route_table import kernel_routes
from vpclab.localcloud.data_plane.vpc_facts import facts_by_vpc
from vpclab.network.model import Route, RouteState, RouteTable, RouteTarget, TargetKind

EVERYWHERE = "0.0.0.0/0"


def routed(draft: Draft, *routes: Route) -> dict[str, tuple[str, str | None]]:
    """Compile these routes and return kind and link by destination."""
    draft.routes("rtb-private", *routes)
    facts = facts_by_vpc(draft.network(), draft.interfaces)["vpc-a"]
    found = kernel_routes(draft.tables["rtb-private"], 5000, facts)
    assert len({one.destination for one in found}) == len(found)
    return {str(one.destination): (one.kind.value, one.link) for one in found}


@pytest.mark.parametrize(
    ("kind", "target", "link"),
    [
        (TargetKind.INTERNET_GATEWAY, "igw-a", "igw"),
        (TargetKind.INTERNET_GATEWAY, "igw-elsewhere", "x-blackhole"),
        (TargetKind.NAT_GATEWAY, "nat-a", "e-nat-a"),
        (TargetKind.NAT_GATEWAY, "nat-gone", "x-blackhole"),
        (TargetKind.NETWORK_INTERFACE, "eni-public", "e-public"),
        (TargetKind.NETWORK_INTERFACE, "eni-gone", "x-blackhole"),
        (TargetKind.GATEWAY_ENDPOINT, "vpce-gone", "x-blackhole"),
    ],
)
def test_route_can_lead_to_what_is_there(kind: TargetKind, target: str, link: str) -> None:
    """A target of this VPC is a link; one that is not there, or not this VPC's, a blackhole."""
    assert routed(private_and_public(), route(EVERYWHERE, kind, target))[EVERYWHERE] == ("unicast", link)


def test_table_without_a_default_route_can_still_answer() -> None:
    """What no route matches has a link of its own; local and link-local ranges are the main table's."""
    assert routed(private_and_public()) == {
        "10.0.0.0/16": ("throw", None),
        "169.254.0.0/16": ("throw", None),
        EVERYWHERE: ("unicast", "x-no-route"),
    }


def test_blackhole_can_keep_its_destination() -> None:
    """A route in state blackhole stays in the table, even where its target exists."""
    dead = route("198.51.100.0/24", TargetKind.NAT_GATEWAY, "nat-a", RouteState.BLACKHOLE)
    assert routed(private_and_public(), dead)["198.51.100.0/24"] == ("unicast", "x-blackhole")


def test_static_route_can_win_whatever_the_order() -> None:
    """Of one destination the static route counts, not the prefix list's."""
    draft = private_and_public()
    draft.gateway_endpoint("vpce-s3", "vpc-a")
    static = route("192.0.2.128/26", TargetKind.INTERNET_GATEWAY, "igw-a")
    listed = route("pl-s3", TargetKind.GATEWAY_ENDPOINT, "vpce-s3")
    assert routed(draft, static, listed)["192.0.2.128/26"] == ("unicast", "igw")
    assert routed(draft, listed, static)["192.0.2.128/26"] == ("unicast", "igw")
    assert routed(draft, listed)["192.0.2.128/26"] == ("unicast", "g-s3")


def test_local_range_can_be_routed_to_an_interface() -> None:
    """The local route's target may be replaced, and longer routes may lead to a middlebox."""
    found = routed(private_and_public(), route("10.0.0.0/16", TargetKind.NETWORK_INTERFACE, "eni-public"))
    assert found["10.0.0.0/16"] == ("unicast", "e-public")
    found = routed(private_and_public(), route("10.0.9.0/24", TargetKind.NETWORK_INTERFACE, "eni-public"))
    assert (found["10.0.0.0/16"][0], found["10.0.9.0/24"]) == ("throw", ("unicast", "e-public"))


@given(
    st.lists(
        st.tuples(
            st.integers(0, 32).flatmap(
                lambda length: st.integers(0, 2**32 - 1).map(
                    lambda number: IPv4Network((number >> (32 - length) << (32 - length), length))
                )
            ),
            st.sampled_from(["igw-a", "igw-elsewhere"]),
        ),
        unique_by=lambda pair: pair[0],
        max_size=8,
    ),
    st.integers(0, 2**32 - 1).map(IPv4Address),
)
def test_longest_prefix_can_decide_for_every_destination(
    routes: list[tuple[IPv4Network, str]], destination: IPv4Address
) -> None:
    """For each address the kernel's longest match is the AWS table's longest match."""
    draft = private_and_public()
    rows = tuple(Route(RouteTarget(TargetKind.INTERNET_GATEWAY, target), block) for block, target in routes)
    facts = facts_by_vpc(draft.network(), draft.interfaces)["vpc-a"]
    found = kernel_routes(RouteTable("rtb-x", "vpc-a", rows), 5000, facts)
    best = max((one for one in found if destination in one.destination), key=lambda one: one.destination.prefixlen)
    matching = [(block, target) for block, target in routes if destination in block]
    own = [block for block in (IPv4Network("10.0.0.0/16"), IPv4Network("169.254.0.0/16")) if destination in block]
    longest = max((block.prefixlen for block, _ in matching), default=-1)
    if own and longest < 16:
        assert best.kind == "throw"
    elif matching:
        target = next(target for block, target in matching if block.prefixlen == longest)
        assert best.link == ("igw" if target == "igw-a" else "x-blackhole")
    else:
        assert best.link == "x-no-route"
