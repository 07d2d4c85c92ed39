"""An AWS route table as a kernel routing table.

The kernel takes the longest prefix by itself; left to decide is which of several routes to one destination counts
(static before prefix list; VPC guide, "Route priority") and what a target is to the kernel. ``local`` is a throw:
the look-up goes on in the main table, which knows every address in use.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

from vpclab.localcloud.data_plane import links
from vpclab.localcloud.data_plane.ranges import EVERYWHERE, GATEWAY, LINK_LOCAL
from vpclab.localcloud.data_plane.topology import KernelRoute, RouteKind
from vpclab.localcloud.data_plane.vpc_facts import AVAILABLE, VpcFacts
from vpclab.network.model import Route, RouteState, RouteTable, RouteTarget, TargetKind

Hop = tuple[str, IPv4Address | None]


def kernel_routes(table: RouteTable, number: int, facts: VpcFacts) -> list[KernelRoute]:
    """Compile ``table`` into the kernel's table ``number``.

    It always ends with an answer: what no route matches goes to the link that stands for "no route".
    """
    chosen: dict[IPv4Network, Route | None] = dict.fromkeys(facts.vpc.cidr_blocks)
    # Written last wins: prefix lists first, static routes over them.
    for route in sorted(table.routes, key=lambda route: route.prefix_list_id is None):
        for destination in _destinations(route, facts):
            chosen[destination] = route
    routes = [KernelRoute(number, LINK_LOCAL, RouteKind.THROW)]
    for destination, chosen_route in chosen.items():
        if chosen_route is None or _is_local(chosen_route):
            routes.append(KernelRoute(number, destination, RouteKind.THROW))
        else:
            link, via = _hop(chosen_route, facts)
            routes.append(KernelRoute(number, destination, RouteKind.UNICAST, link, via))
    if EVERYWHERE not in chosen:
        routes.append(KernelRoute(number, EVERYWHERE, RouteKind.UNICAST, links.NO_ROUTE))
    return routes


def _destinations(route: Route, facts: VpcFacts) -> Iterator[IPv4Network]:
    if route.destination is not None:
        yield route.destination
    for prefix_list in facts.prefix_lists:
        if prefix_list.id == route.prefix_list_id:
            yield from prefix_list.cidr_blocks


def _is_local(route: Route) -> bool:
    return route.target.kind is TargetKind.LOCAL and route.state is RouteState.ACTIVE


def _hop(route: Route, facts: VpcFacts) -> Hop:
    """Return the link and next hop of a route; a target that is not there for this VPC is a blackhole."""
    hop = None if route.state is RouteState.BLACKHOLE else _active_hop(route.target, facts)
    return hop or (links.BLACKHOLE, None)


def _active_hop(target: RouteTarget, facts: VpcFacts) -> Hop | None:
    if target.kind is TargetKind.INTERNET_GATEWAY:
        attached = facts.internet_gateway is not None and facts.internet_gateway.id == target.id
        return (links.INTERNET_GATEWAY, GATEWAY) if attached else None
    if target.kind is TargetKind.NAT_GATEWAY:
        for gateway in facts.nat_gateways:
            if gateway.id == target.id and gateway.state == AVAILABLE:
                return _interface_hop(gateway.network_interface_id, facts)
        return None
    if target.kind is TargetKind.GATEWAY_ENDPOINT:
        there = any(endpoint.id == target.id for endpoint in facts.gateway_endpoints)
        return (links.gateway_endpoint_link(target.id), GATEWAY) if there else None
    return _interface_hop(target.id, facts)


def _interface_hop(interface_id: str, facts: VpcFacts) -> Hop | None:
    interface = facts.interface(interface_id) if interface_id in facts.materialised else None
    return (links.interface_link(interface.id), interface.private_ip) if interface else None
