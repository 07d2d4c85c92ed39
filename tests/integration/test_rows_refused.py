"""Rows whose components are not modelled: refused where they are asked for, by a clear error that names them."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.row_cloud import refused
from tests.integration.row_world import Place, RowWorld

Attempt = Callable[[RowWorld, Place], Any]
EVERYWHERE = "::/0"

ATTEMPTS: dict[str, tuple[Attempt, str]] = {
    "R48, R49: a NAT instance": (
        lambda world, place: world.ec2.run_instances(
            ImageId="ami-0123456789abcdef0", MinCount=1, MaxCount=1, SubnetId=place.subnet
        ),
        "EC2 instances",
    ),
    "R55: an IPv6 range for a VPC": (
        lambda world, _: world.ec2.create_vpc(CidrBlock="10.9.0.0/16", AmazonProvidedIpv6CidrBlock=True),
        "IPv6",
    ),
    "R55: an IPv6 range for an existing VPC": (
        lambda world, place: world.ec2.associate_vpc_cidr_block(VpcId=place.vpc, AmazonProvidedIpv6CidrBlock=True),
        "IPv6",
    ),
    "R55: a dual-stack subnet": (
        lambda world, place: world.ec2.create_subnet(
            VpcId=place.vpc, CidrBlock="10.0.9.0/24", Ipv6CidrBlock="2001:db8::/64"
        ),
        "IPv6",
    ),
    "R55: an egress-only internet gateway": (
        lambda world, place: world.ec2.create_egress_only_internet_gateway(VpcId=place.vpc),
        "egress-only internet gateways",
    ),
    "R55, R57: a route for IPv6": (
        lambda world, place: world.ec2.create_route(
            RouteTableId=place.table, DestinationIpv6CidrBlock=EVERYWHERE, GatewayId="igw-0123456789abcdef0"
        ),
        "IPv6",
    ),
    "R55: an IPv6 rule of a group": (
        lambda world, place: world.ec2.authorize_security_group_ingress(
            GroupId=place.group,
            IpPermissions=[
                {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "Ipv6Ranges": [{"CidrIpv6": EVERYWHERE}]}
            ],
        ),
        "IPv6",
    ),
    "R56, R58: Ipv6AllowedForDualStack": (
        lambda world, place: world.functions.create_function(
            FunctionName="rows-dual-stack",
            Runtime="python3.13",
            Handler="probe.handler",
            Role=world.role,
            Code={"ZipFile": b"PK\x05\x06" + bytes(18)},
            VpcConfig={
                "SubnetIds": [place.subnet],
                "SecurityGroupIds": [place.group],
                "Ipv6AllowedForDualStack": True,
            },
        ),
        "IPv6",
    ),
    "R59, R60: a Regional NAT gateway": (
        lambda world, place: world.ec2.create_nat_gateway(VpcId=place.vpc, AvailabilityMode="regional"),
        "regional NAT gateways",
    ),
    "another target for the local route": (
        lambda world, place: world.ec2.replace_route(
            RouteTableId=place.table, DestinationCidrBlock="10.0.0.0/16", NetworkInterfaceId="eni-01234567"
        ),
        "local route",
    ),
    "an endpoint with IPv6": (
        lambda world, place: world.ec2.create_vpc_endpoint(
            VpcId=place.vpc,
            ServiceName="com.amazonaws.us-east-1.sts",
            VpcEndpointType="Interface",
            SubnetIds=[place.subnet],
            IpAddressType="dualstack",
        ),
        "IPv6",
    ),
    "an endpoint's chosen address": (
        lambda world, place: world.ec2.create_vpc_endpoint(
            VpcId=place.vpc,
            ServiceName="com.amazonaws.us-east-1.sts",
            VpcEndpointType="Interface",
            SubnetConfigurations=[{"SubnetId": place.subnet, "Ipv4": "10.0.1.9"}],
        ),
        "private addresses",
    ),
    "a NAT gateway's chosen address": (
        lambda world, place: world.ec2.create_nat_gateway(
            SubnetId=place.subnet, ConnectivityType="private", PrivateIpAddress="10.0.1.9"
        ),
        "private address",
    ),
    "R67: Reachability Analyzer": (
        lambda world, _: world.ec2.create_network_insights_path(Source="eni-0123456789abcdef0", Protocol="tcp"),
        "Reachability Analyzer (GET /_vpclab/drops",
    ),
    "a peering connection": (
        lambda world, place: world.ec2.create_vpc_peering_connection(VpcId=place.vpc, PeerVpcId=place.vpc),
        "VPC peering",
    ),
    "a transit gateway": (lambda world, _: world.ec2.create_transit_gateway(), "transit gateways"),
    "Lambda Managed Instances": (
        lambda world, _: world.functions.create_capacity_provider(
            CapacityProviderName="rows",
            VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
            PermissionsConfig={"CapacityProviderOperatorRoleArn": world.role},
        ),
        "",
    ),
}


@pytest.mark.parametrize("what", ATTEMPTS)
def test_what_is_not_modelled_cannot_be_made(world: RowWorld, what: str) -> None:
    """R48, R49, R55 to R60, R67: nothing would follow, so the call is refused and says which kind is missing."""
    attempt, text = ATTEMPTS[what]
    place = world.isolated()
    before = world.ec2.describe_route_tables(RouteTableIds=[place.table])["RouteTables"]
    with refused("UnsupportedOperation", text, "local cloud"):
        attempt(world, place)
    assert world.ec2.describe_route_tables(RouteTableIds=[place.table])["RouteTables"] == before
