"""CIDR arithmetic: which ranges AWS accepts, and how a VPC's range is carved into subnets.

Pure functions over ``ipaddress``; IPv4 only. Sources: "VPC CIDR blocks" and "Subnet CIDR blocks" in the Amazon VPC
user guide (https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html, subnet-sizing.html).
"""

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Network
from itertools import combinations

LARGEST_PREFIX_LENGTH = 28
SMALLEST_PREFIX_LENGTH = 16
"""A VPC and a subnet are between /16 and /28, says the user guide."""

PRIVATE_RANGES = tuple(
    IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)
"""RFC 1918 and RFC 6598. The guide recommends them; an internet gateway drops traffic to such destinations."""

RESERVED_ADDRESSES = 5
"""AWS keeps the first four addresses of a subnet and the last one."""

CARVED_BITS = 4
ZONES_PER_TIER = 4
CARVED_TIERS = ("public", "function", "database")
"""A VPC is carved into sixteenths: four for each tier, and a quarter of the VPC stays free to grow into."""


def usable_addresses(subnet: IPv4Network) -> int:
    """How many network interfaces fit into ``subnet``."""
    return subnet.num_addresses - RESERVED_ADDRESSES


def carve(vpc: IPv4Network, tier: str, zones: int) -> tuple[IPv4Network, ...]:
    """Return one range per zone for ``tier``.

    The place of a range depends on its tier and zone alone, so another zone moves no subnet that is there.

    Raises:
        ValueError: the parts of ``vpc`` would be smaller than AWS allows, or there is no room for so many zones.
    """
    if vpc.prefixlen + CARVED_BITS > LARGEST_PREFIX_LENGTH:
        raise ValueError(
            f"{vpc} is too small to carve subnets from: "
            f"it needs a prefix of at most /{LARGEST_PREFIX_LENGTH - CARVED_BITS}"
        )
    if not 0 < zones <= ZONES_PER_TIER:
        raise ValueError(f"subnets are carved for 1 to {ZONES_PER_TIER} zones, not for {zones}")
    parts = tuple(vpc.subnets(prefixlen_diff=CARVED_BITS))
    first = CARVED_TIERS.index(tier) * ZONES_PER_TIER
    return parts[first : first + zones]


def vpc_problems(vpc: IPv4Network) -> Iterator[str]:
    """Say why ``vpc`` cannot be, or should not be, the range of a VPC."""
    if not SMALLEST_PREFIX_LENGTH <= vpc.prefixlen <= LARGEST_PREFIX_LENGTH:
        yield f"{vpc} is not between /{SMALLEST_PREFIX_LENGTH} and /{LARGEST_PREFIX_LENGTH}, which AWS asks for"
    if not any(vpc.subnet_of(private) for private in PRIVATE_RANGES):
        yield f"{vpc} is not a private range ({', '.join(map(str, PRIVATE_RANGES))})"


def subnet_problems(vpc: IPv4Network, tiers: Mapping[str, Sequence[IPv4Network]], zones: int) -> Iterator[str]:
    """Say what is wrong with the subnets' ranges: number, size, place in ``vpc``, overlaps among them."""
    for tier, ranges in tiers.items():
        if len(ranges) != zones:
            yield f"the {tier} tier has {len(ranges)} ranges for {zones} zones: give one per zone"
        for subnet in ranges:
            if not SMALLEST_PREFIX_LENGTH <= subnet.prefixlen <= LARGEST_PREFIX_LENGTH:
                yield (
                    f"{tier} subnet {subnet} is not between "
                    f"/{SMALLEST_PREFIX_LENGTH} and /{LARGEST_PREFIX_LENGTH}, which AWS asks for"
                )
            if not subnet.subnet_of(vpc):
                yield f"{tier} subnet {subnet} is not inside the VPC's range {vpc}"
    every = [(tier, subnet) for tier, ranges in tiers.items() for subnet in ranges]
    for (one, a), (other, b) in combinations(every, 2):
        if a.overlaps(b):
            yield f"{one} subnet {a} overlaps {other} subnet {b}"
