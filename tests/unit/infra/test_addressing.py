"""CIDR arithmetic: which ranges are accepted, and how a VPC's range is carved."""

from ipaddress import IPv4Network
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.addressing import CARVED_TIERS, carve, subnet_problems, usable_addresses, vpc_problems

CARVABLE = st.builds(
    lambda base, prefix: IPv4Network((0x0A000000 | base, prefix), strict=False),
    st.integers(0, 2**24 - 1),
    st.integers(16, 24),
)
ZONES = st.integers(2, 4)


@given(CARVABLE, ZONES)
def test_vpc_can_be_carved_without_overlaps(vpc: IPv4Network, zones: int) -> None:
    """Every subnet of every tier lies in the VPC, apart from all others, and AWS accepts its size."""
    tiers = {tier: carve(vpc, tier, zones) for tier in CARVED_TIERS}
    assert not list(vpc_problems(vpc))
    assert not list(subnet_problems(vpc, tiers, zones))
    assert all(len(ranges) == zones for ranges in tiers.values())


@given(CARVABLE, st.sampled_from(CARVED_TIERS))
def test_another_zone_cannot_move_a_subnet(vpc: IPv4Network, tier: str) -> None:
    """Adding a zone adds a range and leaves the others where they are, so nothing is replaced."""
    assert carve(vpc, tier, 3)[:2] == carve(vpc, tier, 2)


@given(CARVABLE)
def test_carving_can_leave_a_quarter_free(vpc: IPv4Network) -> None:
    """The last quarter of the VPC belongs to no tier, even with four zones."""
    spare = list(vpc.subnets(prefixlen_diff=2))[-1]
    assert not any(subnet.overlaps(spare) for tier in CARVED_TIERS for subnet in carve(vpc, tier, 4))


@given(st.integers(25, 28))
def test_small_vpc_cannot_be_carved(prefix: int) -> None:
    """The parts would be smaller than /28, which AWS refuses."""
    with pytest.raises(ValueError, match="too small to carve"):
        carve(IPv4Network(f"10.0.0.0/{prefix}"), "public", 2)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("10.0.0.0/15", "not between /16 and /28"),
        ("10.0.0.0/29", "not between /16 and /28"),
        ("8.8.0.0/16", "not a private range"),
        ("172.32.0.0/16", "not a private range"),
    ],
)
def test_unfit_vpc_range_can_be_told(text: str, told: str) -> None:
    """Size and privacy of the range, as the VPC user guide has them."""
    (problem,) = vpc_problems(IPv4Network(text))
    assert told in problem


@given(CARVABLE, st.data())
def test_overlap_can_be_told(vpc: IPv4Network, data: st.DataObject) -> None:
    """Two tiers that share an address are named, both of them."""
    parts = list(vpc.subnets(prefixlen_diff=4))
    public = data.draw(st.sampled_from(parts))
    problems = list(subnet_problems(vpc, {"public": [public], "function": [public]}, 1))
    assert problems == [f"public subnet {public} overlaps function subnet {public}"]


@given(CARVABLE)
def test_subnet_outside_the_vpc_can_be_told(vpc: IPv4Network) -> None:
    """A subnet's range is a part of the VPC's."""
    stray = IPv4Network("192.168.0.0/24")
    assert any("not inside" in problem for problem in subnet_problems(vpc, {"public": [stray]}, 1))


def test_missing_zone_can_be_told() -> None:
    """One range per zone, no more and no fewer."""
    vpc = IPv4Network("10.0.0.0/16")
    (problem,) = subnet_problems(vpc, {"public": [IPv4Network("10.0.0.0/24")]}, 2)
    assert "1 ranges for 2 zones" in problem


def test_addresses_can_be_counted_without_reserved_ones() -> None:
    """AWS keeps five addresses of each subnet."""
    assert usable_addresses(IPv4Network("10.0.0.0/28")) == 11


def test_carved_ranges_can_be_written_down() -> None:
    """The default VPC's plan."""
    vpc = IPv4Network("10.20.0.0/16")
    assert [str(one) for tier in CARVED_TIERS for one in carve(vpc, tier, 2)] == [
        *("10.20.0.0/20", "10.20.16.0/20"),
        *("10.20.64.0/20", "10.20.80.0/20"),
        *("10.20.128.0/20", "10.20.144.0/20"),
    ]
    assert not any(a.overlaps(b) for a, b in combinations([s for t in CARVED_TIERS for s in carve(vpc, t, 4)], 2))
