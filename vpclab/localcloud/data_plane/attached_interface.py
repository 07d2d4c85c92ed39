"""What one interface adds to its VPC's router: made once, however often the VPC is compiled anew.

The sets are kept as sets, because a union of sets costs no hashing of what is in them.
"""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network

from vpclab.localcloud.data_plane import links
from vpclab.localcloud.data_plane.topology import (
    MAIN_TABLE,
    KernelRoute,
    Neighbour,
    RouteKind,
    Veth,
    interface_key,
)

MOST = 1 << 16
"""Interfaces to remember, as many as a VPC can have addresses."""


@dataclass(frozen=True, slots=True)
class AttachedInterface:
    """The router's link to an interface, what is known at it, and how the ruleset writes it."""

    veths: frozenset[Veth]
    neighbours: frozenset[Neighbour]
    routes: frozenset[KernelRoute]
    quoted: str
    addressed: str


@lru_cache(maxsize=MOST)
def attached_interface(interface_id: str, address: IPv4Address, group: int) -> AttachedInterface:
    """Compile an interface with that address; ``group`` is the link group of its subnet."""
    link = links.interface_link(interface_id)
    return AttachedInterface(
        veths=frozenset({Veth(link, group, interface_key(interface_id), links.INSIDE)}),
        neighbours=frozenset({Neighbour(link, address)}),
        routes=frozenset({KernelRoute(MAIN_TABLE, IPv4Network(address), RouteKind.UNICAST, link)}),
        quoted=f'"{link}"',
        addressed=f'"{link}" . {address}',
    )
