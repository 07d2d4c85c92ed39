"""moto's objects as the network's facts. Read in this process, because it is asked after every change.

The same facts come out of describe calls (``vpclab.network.snapshot``); a test holds the two equal, so what the
kernel is made to do is what the API says.
"""

# ruff: noqa: SLF001 - moto keeps its state in private attributes

from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network

from moto.ec2.models import ec2_backends
from moto.rds.models import rds_backends

from vpclab.localcloud.control_plane import inventory_targets
from vpclab.localcloud.control_plane.additions import (
    block_public_access,
    caches,
    databases,
    load_balancers,
    nat_gateways,
    routes,
    vpc_endpoints,
)
from vpclab.localcloud.control_plane.corrections import Moto
from vpclab.network.model import (
    AMAZON_PROVIDED_DNS,
    DatabaseInstance,
    EndpointType,
    InterfaceType,
    InternetGateway,
    NatGateway,
    Network,
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


def inventory() -> Network:
    """Return everything, of all accounts and Regions, in the order in which it was made."""
    backends = [
        (account, region, backend)
        for account, regions in list(ec2_backends.items())
        for region, backend in list(regions.items())
    ]
    ec2 = [backend for _, _, backend in backends]
    return Network(
        vpcs=tuple(_vpc(vpc, account, region) for account, region, one in backends for vpc in one.vpcs.values()),
        subnets=tuple(subnet for one in ec2 for subnet in _subnets(one)),
        route_tables=tuple(_route_table(table) for one in ec2 for table in one.route_tables.values()),
        internet_gateways=tuple(
            InternetGateway(igw.id, igw.vpc.id if igw.vpc else None)
            for one in ec2
            for igw in one.internet_gateways.values()
        ),
        nat_gateways=tuple(
            _nat_gateway(gateway)
            for one in ec2
            for gateway in one.nat_gateways.values()
            if gateway.state not in nat_gateways.GONE
        ),
        security_groups=tuple(
            _security_group(group) for one in ec2 for groups in one.groups.values() for group in groups.values()
        ),
        network_acls=tuple(_network_acl(acl) for one in ec2 for acl in one.network_acls.values()),
        network_interfaces=tuple(_interface(eni) for one in ec2 for eni in one.enis.values()),
        vpc_endpoints=tuple(_endpoint(endpoint) for one in ec2 for endpoint in one.vpc_end_points.values()),
        prefix_lists=tuple(
            _prefix_list(listed)
            for one in ec2
            for listed in one.managed_prefix_lists.values()
            if listed.address_family == "IPv4" and listed.state != "delete-complete"
        ),
        databases=tuple(_databases()),
        caches=tuple(inventory_targets.caches()),
        load_balancers=tuple(inventory_targets.load_balancers()),
        target_groups=tuple(inventory_targets.target_groups()),
        instances=tuple(inventory_targets.instances(ec2)),
        block_public_access=tuple(
            blocking for one in ec2 if (blocking := block_public_access.fact(one)) is not None
        ),
    )


def _vpc(vpc: Moto, account: str, region: str) -> Vpc:
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
        enable_dns_support=_flag(vpc.enable_dns_support),
        enable_dns_hostnames=_flag(vpc.enable_dns_hostnames),
        domain_name_servers=tuple(servers) if servers else (AMAZON_PROVIDED_DNS,),
    )


def _flag(value: object) -> bool:
    return value is True or str(value).lower() == "true"


def _subnets(backend: Moto) -> Iterator[Subnet]:
    guarding = {
        association.subnet_id: acl.id
        for acl in backend.network_acls.values()
        for association in acl._associations.values()
    }
    for zone in backend.subnets.values():
        for subnet in zone.values():
            yield Subnet(
                id=subnet.id,
                vpc_id=subnet.vpc_id,
                cidr_block=_RANGE(subnet.cidr_block),
                availability_zone=subnet.availability_zone,
                network_acl_id=guarding[subnet.id],
                availability_zone_id=subnet.availability_zone_id,
                map_public_ip_on_launch=_flag(subnet.map_public_ip_on_launch),
            )


def _route_table(table: Moto) -> RouteTable:
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


def _nat_gateway(gateway: Moto) -> NatGateway:
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


def _security_group(group: Moto) -> SecurityGroup:
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


def _network_acl(acl: Moto) -> NetworkAcl:
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
        egress=_flag(entry.egress),
        protocol=protocol_name(entry.protocol),
        allow=entry.rule_action == "allow",
        cidr=_RANGE(entry.cidr_block),
        from_port=_port(first),
        to_port=_port(last),
    )


def _interface(eni: Moto) -> NetworkInterface:
    kind = _REQUESTERS.get(eni.requester_id) or InterfaceType(eni.interface_type)
    return NetworkInterface(
        id=eni.id,
        vpc_id=eni.subnet.vpc_id,
        subnet_id=eni.subnet.id,
        private_ip=_ADDRESS(eni.private_ip_address),
        interface_type=kind,
        security_group_ids=tuple(group.id for group in eni.group_set),
        public_ip=_ADDRESS(eni.public_ip) if eni.public_ip else None,
        source_dest_check=_flag(eni.source_dest_check),
        description=eni.description,
    )


def _endpoint(endpoint: Moto) -> VpcEndpoint:
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


def _prefix_list(listed: Moto) -> PrefixList:
    entries = list(listed.entries.values())[-1] if listed.entries else []
    return PrefixList(listed.id, listed.prefix_list_name, tuple(_RANGE(entry["Cidr"]) for entry in entries))


def _databases() -> Iterator[DatabaseInstance]:
    for account, regions in list(rds_backends.items()):
        for region, backend in list(regions.items()):
            enis = ec2_backends[account][region].enis
            for instance in list(backend.databases.values()):
                interface = enis[instance.vpclab_interface_id]
                yield DatabaseInstance(
                    identifier=instance.db_instance_identifier,
                    arn=instance.db_instance_arn,
                    vpc_id=interface.subnet.vpc_id,
                    endpoint_address=databases.address(instance),
                    port=int(instance.port),
                    network_interface_id=interface.id,
                    engine=instance.engine,
                    engine_version=instance.engine_version,
                    database_name=instance.db_name or "",
                    status=instance.status,
                    publicly_accessible=bool(instance.publicly_accessible),
                )
