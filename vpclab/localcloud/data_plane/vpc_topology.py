"""One VPC as namespaces: its router, what stands behind its interfaces, and its gateway endpoints' far ends."""

from functools import lru_cache
from ipaddress import IPv4Address

from vpclab.localcloud.data_plane import links
from vpclab.localcloud.data_plane.attached_interface import MOST, attached_interface
from vpclab.localcloud.data_plane.identifiers import numbers
from vpclab.localcloud.data_plane.interface_ruleset import (
    lambda_interface_ruleset,
    nat_gateway_ruleset,
    nat_instance_ruleset,
)
from vpclab.localcloud.data_plane.nat_limits import NatLimits
from vpclab.localcloud.data_plane.ranges import EVERYWHERE, GATEWAY, LINK_LOCAL, RESOLVER
from vpclab.localcloud.data_plane.route_table import kernel_routes
from vpclab.localcloud.data_plane.router_ruleset import router_ruleset
from vpclab.localcloud.data_plane.ruleset import Ruleset
from vpclab.localcloud.data_plane.topology import (
    FORWARDING,
    LOCAL_TABLE,
    MAIN_TABLE,
    QUIET,
    Address,
    KernelRoute,
    MarkRule,
    NamespaceTopology,
    Neighbour,
    RouteKind,
    Sysctls,
    Topology,
    Veth,
    gateway_endpoint_key,
    interface_key,
    vpc_key,
)
from vpclab.localcloud.data_plane.vpc_facts import VpcFacts
from vpclab.network.model import InterfaceType, NetworkInterface, VpcEndpoint

GROUP_TRACKING = (
    # Idle timeouts of tracked flows, as EC2 documents them (security-group-connection-tracking).
    ("netfilter/nf_conntrack_tcp_timeout_established", "432000"),
    ("netfilter/nf_conntrack_udp_timeout", "30"),
    ("netfilter/nf_conntrack_udp_timeout_stream", "180"),
)

_IDLE_TIMEOUTS = ("tcp_timeout_established", "udp_timeout", "udp_timeout_stream", "icmp_timeout")

HOST_WAY_OUT = (
    KernelRoute(MAIN_TABLE, EVERYWHERE, RouteKind.UNICAST, links.INSIDE, GATEWAY),
    Neighbour(links.INSIDE, GATEWAY),
)


def vpc_topology(facts: VpcFacts, limits: NatLimits, before: tuple[VpcFacts, Topology] | None = None) -> Topology:
    """Compile one VPC, whose NAT gateways have these limits. What is as ``before`` is taken from there."""
    topology = {vpc_key(facts.vpc.id): _router(facts, before)}
    gateways = {gateway.network_interface_id: gateway for gateway in facts.nat_gateways}
    for interface in facts.present():
        if interface.id in gateways:
            ruleset = nat_gateway_ruleset(gateways[interface.id], facts.vpc, limits)
            behind = _host(interface.private_ip, FORWARDING, ruleset, _nat_tracking(limits))
        elif interface.id in facts.nat_instances:
            behind = _host(interface.private_ip, FORWARDING, nat_instance_ruleset(interface))
        elif interface.interface_type is InterfaceType.LAMBDA:
            behind = _environments(interface)
        else:
            behind = _plain(interface.private_ip)
        topology[interface_key(interface.id)] = behind
    for endpoint in facts.gateway_endpoints:
        topology[gateway_endpoint_key(endpoint.id)] = _far_end(endpoint, facts)
    return topology


def _nat_tracking(limits: NatLimits) -> Sysctls:
    """A NAT gateway forgets a flow that was idle for so long, and does not adopt one in the middle."""
    timeouts = [(f"netfilter/nf_conntrack_{name}", str(limits.idle_seconds)) for name in _IDLE_TIMEOUTS]
    return (*timeouts, ("netfilter/nf_conntrack_tcp_loose", "0"))


def _router(facts: VpcFacts, before: tuple[VpcFacts, Topology] | None) -> NamespaceTopology:
    number = numbers([subnet.id for subnet in facts.subnets] + [table.id for table in facts.route_tables])
    key = vpc_key(facts.vpc.id)
    veths = {
        Veth(links.NO_ROUTE, links.GROUP_NOWHERE, key, links.BLACKHOLE),
        Veth(links.NOBODY, links.GROUP_NOWHERE, key, links.SPARE),
    }
    neighbours: set[Neighbour] = set()
    routes = {
        KernelRoute(MAIN_TABLE, block, RouteKind.UNICAST, links.NOBODY)
        for block in (*facts.vpc.cidr_blocks, LINK_LOCAL)
    }
    routes.add(KernelRoute(MAIN_TABLE, EVERYWHERE, RouteKind.UNICAST, links.NO_ROUTE))
    attached = [
        attached_interface(interface.id, interface.private_ip, number[interface.subnet_id])
        for interface in facts.present()
    ]
    for endpoint in facts.gateway_endpoints:
        link = links.gateway_endpoint_link(endpoint.id)
        veths.add(Veth(link, links.GROUP_GATEWAY_ENDPOINT, gateway_endpoint_key(endpoint.id), links.INSIDE))
        neighbours.add(Neighbour(link, GATEWAY))
    if facts.internet_gateway is not None:
        neighbours.add(Neighbour(links.INTERNET_GATEWAY, GATEWAY))
    for table in facts.route_tables:
        routes.update(kernel_routes(table, number[table.id], facts))
    resolver = (facts.resolver(), RESOLVER) if facts.vpc.enable_dns_support else ()
    return NamespaceTopology(
        sysctls=FORWARDING,
        tracking=GROUP_TRACKING,
        ruleset=_judgement(facts, number, before),
        veths=frozenset(veths).union(*(one.veths for one in attached)),
        addresses=frozenset(Address(links.LOOPBACK, address) for address in resolver),
        neighbours=frozenset(neighbours).union(*(one.neighbours for one in attached)),
        routes=frozenset(routes).union(*(one.routes for one in attached)),
        rules=frozenset(MarkRule(number[table.id], number[table.id]) for table in facts.route_tables),
    )


def _judgement(
    facts: VpcFacts, number: dict[str, int], before: tuple[VpcFacts, Topology] | None
) -> Ruleset | None:
    """Compile the router's ruleset, for which routes do not count: it is the former one where only they differ."""
    judged = facts.without_routes()
    if before is not None and before[0].without_routes() == judged:
        return before[1][vpc_key(facts.vpc.id)].ruleset
    return router_ruleset(judged, number)


@lru_cache(maxsize=MOST)
def _environments(interface: NetworkInterface) -> NamespaceTopology:
    return _host(interface.private_ip, FORWARDING, lambda_interface_ruleset(interface))


@lru_cache(maxsize=MOST)
def _plain(address: IPv4Address) -> NamespaceTopology:
    return _host(address, QUIET, None)


def _host(
    address: IPv4Address, sysctls: Sysctls, ruleset: Ruleset | None, tracking: Sysctls = ()
) -> NamespaceTopology:
    route, neighbour = HOST_WAY_OUT
    return NamespaceTopology(
        sysctls=sysctls,
        tracking=tracking,
        ruleset=ruleset,
        addresses=frozenset({Address(links.INSIDE, address)}),
        neighbours=frozenset({neighbour}),
        routes=frozenset({route}),
    )


def _far_end(endpoint: VpcEndpoint, facts: VpcFacts) -> NamespaceTopology:
    """Compile the service behind a gateway endpoint: every address of its prefix list is its own."""
    route, neighbour = HOST_WAY_OUT
    blocks = (
        block
        for prefix_list in facts.prefix_lists
        if prefix_list.name == endpoint.service_name
        for block in prefix_list.cidr_blocks
    )
    return NamespaceTopology(
        sysctls=QUIET,
        neighbours=frozenset({neighbour}),
        routes=frozenset(
            {route, *(KernelRoute(LOCAL_TABLE, block, RouteKind.LOCAL, links.LOOPBACK) for block in blocks)}
        ),
    )
