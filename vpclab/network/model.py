"""What the AWS API says of a network, as frozen facts.

Field names follow the API references of the services in snake case. Nothing here decides anything; the local cloud
compiles it into kernel objects, the analyser judges it. An identifier is the string AWS uses (``vpc-…``,
``eni-…``); addresses and ranges are ``ipaddress`` objects, IPv4 only.
"""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network

from vpclab.network.block_public_access import BlockPublicAccess

AMAZON_PROVIDED_DNS = "AmazonProvidedDNS"


class TargetKind(StrEnum):
    """What a route leads to, by the kinds that CreateRoute accepts and that are modelled."""

    LOCAL = "local"
    INTERNET_GATEWAY = "internet-gateway"
    NAT_GATEWAY = "nat-gateway"
    GATEWAY_ENDPOINT = "gateway-endpoint"
    NETWORK_INTERFACE = "network-interface"


class RouteState(StrEnum):
    """``blackhole``: the target was deleted or detached; the route still wins its match and drops."""

    ACTIVE = "active"
    BLACKHOLE = "blackhole"


class RouteOrigin(StrEnum):
    """How a route came to be; of equal lengths, static wins over prefix list (VPC guide, "Route priority")."""

    CREATE_ROUTE_TABLE = "CreateRouteTable"
    CREATE_ROUTE = "CreateRoute"
    PREFIX_LIST = "PrefixList"


class InterfaceType(StrEnum):
    """``InterfaceType`` of DescribeNetworkInterfaces, for the types that exist here."""

    INTERFACE = "interface"
    LAMBDA = "lambda"
    NAT_GATEWAY = "nat_gateway"
    VPC_ENDPOINT = "vpc_endpoint"
    # AWS says "interface" of the following; told apart here by the requester (amazon-rds, …).
    DATABASE = "rds"
    CACHE = "elasticache"
    LOAD_BALANCER = "elb"


class EndpointType(StrEnum):
    """``VpcEndpointType``."""

    GATEWAY = "Gateway"
    INTERFACE = "Interface"


@dataclass(frozen=True, slots=True)
class Vpc:
    """A VPC. ``domain_name_servers`` is what its DHCP options hand to interfaces."""

    id: str
    owner_id: str
    region: str
    cidr_blocks: tuple[IPv4Network, ...]
    enable_dns_support: bool = True
    enable_dns_hostnames: bool = False
    domain_name_servers: tuple[str, ...] = (AMAZON_PROVIDED_DNS,)


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet and the network ACL that guards its boundary."""

    id: str
    vpc_id: str
    cidr_block: IPv4Network
    availability_zone: str
    network_acl_id: str
    availability_zone_id: str = ""
    map_public_ip_on_launch: bool = False


@dataclass(frozen=True, slots=True)
class RouteTarget:
    """Where a route leads. ``id`` is ``local`` for the local route."""

    kind: TargetKind
    id: str


@dataclass(frozen=True, slots=True)
class Route:
    """One row of a route table. Exactly one of ``destination`` and ``prefix_list_id`` is set."""

    target: RouteTarget
    destination: IPv4Network | None = None
    prefix_list_id: str | None = None
    state: RouteState = RouteState.ACTIVE
    origin: RouteOrigin = RouteOrigin.CREATE_ROUTE


@dataclass(frozen=True, slots=True)
class RouteTable:
    """A route table; ``main`` serves every subnet of the VPC that no table names in ``subnet_ids``."""

    id: str
    vpc_id: str
    routes: tuple[Route, ...]
    main: bool = False
    subnet_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InternetGateway:
    """An internet gateway and the VPC it is attached to, if any."""

    id: str
    vpc_id: str | None


@dataclass(frozen=True, slots=True)
class NatGateway:
    """A zonal NAT gateway. ``connectivity_type`` is ``public`` or ``private``; ``state`` as described."""

    id: str
    vpc_id: str
    subnet_id: str
    connectivity_type: str
    state: str
    network_interface_id: str
    private_ip: IPv4Address
    public_ip: IPv4Address | None = None


@dataclass(frozen=True, slots=True)
class SecurityGroupRule:
    """One permission. ``protocol`` is ``-1``, ``tcp``, ``udp`` or ``icmp``; ports are None for all of them.

    Exactly one of ``cidr``, ``group_id`` and ``prefix_list_id`` is set.
    """

    protocol: str
    from_port: int | None = None
    to_port: int | None = None
    cidr: IPv4Network | None = None
    group_id: str | None = None
    prefix_list_id: str | None = None


@dataclass(frozen=True, slots=True)
class SecurityGroup:
    """A security group; an empty ``egress`` means that nothing leaves."""

    id: str
    name: str
    vpc_id: str
    ingress: tuple[SecurityGroupRule, ...] = ()
    egress: tuple[SecurityGroupRule, ...] = ()


@dataclass(frozen=True, slots=True)
class NetworkAclEntry:
    """One numbered rule; the lowest number that matches decides. 32767 is the implicit deny."""

    number: int
    egress: bool
    protocol: str
    allow: bool
    cidr: IPv4Network
    from_port: int | None = None
    to_port: int | None = None


@dataclass(frozen=True, slots=True)
class NetworkAcl:
    """A network ACL, stateless, at the boundary of ``subnet_ids``."""

    id: str
    vpc_id: str
    is_default: bool
    entries: tuple[NetworkAclEntry, ...]
    subnet_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NetworkInterface:
    """An ENI. ``public_ip`` is the associated Elastic or auto-assigned public address."""

    id: str
    vpc_id: str
    subnet_id: str
    private_ip: IPv4Address
    interface_type: InterfaceType
    security_group_ids: tuple[str, ...] = ()
    public_ip: IPv4Address | None = None
    source_dest_check: bool = True
    description: str = ""


@dataclass(frozen=True, slots=True)
class VpcEndpoint:
    """A gateway or interface endpoint. ``dns_names`` are its endpoint-specific names."""

    id: str
    vpc_id: str
    endpoint_type: EndpointType
    service_name: str
    state: str
    route_table_ids: tuple[str, ...] = ()
    network_interface_ids: tuple[str, ...] = ()
    private_dns_enabled: bool = False
    dns_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PrefixList:
    """An AWS-managed or customer-managed prefix list."""

    id: str
    name: str
    cidr_blocks: tuple[IPv4Network, ...]


@dataclass(frozen=True, slots=True)
class DatabaseInstance:
    """An RDS instance: the name applications use, and the interface that answers for it."""

    identifier: str
    arn: str
    vpc_id: str
    endpoint_address: str
    port: int
    network_interface_id: str
    engine: str
    engine_version: str
    database_name: str
    status: str
    publicly_accessible: bool = False


@dataclass(frozen=True, slots=True)
class Cache:
    """One ElastiCache node: the names that lead to it, and the interface that answers for it.

    ``identifier`` is its CacheClusterId; ``host_names`` are its own endpoint and, for the primary of a replication
    group, the group's primary and reader endpoints.
    """

    identifier: str
    arn: str
    vpc_id: str
    host_names: tuple[str, ...]
    port: int
    network_interface_id: str
    engine: str
    engine_version: str
    status: str


class TargetType(StrEnum):
    """``TargetType`` of a target group."""

    INSTANCE = "instance"
    IP = "ip"
    LAMBDA = "lambda"
    LOAD_BALANCER = "alb"


@dataclass(frozen=True, slots=True)
class Target:
    """What is registered with a target group: an instance, an address or a function's ARN; its port if it has one.

    ``address`` is where an instance or an address is reached; None for functions, and for instances that are gone.
    """

    id: str
    port: int | None = None
    address: IPv4Address | None = None


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """How a target group asks its targets how they are. Times in seconds; ``port`` None: the target's own.

    ``matcher`` is the list of codes that mean healthy, as the API has it: ``200``, ``200,202``, ``200-299``.
    """

    enabled: bool
    protocol: str
    port: int | None
    path: str
    interval: int
    timeout: int
    healthy_threshold: int
    unhealthy_threshold: int
    matcher: str


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """A target group. ``protocol`` is empty for functions."""

    arn: str
    name: str
    target_type: TargetType
    protocol: str
    health_check: HealthCheck
    targets: tuple[Target, ...] = ()


@dataclass(frozen=True, slots=True)
class FixedResponse:
    """A listener's answer of its own."""

    status_code: int
    content_type: str
    message_body: str


@dataclass(frozen=True, slots=True)
class Forward:
    """A listener sends requests on: to one of the target groups, as often as its weight says."""

    weights: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Listener:
    """Where a load balancer listens, and what it does with every request; None: nothing that is modelled."""

    arn: str
    protocol: str
    port: int
    action: FixedResponse | Forward | None


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """An application load balancer: its name in DNS, and an interface per subnet that answers for it."""

    arn: str
    name: str
    vpc_id: str
    scheme: str
    type: str
    dns_name: str
    security_group_ids: tuple[str, ...]
    network_interface_ids: tuple[str, ...]
    listeners: tuple[Listener, ...] = ()


@dataclass(frozen=True, slots=True)
class Instance:
    """An EC2 instance, which here is always a NAT instance. ``state`` as described, for example ``running``."""

    id: str
    image_id: str
    state: str
    network_interface_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Network:
    """Everything that decides where a packet goes, of all accounts and Regions of one target."""

    vpcs: tuple[Vpc, ...] = ()
    subnets: tuple[Subnet, ...] = ()
    route_tables: tuple[RouteTable, ...] = ()
    internet_gateways: tuple[InternetGateway, ...] = ()
    nat_gateways: tuple[NatGateway, ...] = ()
    security_groups: tuple[SecurityGroup, ...] = ()
    network_acls: tuple[NetworkAcl, ...] = ()
    network_interfaces: tuple[NetworkInterface, ...] = ()
    vpc_endpoints: tuple[VpcEndpoint, ...] = ()
    prefix_lists: tuple[PrefixList, ...] = ()
    databases: tuple[DatabaseInstance, ...] = ()
    caches: tuple[Cache, ...] = ()
    load_balancers: tuple[LoadBalancer, ...] = ()
    target_groups: tuple[TargetGroup, ...] = ()
    instances: tuple[Instance, ...] = ()
    block_public_access: tuple[BlockPublicAccess, ...] = ()
