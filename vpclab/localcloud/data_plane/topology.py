"""What the kernel shall hold, as inert data: namespaces, links, addresses, routes, rules and rulesets.

Compiled from the network's facts by pure functions, applied by ``kernel``. Two equal topologies need no work.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network

from vpclab.localcloud.data_plane.ruleset import Ruleset

INTERNET = "internet"
LAMBDA_SERVICE = "lambda-service"

MAIN_TABLE = 254
LOCAL_TABLE = 255


def vpc_key(vpc_id: str) -> str:
    """Name the namespace of a VPC's router."""
    return f"vpc/{vpc_id}"


def interface_key(interface_id: str) -> str:
    """Name the namespace behind a network interface."""
    return f"eni/{interface_id}"


def gateway_endpoint_key(endpoint_id: str) -> str:
    """Name the namespace of the service behind a gateway endpoint."""
    return f"gateway-endpoint/{endpoint_id}"


class RouteKind(StrEnum):
    """How the kernel treats a match: send it on, take it as its own, or look in the next table."""

    UNICAST = "unicast"
    LOCAL = "local"
    THROW = "throw"


@dataclass(frozen=True, slots=True)
class Veth:
    """A pair of virtual Ethernet links. It belongs to the namespace that lists it; both ends go together.

    ``group`` is the near end's link group, ``peer_group`` the far end's, by which rulesets know them.
    """

    name: str
    group: int
    peer_namespace: str
    peer_name: str
    peer_group: int = 0


@dataclass(frozen=True, slots=True)
class Address:
    """An address (/32) of a link."""

    link: str
    address: IPv4Address


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A permanent neighbour entry: who answers at the other end of a link."""

    link: str
    address: IPv4Address


@dataclass(frozen=True, slots=True)
class KernelRoute:
    """A row of a kernel routing table. ``via`` is the next hop, reached on the link whatever its prefix."""

    table: int
    destination: IPv4Network
    kind: RouteKind
    link: str | None = None
    via: IPv4Address | None = None


@dataclass(frozen=True, slots=True)
class MarkRule:
    """Packets with ``mark`` are looked up in ``table`` before the main table."""

    mark: int
    table: int


Sysctls = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class NamespaceTopology:
    """Everything that one network namespace shall hold. ``ruleset`` replaces the one before at once.

    ``sysctls`` are paths below /proc/sys/net, with values. ``tracking`` are those of connection tracking: they
    are there only once a ruleset tracks connections.
    """

    sysctls: Sysctls = ()
    tracking: Sysctls = ()
    ruleset: Ruleset | None = None
    veths: frozenset[Veth] = field(default_factory=frozenset)
    addresses: frozenset[Address] = field(default_factory=frozenset)
    neighbours: frozenset[Neighbour] = field(default_factory=frozenset)
    routes: frozenset[KernelRoute] = field(default_factory=frozenset)
    rules: frozenset[MarkRule] = field(default_factory=frozenset)


Topology = dict[str, NamespaceTopology]
"""Namespaces by key."""

QUIET = (("ipv6/conf/all/disable_ipv6", "1"), ("ipv6/conf/default/disable_ipv6", "1"))
"""No IPv6: it is not modelled, and its neighbour discovery would only make noise."""

FORWARDING = (
    *QUIET,
    ("ipv4/ip_forward", "1"),
    # A router that teaches guests shorter ways, or doubts asymmetric ones, is no VPC router.
    ("ipv4/conf/all/send_redirects", "0"),
    ("ipv4/conf/default/send_redirects", "0"),
    ("ipv4/conf/all/rp_filter", "0"),
    ("ipv4/conf/default/rp_filter", "0"),
)
"""For namespaces that pass packets on."""
