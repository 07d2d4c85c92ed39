"""A network with one of each thing that has a name."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

from vpclab.network.model import (
    Cache,
    DatabaseInstance,
    EndpointType,
    InterfaceType,
    LoadBalancer,
    Network,
    NetworkInterface,
    Subnet,
    Vpc,
    VpcEndpoint,
)

VPC = Vpc("vpc-1", "123456789012", "us-east-1", (IPv4Network("10.0.0.0/16"),), True, True)
OTHER_VPC = Vpc("vpc-2", "123456789012", "eu-west-1", (IPv4Network("10.0.0.0/16"),), True, True)
SUBNETS = (
    Subnet("subnet-a", VPC.id, IPv4Network("10.0.1.0/24"), "us-east-1a", "acl-1"),
    Subnet("subnet-b", VPC.id, IPv4Network("10.0.2.0/24"), "us-east-1b", "acl-1"),
)
DATABASE_NAME = "db.c1.us-east-1.rds.amazonaws.com"
STS_NAME = "vpce-1-abc.sts.us-east-1.vpce.amazonaws.com"


def interface(
    identifier: str, address: str, kind: InterfaceType = InterfaceType.INTERFACE, subnet: str = "subnet-a"
) -> NetworkInterface:
    return NetworkInterface(identifier, VPC.id, subnet, IPv4Address(address), kind)


DATABASE_INTERFACE = interface("eni-db", "10.0.1.9", InterfaceType.DATABASE)
DATABASE = DatabaseInstance(
    "db", "arn:db", VPC.id, DATABASE_NAME, 5432, "eni-db", "postgres", "17.4", "app", "available"
)
CACHE_NAMES = ("c-001.abc123.0001.use1.cache.amazonaws.com", "c.abc123.ng.0001.use1.cache.amazonaws.com")
CACHE = Cache("c-001", "arn:c", VPC.id, CACHE_NAMES, 6379, "eni-cache", "valkey", "8.1", "available")
BALANCER_NAME = "internal-inner-123.us-east-1.elb.amazonaws.com"
BALANCER = LoadBalancer(
    "arn:lb", "inner", VPC.id, "internal", "application", BALANCER_NAME, (), ("eni-lb-a", "eni-lb-b")
)
STS_ENDPOINT = VpcEndpoint(
    "vpce-1",
    VPC.id,
    EndpointType.INTERFACE,
    "com.amazonaws.us-east-1.sts",
    "available",
    network_interface_ids=("eni-sts-a", "eni-sts-b"),
    private_dns_enabled=True,
    dns_names=(
        STS_NAME,
        "vpce-1-abc-us-east-1a.sts.us-east-1.vpce.amazonaws.com",
        "vpce-1-abc-us-east-1b.sts.us-east-1.vpce.amazonaws.com",
        "sts.us-east-1.amazonaws.com",
    ),
)
S3_GATEWAY = VpcEndpoint("vpce-2", VPC.id, EndpointType.GATEWAY, "com.amazonaws.us-east-1.s3", "available")

NETWORK = Network(
    vpcs=(VPC, OTHER_VPC),
    subnets=SUBNETS,
    network_interfaces=(
        DATABASE_INTERFACE,
        interface("eni-cache", "10.0.1.30", InterfaceType.CACHE),
        interface("eni-lb-a", "10.0.1.40", InterfaceType.LOAD_BALANCER),
        interface("eni-lb-b", "10.0.2.40", InterfaceType.LOAD_BALANCER, "subnet-b"),
        interface("eni-sts-a", "10.0.1.20", InterfaceType.VPC_ENDPOINT),
        interface("eni-sts-b", "10.0.2.20", InterfaceType.VPC_ENDPOINT, "subnet-b"),
    ),
    vpc_endpoints=(STS_ENDPOINT, S3_GATEWAY),
    databases=(DATABASE,),
    caches=(CACHE,),
    load_balancers=(BALANCER,),
)


def with_endpoint(**changes: object) -> Network:
    return replace(NETWORK, vpc_endpoints=(replace(STS_ENDPOINT, **changes), S3_GATEWAY))  # type: ignore[arg-type]


def with_vpc(**changes: object) -> Network:
    return replace(NETWORK, vpcs=(replace(VPC, **changes), OTHER_VPC))  # type: ignore[arg-type]
