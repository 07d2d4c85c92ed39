"""Networks to test with, put together from the facts that the API would describe."""

from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Network

from vpclab.network.block_public_access import BlockPublicAccess
from vpclab.network.model import (
    EndpointType,
    Instance,
    InterfaceType,
    InternetGateway,
    NatGateway,
    Network,
    NetworkAcl,
    NetworkAclEntry,
    NetworkInterface,
    PrefixList,
    Route,
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

S3_PREFIX_LIST = PrefixList("pl-s3", "com.amazonaws.us-east-1.s3", (IPv4Network("192.0.2.128/26"),))
OPEN_ACL = (
    NetworkAclEntry(100, egress=False, protocol="-1", allow=True, cidr=IPv4Network("0.0.0.0/0")),
    NetworkAclEntry(100, egress=True, protocol="-1", allow=True, cidr=IPv4Network("0.0.0.0/0")),
)


def anywhere(protocol: str = "-1", from_port: int | None = None, to_port: int | None = None) -> SecurityGroupRule:
    """Admit from or to every address."""
    return SecurityGroupRule(protocol, from_port, to_port or from_port, cidr=IPv4Network("0.0.0.0/0"))


def from_range(cidr: str, protocol: str = "-1", port: int | None = None) -> SecurityGroupRule:
    """Admit from or to a range."""
    return SecurityGroupRule(protocol, port, port, cidr=IPv4Network(cidr))


def from_group(group_id: str, protocol: str = "-1", port: int | None = None) -> SecurityGroupRule:
    """Admit from or to the members of a group."""
    return SecurityGroupRule(protocol, port, port, group_id=group_id)


def route(destination: str, kind: TargetKind, target: str, state: RouteState = RouteState.ACTIVE) -> Route:
    """Describe a static route; a destination that starts with ``pl-`` is a prefix list."""
    if destination.startswith("pl-"):
        return Route(RouteTarget(kind, target), prefix_list_id=destination, state=state)
    return Route(RouteTarget(kind, target), destination=IPv4Network(destination), state=state)


LOCAL = RouteTarget(TargetKind.LOCAL, "local")


@dataclass
class Draft:
    """A network in the making. Identifiers are the names given here."""

    vpcs: dict[str, Vpc] = field(default_factory=dict)
    subnets: dict[str, Subnet] = field(default_factory=dict)
    tables: dict[str, RouteTable] = field(default_factory=dict)
    gateways: dict[str, InternetGateway] = field(default_factory=dict)
    nat_gateways: dict[str, NatGateway] = field(default_factory=dict)
    groups: dict[str, SecurityGroup] = field(default_factory=dict)
    acls: dict[str, NetworkAcl] = field(default_factory=dict)
    interfaces: dict[str, NetworkInterface] = field(default_factory=dict)
    endpoints: dict[str, VpcEndpoint] = field(default_factory=dict)
    instances: dict[str, Instance] = field(default_factory=dict)
    block: BlockPublicAccess | None = None
    prefix_lists: dict[str, PrefixList] = field(default_factory=lambda: {"pl-s3": S3_PREFIX_LIST})

    def network(self) -> Network:
        """Return it as facts."""
        return Network(
            vpcs=tuple(self.vpcs.values()),
            subnets=tuple(self.subnets.values()),
            route_tables=tuple(self.tables.values()),
            internet_gateways=tuple(self.gateways.values()),
            nat_gateways=tuple(self.nat_gateways.values()),
            security_groups=tuple(self.groups.values()),
            network_acls=tuple(self.acls.values()),
            network_interfaces=tuple(self.interfaces.values()),
            vpc_endpoints=tuple(self.endpoints.values()),
            prefix_lists=tuple(self.prefix_lists.values()),
            instances=tuple(self.instances.values()),
            block_public_access=(self.block,) if self.block is not None else (),
        )

    def vpc(self, vpc_id: str, *cidrs: str) -> None:
        """Add a VPC with an open default ACL, an open group ``sg-<id>`` and a main table ``rtb-<id>``."""
        blocks = tuple(IPv4Network(cidr) for cidr in cidrs or ("10.0.0.0/16",))
        self.vpcs[vpc_id] = Vpc(vpc_id, "123456789012", "us-east-1", blocks)
        self.acls[f"acl-{vpc_id}"] = NetworkAcl(f"acl-{vpc_id}", vpc_id, is_default=True, entries=OPEN_ACL)
        self.table(f"rtb-{vpc_id}", vpc_id, main=True)
        self.group(f"sg-{vpc_id}", vpc_id)

    def table(self, table_id: str, vpc_id: str, *routes: Route, main: bool = False) -> None:
        """Add a route table with its local routes."""
        local = tuple(Route(LOCAL, destination=block) for block in self.vpcs[vpc_id].cidr_blocks)
        self.tables[table_id] = RouteTable(table_id, vpc_id, (*local, *routes), main=main)

    def routes(self, table_id: str, *routes: Route) -> None:
        """Give a table these routes besides the local ones."""
        table = self.tables[table_id]
        local = tuple(known for known in table.routes if known.target == LOCAL)
        self.tables[table_id] = replace(table, routes=(*local, *routes))

    def group(
        self,
        group_id: str,
        vpc_id: str,
        ingress: tuple[SecurityGroupRule, ...] | None = None,
        egress: tuple[SecurityGroupRule, ...] | None = None,
    ) -> None:
        """Add or replace a group; what is not said is open."""
        everything = (anywhere(),)
        self.groups[group_id] = SecurityGroup(
            group_id,
            group_id,
            vpc_id,
            everything if ingress is None else ingress,
            everything if egress is None else egress,
        )

    def acl(self, acl_id: str, vpc_id: str, *entries: NetworkAclEntry) -> None:
        """Add or replace a network ACL."""
        self.acls[acl_id] = NetworkAcl(acl_id, vpc_id, is_default=False, entries=entries)

    def subnet(self, subnet_id: str, vpc_id: str, cidr: str, *, table: str = "", acl: str = "") -> None:
        """Add a subnet, with the main table and the default ACL unless said otherwise."""
        self.subnets[subnet_id] = Subnet(
            subnet_id, vpc_id, IPv4Network(cidr), "us-east-1a", acl or f"acl-{vpc_id}"
        )
        if table:
            known = self.tables[table]
            self.tables[table] = replace(known, subnet_ids=(*known.subnet_ids, subnet_id))

    def interface(  # noqa: PLR0913 - the facts of an interface
        self,
        interface_id: str,
        subnet_id: str,
        address: str,
        *groups: str,
        public: str = "",
        kind: InterfaceType = InterfaceType.INTERFACE,
        source_dest_check: bool = True,
    ) -> None:
        """Add an interface, with the VPC's open group unless groups are given."""
        vpc_id = self.subnets[subnet_id].vpc_id
        self.interfaces[interface_id] = NetworkInterface(
            interface_id,
            vpc_id,
            subnet_id,
            IPv4Address(address),
            kind,
            groups or (f"sg-{vpc_id}",),
            IPv4Address(public) if public else None,
            source_dest_check,
        )

    def internet_gateway(self, gateway_id: str, vpc_id: str) -> None:
        """Attach an internet gateway."""
        self.gateways[gateway_id] = InternetGateway(gateway_id, vpc_id)

    def nat_gateway(self, gateway_id: str, subnet_id: str, address: str, public: str = "") -> None:
        """Add an available NAT gateway with its interface ``eni-<id>``; without a public address a private one."""
        interface_id = f"eni-{gateway_id}"
        vpc_id = self.subnets[subnet_id].vpc_id
        self.interfaces[interface_id] = NetworkInterface(
            interface_id, vpc_id, subnet_id, IPv4Address(address), InterfaceType.NAT_GATEWAY
        )
        self.nat_gateways[gateway_id] = NatGateway(
            gateway_id,
            vpc_id,
            subnet_id,
            "public" if public else "private",
            "available",
            interface_id,
            IPv4Address(address),
            IPv4Address(public) if public else None,
        )

    def instance(self, instance_id: str, interface_id: str, state: str = "running") -> None:
        """Add or replace an instance, which is a NAT instance, with its interface."""
        self.instances[instance_id] = Instance(instance_id, "ami-nat", state, (interface_id,))

    def gateway_endpoint(self, endpoint_id: str, vpc_id: str, service: str = "s3") -> None:
        """Add an available gateway endpoint."""
        self.endpoints[endpoint_id] = VpcEndpoint(
            endpoint_id, vpc_id, EndpointType.GATEWAY, f"com.amazonaws.us-east-1.{service}", "available"
        )


def two_subnets() -> Draft:
    """Return a VPC with a subnet and an open host in each: ``eni-left`` 10.0.1.10 and ``eni-right`` 10.0.2.10."""
    draft = Draft()
    draft.vpc("vpc-a")
    draft.subnet("subnet-left", "vpc-a", "10.0.1.0/24")
    draft.subnet("subnet-right", "vpc-a", "10.0.2.0/24")
    draft.interface("eni-left", "subnet-left", "10.0.1.10")
    draft.interface("eni-right", "subnet-right", "10.0.2.10")
    return draft


def private_and_public() -> Draft:
    """Return a VPC with a private subnet behind a NAT gateway in a public one: the textbook's case.

    ``eni-private`` 10.0.1.10 routes to ``nat-a`` 10.0.9.5, whose Elastic IP is 203.0.113.9; ``eni-public``
    10.0.9.10 has 203.0.113.10.
    """
    draft = Draft()
    draft.vpc("vpc-a")
    draft.internet_gateway("igw-a", "vpc-a")
    everywhere = "0.0.0.0/0"
    draft.table("rtb-private", "vpc-a", route(everywhere, TargetKind.NAT_GATEWAY, "nat-a"))
    draft.table("rtb-public", "vpc-a", route(everywhere, TargetKind.INTERNET_GATEWAY, "igw-a"))
    draft.subnet("subnet-private", "vpc-a", "10.0.1.0/24", table="rtb-private")
    draft.subnet("subnet-public", "vpc-a", "10.0.9.0/24", table="rtb-public")
    draft.interface("eni-private", "subnet-private", "10.0.1.10")
    draft.interface("eni-public", "subnet-public", "10.0.9.10", public="203.0.113.10")
    draft.nat_gateway("nat-a", "subnet-public", "10.0.9.5", public="203.0.113.9")
    return draft
