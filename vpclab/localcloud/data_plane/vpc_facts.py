"""The facts of one VPC, cut out of the whole network, with the look-ups that its compilation needs."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address
from typing import TypeVar

from vpclab.network.block_public_access import BlockPublicAccess, InternetAccess
from vpclab.network.model import (
    EndpointType,
    InterfaceType,
    InternetGateway,
    NatGateway,
    Network,
    NetworkAcl,
    NetworkInterface,
    PrefixList,
    RouteTable,
    SecurityGroup,
    Subnet,
    Vpc,
    VpcEndpoint,
)

T = TypeVar("T")

AVAILABLE = "available"
RUNNING = "running"


@dataclass(frozen=True, slots=True)
class VpcFacts:
    """What decides over one VPC's packets. Two equal facts compile to equal topologies.

    ``materialised`` are the ids of the interfaces that have something behind them, ``nat_instances`` of those with
    a NAT instance.
    """

    vpc: Vpc
    materialised: frozenset[str] = frozenset()
    subnets: tuple[Subnet, ...] = ()
    route_tables: tuple[RouteTable, ...] = ()
    internet_gateway: InternetGateway | None = None
    nat_gateways: tuple[NatGateway, ...] = ()
    nat_instances: frozenset[str] = frozenset()
    security_groups: tuple[SecurityGroup, ...] = ()
    network_acls: tuple[NetworkAcl, ...] = ()
    interfaces: tuple[NetworkInterface, ...] = ()
    gateway_endpoints: tuple[VpcEndpoint, ...] = ()
    prefix_lists: tuple[PrefixList, ...] = ()
    block_public_access: BlockPublicAccess | None = None
    _interface_by_id: dict[str, NetworkInterface] = field(
        init=False, default_factory=dict, compare=False, repr=False
    )
    _present: list[NetworkInterface] = field(init=False, default_factory=list, compare=False, repr=False)

    def interface(self, interface_id: str) -> NetworkInterface | None:
        """Return the interface of that id."""
        if not self._interface_by_id:
            self._interface_by_id.update({interface.id: interface for interface in self.interfaces})
        return self._interface_by_id.get(interface_id)

    def identifiers(self) -> frozenset[str]:
        """Return the ids of the VPC and of everything in it."""
        parts = (
            {subnet.id for subnet in self.subnets},
            {table.id for table in self.route_tables},
            {gateway.id for gateway in self.nat_gateways},
            {group.id for group in self.security_groups},
            {acl.id for acl in self.network_acls},
            {interface.id for interface in self.interfaces},
            {endpoint.id for endpoint in self.gateway_endpoints},
            {self.internet_gateway.id} if self.internet_gateway is not None else set(),
        )
        return frozenset({self.vpc.id}.union(*parts))

    def prefix_list_ids(self) -> frozenset[str]:
        """Return the ids of the prefix lists that the VPC's routes and rules refer to."""
        routes = (route.prefix_list_id for table in self.route_tables for route in table.routes)
        rules = (rule for group in self.security_groups for rule in (*group.ingress, *group.egress))
        return frozenset(one for one in (*routes, *(rule.prefix_list_id for rule in rules)) if one is not None)

    def present(self) -> list[NetworkInterface]:
        """Return the interfaces that have something behind them, in the order of their ids."""
        if not self._present:
            found = (self.interface(interface_id) for interface_id in sorted(self.materialised))
            self._present.extend(interface for interface in found if interface is not None)
        return self._present

    def without_routes(self) -> "VpcFacts":
        """Return what decides over packets besides the routes that they take."""
        return replace(self, route_tables=tuple(replace(table, routes=()) for table in self.route_tables))

    def resolver(self) -> IPv4Address:
        """Return the VPC's base plus two, where its resolver listens (VPC guide, AmazonProvidedDNS)."""
        return self.vpc.cidr_blocks[0].network_address + 2

    def public_addresses(self) -> dict[IPv4Address, IPv4Address]:
        """Return the public address of each private one that has one."""
        pairs = {
            interface.private_ip: interface.public_ip
            for interface in self.interfaces
            if interface.public_ip is not None
        }
        pairs |= {
            gateway.private_ip: gateway.public_ip
            for gateway in self.nat_gateways
            if gateway.public_ip is not None and gateway.state == AVAILABLE
        }
        return pairs

    def internet_access(self, wanted: InternetAccess) -> list[IPv4Address]:
        """Return the private addresses, of those with a public one, to which the block leaves just that."""
        blocking = self.block_public_access
        public = self.public_addresses()
        return [
            interface.private_ip
            for interface in self.interfaces
            if blocking is not None and interface.private_ip in public
            for nat_gateway in [interface.interface_type is InterfaceType.NAT_GATEWAY]
            if blocking.access(self.vpc.id, interface.subnet_id, nat_gateway=nat_gateway) is wanted
        ]

    def route_table_of(self) -> dict[str, str]:
        """Return the route table that serves each subnet: the explicit one, else the main one."""
        main = next((table.id for table in self.route_tables if table.main), None)
        serving = {subnet.id: main for subnet in self.subnets if main is not None}
        serving |= {subnet_id: table.id for table in self.route_tables for subnet_id in table.subnet_ids}
        return serving


def materialised(network: Network, held: Iterable[str]) -> frozenset[str]:
    """Return the interfaces with something behind them, among them the ``held`` ones."""
    wanted = set(held)
    wanted.update(gateway.network_interface_id for gateway in network.nat_gateways if gateway.state == AVAILABLE)
    wanted.update(database.network_interface_id for database in network.databases)
    wanted.update(cache.network_interface_id for cache in network.caches)
    for balancer in network.load_balancers:
        wanted.update(balancer.network_interface_ids)
    wanted.update(nat_instances(network))
    for endpoint in network.vpc_endpoints:
        if endpoint.endpoint_type is EndpointType.INTERFACE and endpoint.state == AVAILABLE:
            wanted.update(endpoint.network_interface_ids)
    return frozenset(interface.id for interface in network.network_interfaces if interface.id in wanted)


def nat_instances(network: Network) -> frozenset[str]:
    """Return the interfaces of running instances, each of which is a NAT instance here."""
    return frozenset(
        interface_id
        for instance in network.instances
        if instance.state == RUNNING
        for interface_id in instance.network_interface_ids
    )


def facts_by_vpc(network: Network, held: Iterable[str]) -> dict[str, VpcFacts]:
    """Cut the network into its VPCs, in time linear in its size."""
    present = materialised(network, held)
    instances = nat_instances(network)
    subnets = _by_vpc(network.subnets, lambda subnet: subnet.vpc_id)
    tables = _by_vpc(network.route_tables, lambda table: table.vpc_id)
    gateways = {gateway.vpc_id: gateway for gateway in network.internet_gateways}
    nat_gateways = _by_vpc(network.nat_gateways, lambda gateway: gateway.vpc_id)
    groups = _by_vpc(network.security_groups, lambda group: group.vpc_id)
    acls = _by_vpc(network.network_acls, lambda acl: acl.vpc_id)
    interfaces = _by_vpc(network.network_interfaces, lambda interface: interface.vpc_id)
    endpoints = _by_vpc(
        (
            endpoint
            for endpoint in network.vpc_endpoints
            if endpoint.endpoint_type is EndpointType.GATEWAY and endpoint.state == AVAILABLE
        ),
        lambda endpoint: endpoint.vpc_id,
    )
    blocks = {(one.owner_id, one.region): one for one in network.block_public_access}
    return {
        vpc.id: VpcFacts(
            vpc=vpc,
            materialised=frozenset(
                interface.id for interface in interfaces.get(vpc.id, ()) if interface.id in present
            ),
            subnets=subnets.get(vpc.id, ()),
            route_tables=tables.get(vpc.id, ()),
            internet_gateway=gateways.get(vpc.id),
            nat_gateways=nat_gateways.get(vpc.id, ()),
            nat_instances=frozenset(one.id for one in interfaces.get(vpc.id, ()) if one.id in instances),
            security_groups=groups.get(vpc.id, ()),
            network_acls=acls.get(vpc.id, ()),
            interfaces=interfaces.get(vpc.id, ()),
            gateway_endpoints=endpoints.get(vpc.id, ()),
            prefix_lists=network.prefix_lists,
            block_public_access=blocks.get((vpc.owner_id, vpc.region)),
        )
        for vpc in network.vpcs
    }


def forwards(interface: NetworkInterface) -> bool:
    """Tell whether packets that are neither from nor to the interface's address may pass it."""
    return not interface.source_dest_check or interface.interface_type is InterfaceType.NAT_GATEWAY


def _by_vpc(items: Iterable[T], vpc_of: Callable[[T], str]) -> dict[str, tuple[T, ...]]:
    gathered: dict[str, list[T]] = defaultdict(list)
    for item in items:
        gathered[vpc_of(item)].append(item)
    return {vpc_id: tuple(found) for vpc_id, found in gathered.items()}
