"""What describe calls returned, as the network's facts. With ``snapshot_targets`` all that knows its keys.

A snapshot is one Region of one account: for each describe call the list that it returned, under the response's own
key (``Vpcs``, ``DBInstances``), plus what AWS tells only piece by piece (``VpcAttributes``, ``Entries`` of a
prefix list, ``Listeners``, and ``TargetHealthDescriptions`` by target group). It survives a JSON file.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any, TypeAlias

from vpclab.network import snapshot_targets
from vpclab.network.block_public_access import BlockMode, BlockPublicAccess, Exclusion, ExclusionMode
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

Json: TypeAlias = Mapping[str, Any]

RDS_REQUESTER = "amazon-rds"
_REQUESTERS = {
    RDS_REQUESTER: InterfaceType.DATABASE,
    "amazon-elasticache": InterfaceType.CACHE,
    "amazon-elb": InterfaceType.LOAD_BALANCER,
}

_INTERFACE_TYPES = {
    "natGateway": InterfaceType.NAT_GATEWAY,  # the API's enumeration; responses say nat_gateway
    **{kind.value: kind for kind in InterfaceType if kind not in _REQUESTERS.values()},
}
_GONE = frozenset({"failed", "deleting", "deleted"})


class SnapshotError(Exception):
    """The snapshot holds something that the model cannot say."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """``described`` maps a response key to what the call returned; ``addresses`` maps endpoint names to addresses.

    ``addresses`` is only needed where two databases could be behind either of two interfaces: AWS tells which
    interface is whose by DNS alone.
    """

    region: str
    described: Json
    addresses: Mapping[str, str]


def network_of(snapshot: Snapshot) -> Network:
    """Return the facts of one Region. SnapshotError: it has something that is not modelled."""
    given = snapshot.described
    return Network(
        vpcs=tuple(_vpcs(given, snapshot.region)),
        subnets=tuple(_subnets(given)),
        route_tables=tuple(_route_table(one) for one in given["RouteTables"]),
        internet_gateways=tuple(_internet_gateway(one) for one in given["InternetGateways"]),
        nat_gateways=tuple(_nat_gateway(one) for one in given["NatGateways"] if one["State"] not in _GONE),
        security_groups=tuple(_security_group(one) for one in given["SecurityGroups"]),
        network_acls=tuple(_network_acl(one) for one in given["NetworkAcls"]),
        network_interfaces=tuple(_interface(one) for one in given["NetworkInterfaces"]),
        vpc_endpoints=tuple(_endpoint(one) for one in given["VpcEndpoints"] if one["State"].lower() not in _GONE),
        prefix_lists=tuple(_prefix_list(one) for one in given["PrefixLists"] if _lives(one)),
        databases=tuple(_database(one, snapshot) for one in given["DBInstances"]),
        caches=tuple(snapshot_targets.caches(given)),
        load_balancers=tuple(snapshot_targets.load_balancers(given)),
        target_groups=tuple(snapshot_targets.target_groups(given)),
        instances=tuple(snapshot_targets.instances(given)),
        block_public_access=tuple(_block_public_access(given)),
    )


def _block_public_access(given: Json) -> Iterator[BlockPublicAccess]:
    """Return the account's block of the Region, if it is on."""
    options = given.get("VpcBlockPublicAccessOptions", {})
    mode = BlockMode(options.get("InternetGatewayBlockMode", BlockMode.OFF))
    if mode is not BlockMode.OFF:
        exclusions = tuple(
            Exclusion(
                one["ExclusionId"],
                one["ResourceArn"].rpartition("/")[2],
                ExclusionMode(one["InternetGatewayExclusionMode"]),
            )
            for one in given["VpcBlockPublicAccessExclusions"]
            if not one["State"].startswith(("delete", "disable"))
        )
        yield BlockPublicAccess(options["AwsAccountId"], options["AwsRegion"], mode, exclusions)


def merged(networks: Iterable[Network]) -> Network:
    """Return one network with everything of several Regions and accounts."""
    parts = list(networks)
    return Network(
        **{
            name: tuple(one for network in parts for one in getattr(network, name))
            for name in Network.__dataclass_fields__
        }
    )


def _vpcs(given: Json, region: str) -> Iterator[Vpc]:
    servers = {one["DhcpOptionsId"]: _domain_name_servers(one) for one in given["DhcpOptions"]}
    for one in given["Vpcs"]:
        attributes = given["VpcAttributes"][one["VpcId"]]
        yield Vpc(
            id=one["VpcId"],
            owner_id=one["OwnerId"],
            region=region,
            cidr_blocks=tuple(
                IPv4Network(association["CidrBlock"])
                for association in one["CidrBlockAssociationSet"]
                if association["CidrBlockState"]["State"] == "associated"
            ),
            enable_dns_support=attributes["EnableDnsSupport"],
            enable_dns_hostnames=attributes["EnableDnsHostnames"],
            domain_name_servers=servers.get(one["DhcpOptionsId"], (AMAZON_PROVIDED_DNS,)),
        )


def _domain_name_servers(options: Json) -> tuple[str, ...]:
    for one in options["DhcpConfigurations"]:
        if one["Key"] == "domain-name-servers":
            return tuple(value["Value"] for value in one["Values"])
    return (AMAZON_PROVIDED_DNS,)


def _subnets(given: Json) -> Iterator[Subnet]:
    guarding = {
        association["SubnetId"]: acl["NetworkAclId"]
        for acl in given["NetworkAcls"]
        for association in acl["Associations"]
    }
    for one in given["Subnets"]:
        yield Subnet(
            id=one["SubnetId"],
            vpc_id=one["VpcId"],
            cidr_block=IPv4Network(one["CidrBlock"]),
            availability_zone=one["AvailabilityZone"],
            network_acl_id=guarding[one["SubnetId"]],
            availability_zone_id=one.get("AvailabilityZoneId", ""),
            map_public_ip_on_launch=one["MapPublicIpOnLaunch"],
        )


def _route_table(one: Json) -> RouteTable:
    associations = one["Associations"]
    return RouteTable(
        id=one["RouteTableId"],
        vpc_id=one["VpcId"],
        routes=tuple(
            _route(route, one["RouteTableId"])
            for route in one["Routes"]
            if "DestinationIpv6CidrBlock" not in route
        ),
        main=any(association["Main"] for association in associations),
        subnet_ids=tuple(association["SubnetId"] for association in associations if "SubnetId" in association),
    )


def _route(route: Json, table_id: str) -> Route:
    listed = route.get("DestinationPrefixListId")
    origin = RouteOrigin.PREFIX_LIST if listed else RouteOrigin(route["Origin"])
    return Route(
        target=_target(route, table_id),
        destination=None if listed else IPv4Network(route["DestinationCidrBlock"]),
        prefix_list_id=listed,
        state=RouteState(route["State"]),
        origin=origin,
    )


def _target(route: Json, table_id: str) -> RouteTarget:
    gateway = route.get("GatewayId", "")
    if gateway == "local":
        return RouteTarget(TargetKind.LOCAL, gateway)
    if gateway.startswith("igw-"):
        return RouteTarget(TargetKind.INTERNET_GATEWAY, gateway)
    if gateway.startswith("vpce-"):
        return RouteTarget(TargetKind.GATEWAY_ENDPOINT, gateway)
    if nat := route.get("NatGatewayId"):
        return RouteTarget(TargetKind.NAT_GATEWAY, nat)
    if interface := route.get("NetworkInterfaceId"):
        return RouteTarget(TargetKind.NETWORK_INTERFACE, interface)
    raise SnapshotError(f"route table {table_id} has a route whose target is not modelled: {dict(route)}")


def _internet_gateway(one: Json) -> InternetGateway:
    attached = [attachment["VpcId"] for attachment in one["Attachments"]]
    return InternetGateway(one["InternetGatewayId"], attached[0] if attached else None)


def _nat_gateway(one: Json) -> NatGateway:
    addresses = one["NatGatewayAddresses"]
    primary = next((address for address in addresses if address.get("IsPrimary")), addresses[0])
    return NatGateway(
        id=one["NatGatewayId"],
        vpc_id=one["VpcId"],
        subnet_id=one["SubnetId"],
        connectivity_type=one["ConnectivityType"],
        state=one["State"],
        network_interface_id=primary["NetworkInterfaceId"],
        private_ip=IPv4Address(primary["PrivateIp"]),
        public_ip=IPv4Address(primary["PublicIp"]) if primary.get("PublicIp") else None,
    )


def _security_group(one: Json) -> SecurityGroup:
    return SecurityGroup(
        id=one["GroupId"],
        name=one["GroupName"],
        vpc_id=one["VpcId"],
        ingress=tuple(rule for permission in one["IpPermissions"] for rule in _rules(permission)),
        egress=tuple(rule for permission in one["IpPermissionsEgress"] for rule in _rules(permission)),
    )


def _rules(permission: Json) -> Iterator[SecurityGroupRule]:
    protocol = protocol_name(permission["IpProtocol"])
    ports: tuple[int | None, int | None] = (None, None)
    if protocol != "-1":
        ports = (_port(permission.get("FromPort")), _port(permission.get("ToPort")))
    for one in permission.get("IpRanges", ()):
        yield SecurityGroupRule(protocol, *ports, cidr=IPv4Network(one["CidrIp"]))
    for one in permission.get("UserIdGroupPairs", ()):
        yield SecurityGroupRule(protocol, *ports, group_id=one["GroupId"])
    for one in permission.get("PrefixListIds", ()):
        yield SecurityGroupRule(protocol, *ports, prefix_list_id=one["PrefixListId"])


def _port(value: int | None) -> int | None:
    return None if value is None or value < 0 else value


def _network_acl(one: Json) -> NetworkAcl:
    return NetworkAcl(
        id=one["NetworkAclId"],
        vpc_id=one["VpcId"],
        is_default=one["IsDefault"],
        entries=tuple(_entry(entry) for entry in one["Entries"] if "CidrBlock" in entry),
        subnet_ids=tuple(association["SubnetId"] for association in one["Associations"]),
    )


def _entry(entry: Json) -> NetworkAclEntry:
    ports, icmp = entry.get("PortRange", {}), entry.get("IcmpTypeCode", {})
    return NetworkAclEntry(
        number=entry["RuleNumber"],
        egress=entry["Egress"],
        protocol=protocol_name(entry["Protocol"]),
        allow=entry["RuleAction"] == "allow",
        cidr=IPv4Network(entry["CidrBlock"]),
        from_port=_port(ports.get("From", icmp.get("Type"))),
        to_port=_port(ports.get("To", icmp.get("Code"))),
    )


def _interface(one: Json) -> NetworkInterface:
    by_type = _INTERFACE_TYPES.get(one["InterfaceType"], InterfaceType.INTERFACE)
    kind = _REQUESTERS.get(one.get("RequesterId", ""), by_type)
    public = one.get("Association", {}).get("PublicIp")
    return NetworkInterface(
        id=one["NetworkInterfaceId"],
        vpc_id=one["VpcId"],
        subnet_id=one["SubnetId"],
        private_ip=IPv4Address(one["PrivateIpAddress"]),
        interface_type=kind,
        security_group_ids=tuple(group["GroupId"] for group in one["Groups"]),
        public_ip=IPv4Address(public) if public else None,
        source_dest_check=one["SourceDestCheck"],
        description=one.get("Description", ""),
    )


def _endpoint(one: Json) -> VpcEndpoint:
    return VpcEndpoint(
        id=one["VpcEndpointId"],
        vpc_id=one["VpcId"],
        endpoint_type=EndpointType(one["VpcEndpointType"]),
        service_name=one["ServiceName"],
        state=one["State"],
        route_table_ids=tuple(one.get("RouteTableIds", ())),
        network_interface_ids=tuple(one.get("NetworkInterfaceIds", ())),
        private_dns_enabled=one.get("PrivateDnsEnabled", False),
        dns_names=tuple(
            entry["DnsName"]
            for entry in one.get("DnsEntries", ())
            if entry["DnsName"].endswith(".vpce.amazonaws.com")
        ),
    )


def _lives(one: Json) -> bool:
    return bool(one["AddressFamily"] == "IPv4" and one["State"] != "delete-complete")


def _prefix_list(one: Json) -> PrefixList:
    ranges = tuple(IPv4Network(entry["Cidr"]) for entry in one["Entries"])
    return PrefixList(one["PrefixListId"], one["PrefixListName"], ranges)


def _database(one: Json, snapshot: Snapshot) -> DatabaseInstance:
    endpoint = one.get("Endpoint", {})
    return DatabaseInstance(
        identifier=one["DBInstanceIdentifier"],
        arn=one["DBInstanceArn"],
        vpc_id=one["DBSubnetGroup"]["VpcId"],
        endpoint_address=endpoint.get("Address", ""),
        port=endpoint.get("Port") or one["DbInstancePort"],
        network_interface_id=_interface_of(one, snapshot),
        engine=one["Engine"],
        engine_version=one["EngineVersion"],
        database_name=one.get("DBName", ""),
        status=one["DBInstanceStatus"],
        publicly_accessible=one["PubliclyAccessible"],
    )


def _interface_of(database: Json, snapshot: Snapshot) -> str:
    """Return the interface that answers for a database: by its address if known, else the only one that fits."""
    subnets = {one["SubnetIdentifier"] for one in database["DBSubnetGroup"]["Subnets"]}
    groups = {one["VpcSecurityGroupId"] for one in database["VpcSecurityGroups"]}
    fitting = [
        one
        for one in snapshot.described["NetworkInterfaces"]
        if one.get("RequesterId") == RDS_REQUESTER
        and one["SubnetId"] in subnets
        and one["AvailabilityZone"] == database["AvailabilityZone"]
        and {group["GroupId"] for group in one["Groups"]} == groups
    ]
    address = snapshot.addresses.get(database.get("Endpoint", {}).get("Address", ""))
    if address is not None:
        fitting = [
            one
            for one in fitting
            if address in (one["PrivateIpAddress"], one.get("Association", {}).get("PublicIp"))
        ]
    if len(fitting) != 1:
        raise SnapshotError(
            f"{len(fitting)} interfaces could be that of the database {database['DBInstanceIdentifier']}; "
            "its endpoint's address would tell which"
        )
    return str(fitting[0]["NetworkInterfaceId"])
