"""moto's objects of VPCs as the network's facts, one by one; see ``inventory``."""

# ruff: noqa: SLF001 - moto keeps its state in private attributes

from collections.abc import Iterator, Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network

from vpclab.localcloud.control_plane.additions import (
    caches,
    databases,
    load_balancers,
    nat_gateways,
    routes,
    vpc_endpoints,
)
from vpclab.localcloud.control_plane.additions.flags import is_on
from vpclab.localcloud.control_plane.corrections import Moto
from vpclab.network.model import (
    AMAZON_PROVIDED_DNS,
    EndpointType,
    InterfaceType,
    InternetGateway,
    NatGateway,
    NetworkAcl,
    NetworkAclEntry,
    NetworkInterface,
    PrefixList,
    Route,
    RouteOrigin,
    RouteState,
    RouteTable,
    RouteTarget,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
    TargetKind,
    Vpc,
    VpcEndpoint,
)
from vpclab.network.protocol import protocol_name

_REQUESTERS = {
    databases.REQUESTER: InterfaceType.DATABASE,
    caches.REQUESTER: InterfaceType.CACHE,
    load_balancers.REQUESTER: InterfaceType.LOAD_BALANCER,
}

_ADDRESS = lru_cache(maxsize=65536)(IPv4Address)
_RANGE = lru_cache(maxsize=65536)(IPv4Network)


def vpc(vpc: Moto, *, account: str, region: str) -> Vpc:
    """Return a VPC of that account and Region."""
    servers = vpc.dhcp_options._options["domain-name-servers"] if vpc.dhcp_options else None
    return Vpc(
        id=vpc.id,
        owner_id=account,
        region=region,
        cidr_blocks=tuple(
            _RANGE(one["cidr_block"])
            for one in vpc.get_cidr_block_association_set()
            if one["cidr_block_state"]["state"] == "associated"
        ),
        enable_dns_support=is_on(vpc.enable_dns_support),
        enable_dns_hostnames=is_on(vpc.enable_dns_hostnames),
        domain_name_servers=tuple(servers) if servers else (AMAZON_PROVIDED_DNS,),
    )


def subnet(subnet: Moto, guarding: Mapping[str, str]) -> Subnet:
    """Return a subnet; ``guarding`` is the network ACL of each."""
    return Subnet(
        id=subnet.id,
        vpc_id=subnet.vpc_id,
        cidr_block=_RANGE(subnet.cidr_block),
        availability_zone=subnet.availability_zone,
        network_acl_id=guarding[subnet.id],
        availability_zone_id=subnet.availability_zone_id,
        map_public_ip_on_launch=is_on(subnet.map_public_ip_on_launch),
    )


def internet_gateway(gateway: Moto) -> InternetGateway:
    """Return an internet gateway, attached or not."""
    return InternetGateway(gateway.id, gateway.vpc.id if gateway.vpc else None)


def route_table(table: Moto) -> RouteTable:
    """Return a route table with its routes."""
    return RouteTable(
        id=table.id,
        vpc_id=table.vpc_id,
        routes=tuple(_route(route) for route in table._routes.values()),
        main=table.main_association_id is not None,
        subnet_ids=tuple(table._associations.values()),
    )


def _route(route: Moto) -> Route:
    listed = route.destination_prefix_list
    if route.local:
        origin = RouteOrigin.CREATE_ROUTE_TABLE
    elif listed is not None:
        origin = RouteOrigin.PREFIX_LIST
    else:
        origin = RouteOrigin.CREATE_ROUTE
    return Route(
        target=_target(route),
        destination=_RANGE(route.destination_cidr_block) if listed is None else None,
        prefix_list_id=listed.id if listed is not None else None,
        state=RouteState(routes.state(route)),
        origin=origin,
    )


def _target(route: Moto) -> RouteTarget:
    if route.local:
        return RouteTarget(TargetKind.LOCAL, "local")
    if route.nat_gateway is not None:
        return RouteTarget(TargetKind.NAT_GATEWAY, route.nat_gateway.id)
    if route.interface is not None:
        return RouteTarget(TargetKind.NETWORK_INTERFACE, route.interface.id)
    identifier = route.gateway.id
    endpoint = identifier.startswith("vpce-")
    return RouteTarget(TargetKind.GATEWAY_ENDPOINT if endpoint else TargetKind.INTERNET_GATEWAY, identifier)


def nat_gateway(gateway: Moto) -> NatGateway | None:
    """Return a NAT gateway; None: it is gone."""
    if gateway.state in nat_gateways.GONE:
        return None
    return NatGateway(
        id=gateway.id,
        vpc_id=gateway.vpc_id,
        subnet_id=gateway.subnet_id,
        connectivity_type=gateway.connectivity_type,
        state=gateway.state,
        network_interface_id=gateway._eni.id,
        private_ip=_ADDRESS(gateway.private_ip),
        public_ip=_ADDRESS(gateway._eni.public_ip) if gateway._eni.public_ip else None,
    )


def security_group(group: Moto) -> SecurityGroup:
    """Return a security group with its rules."""
    return SecurityGroup(
        id=group.id,
        name=group.name,
        vpc_id=group.vpc_id,
        ingress=tuple(one for rule in group.ingress_rules for one in _rule(rule)),
        egress=tuple(one for rule in group.egress_rules for one in _rule(rule)),
    )


def _rule(rule: Moto) -> Iterator[SecurityGroupRule]:
    protocol = protocol_name(rule.ip_protocol)
    ports = (None, None) if protocol == "-1" else (_port(rule.from_port), _port(rule.to_port))
    if cidr := rule.ip_range.get("CidrIp"):
        yield SecurityGroupRule(protocol, *ports, cidr=_RANGE(cidr))
    if group_id := rule.source_group.get("GroupId"):
        yield SecurityGroupRule(protocol, *ports, group_id=group_id)
    if rule.prefix_list_id:
        yield SecurityGroupRule(protocol, *ports, prefix_list_id=rule.prefix_list_id)


def _port(value: Moto) -> int | None:
    return None if value is None or int(value) < 0 else int(value)


def network_acl(acl: Moto) -> NetworkAcl:
    """Return a network ACL with its entries."""
    return NetworkAcl(
        id=acl.id,
        vpc_id=acl.vpc_id,
        is_default=bool(acl.default),
        entries=tuple(_entry(entry) for entry in acl.network_acl_entries if entry.cidr_block),
        subnet_ids=tuple(association.subnet_id for association in acl._associations.values()),
    )


def _entry(entry: Moto) -> NetworkAclEntry:
    first, last = entry.port_range_from, entry.port_range_to
    if first is None and last is None:
        first, last = entry.icmp_type, entry.icmp_code
    return NetworkAclEntry(
        number=int(entry.rule_number),
        egress=is_on(entry.egress),
        protocol=protocol_name(entry.protocol),
        allow=entry.rule_action == "allow",
        cidr=_RANGE(entry.cidr_block),
        from_port=_port(first),
        to_port=_port(last),
    )


def interface(eni: Moto) -> NetworkInterface:
    """Return a network interface."""
    kind = _REQUESTERS.get(eni.requester_id) or InterfaceType(eni.interface_type)
    return NetworkInterface(
        id=eni.id,
        vpc_id=eni.subnet.vpc_id,
        subnet_id=eni.subnet.id,
        private_ip=_ADDRESS(eni.private_ip_address),
        interface_type=kind,
        security_group_ids=tuple(group.id for group in eni.group_set),
        public_ip=_ADDRESS(eni.public_ip) if eni.public_ip else None,
        source_dest_check=is_on(eni.source_dest_check),
        description=eni.description,
    )


def endpoint(endpoint: Moto) -> VpcEndpoint:
    """Return an endpoint."""
    own = ".vpce.amazonaws.com"
    return VpcEndpoint(
        id=endpoint.id,
        vpc_id=endpoint.vpc_id,
        endpoint_type=EndpointType(endpoint.vpc_endpoint_type),
        service_name=endpoint.service_name,
        state=endpoint.state,
        route_table_ids=tuple(endpoint.route_table_ids),
        network_interface_ids=tuple(endpoint.network_interface_ids),
        private_dns_enabled=vpc_endpoints.resolves_privately(endpoint),
        dns_names=tuple(one["DnsName"] for one in endpoint.dns_entries if one["DnsName"].endswith(own)),
    )


def prefix_list(listed: Moto) -> PrefixList | None:
    """Return a prefix list; None: it is gone, or of IPv6."""
    if listed.address_family != "IPv4" or listed.state == "delete-complete":
        return None
    entries = list(listed.entries.values())[-1] if listed.entries else []
    return PrefixList(listed.id, listed.prefix_list_name, tuple(_RANGE(entry["Cidr"]) for entry in entries))
