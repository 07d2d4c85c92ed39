"""Which address a name has, and for whom."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest

from tests.unit.far_ends.networks import (
    BALANCER_NAME,
    CACHE_NAMES,
    DATABASE,
    DATABASE_INTERFACE,
    DATABASE_NAME,
    NETWORK,
    OTHER_VPC,
    STS_NAME,
    VPC,
    with_endpoint,
    with_vpc,
)
from vpclab.localcloud.far_ends import addresses
from vpclab.localcloud.far_ends.names import Names
from vpclab.network.model import Network

STS = "sts.us-east-1.amazonaws.com"
EVERYWHERE = (VPC.id, OTHER_VPC.id, None)


def found(name: str, vpc_id: str | None, network: Network = NETWORK) -> list[str]:
    answer = Names(network).lookup(name, vpc_id)
    return [] if answer is None else [str(one) for one in answer.addresses]


def within(name: str, vpc_id: str | None, network: Network = NETWORK) -> IPv4Network | None:
    ranges = (
        addresses.INTERNET,
        addresses.OTHER_SERVICES,
        addresses.OTHER_REGIONS,
        addresses.S3,
        addresses.DYNAMODB,
    )
    [address] = found(name, vpc_id, network)
    return next((one for one in ranges if IPv4Address(address) in one), None)


@pytest.mark.parametrize("vpc_id", EVERYWHERE)
def test_database_name_can_be_resolved_to_the_private_address_everywhere(vpc_id: str | None) -> None:
    """The name of a private instance gives its private address, even to those who cannot reach it."""
    assert found(DATABASE_NAME, vpc_id) == ["10.0.1.9"]


def test_publicly_accessible_database_can_be_resolved_to_its_public_address_from_outside() -> None:
    """RDS guide: inside its VPC the private address, outside the public one."""
    network = replace(
        NETWORK,
        network_interfaces=(replace(DATABASE_INTERFACE, public_ip=IPv4Address("203.0.113.7")),),
        databases=(replace(DATABASE, publicly_accessible=True),),
    )
    assert found(DATABASE_NAME, VPC.id, network) == ["10.0.1.9"]
    assert found(DATABASE_NAME, OTHER_VPC.id, network) == found(DATABASE_NAME, None, network) == ["203.0.113.7"]


def test_private_dns_can_take_over_the_services_name_in_the_whole_vpc() -> None:
    """The name means the endpoint's interfaces in its VPC, and the public address anywhere else."""
    assert found(STS, VPC.id) == ["10.0.1.20", "10.0.2.20"]
    assert within(STS, OTHER_VPC.id) == within(STS, None) == addresses.OTHER_SERVICES


@pytest.mark.parametrize(
    "network",
    [
        with_endpoint(private_dns_enabled=False),
        with_endpoint(state="pending"),
        with_vpc(enable_dns_hostnames=False),
        replace(NETWORK, vpc_endpoints=()),
    ],
    ids=["private DNS off", "pending", "DNS host names off", "endpoint deleted"],
)
def test_private_dns_cannot_act_without_what_it_needs(network: Network) -> None:
    """The public address is what is left."""
    assert within(STS, VPC.id, network) == addresses.OTHER_SERVICES


def test_private_dns_cannot_cover_other_names_of_the_service() -> None:
    """The global and the FIPS name of STS, and its name in another Region, stay public."""
    for name in ("sts.amazonaws.com", "sts-fips.us-east-1.amazonaws.com", "sts.eu-west-1.amazonaws.com"):
        assert within(name, VPC.id) == addresses.OTHER_SERVICES


@pytest.mark.parametrize("vpc_id", EVERYWHERE)
def test_endpoint_specific_names_can_be_resolved_everywhere(vpc_id: str | None) -> None:
    """They give private addresses; the zonal ones those of their zone."""
    assert found(STS_NAME, vpc_id) == ["10.0.1.20", "10.0.2.20"]
    assert found("vpce-1-abc-us-east-1b.sts.us-east-1.vpce.amazonaws.com", vpc_id) == ["10.0.2.20"]


def test_s3_endpoint_can_cover_names_of_buckets() -> None:
    """An S3 interface endpoint with private DNS stands for the service's name and everything one asks below it."""
    network = with_endpoint(service_name="com.amazonaws.us-east-1.s3")
    for name in ("s3.us-east-1.amazonaws.com", "bucket.s3.us-east-1.amazonaws.com"):
        assert found(name, VPC.id, network) == ["10.0.1.20", "10.0.2.20"]


def test_s3_of_the_askers_region_can_be_found_in_its_prefix_list() -> None:
    """A gateway endpoint changes no name; S3 of another Region lies outside the range that it routes."""
    assert within("s3.us-east-1.amazonaws.com", VPC.id) == addresses.S3
    assert within("bucket.s3.us-east-1.amazonaws.com", VPC.id) == addresses.S3
    assert within("s3.eu-west-1.amazonaws.com", VPC.id) == addresses.OTHER_REGIONS
    assert within("s3.eu-west-1.amazonaws.com", OTHER_VPC.id) == addresses.S3
    assert within("s3.amazonaws.com", VPC.id) == addresses.S3
    assert within("s3.amazonaws.com", OTHER_VPC.id) == addresses.OTHER_REGIONS
    assert within("dynamodb.us-east-1.amazonaws.com", None) == addresses.DYNAMODB
    assert within("dynamodb.us-west-2.amazonaws.com", VPC.id) == addresses.OTHER_REGIONS


@pytest.mark.parametrize(
    "name", ["checkip.amazonaws.com", "example.com", "www.example.com", "a.b.example.org", "www.google.com"]
)
def test_internet_names_can_be_resolved(name: str) -> None:
    """They lie in the simulated internet, for everybody at the same address."""
    assert {within(name, vpc_id) for vpc_id in EVERYWHERE} == {addresses.INTERNET}
    assert len({tuple(found(name, vpc_id)) for vpc_id in EVERYWHERE}) == 1


def test_case_cannot_matter() -> None:
    """RFC 4343."""
    assert found("DB.c1.US-east-1.rds.amazonaws.com", None) == found(DATABASE_NAME, None)


@pytest.mark.parametrize(
    "name", ["", "nothing.invalid", "example.com.evil", "notexample.com", "gone.c1.us-east-1.rds.amazonaws.com"]
)
def test_other_names_cannot_be_resolved(name: str) -> None:
    """Everything else does not exist."""
    assert all(Names(NETWORK).lookup(name, vpc_id) is None for vpc_id in EVERYWHERE)


def test_internal_name_can_be_resolved_inside_its_vpc_alone() -> None:
    """IP-based names exist for interfaces of the asker's VPC, both ways."""
    names = Names(NETWORK)
    assert found("ip-10-0-1-9.ec2.internal", VPC.id) == ["10.0.1.9"]
    assert names.lookup("ip-10-0-1-9.ec2.internal", OTHER_VPC.id) is None
    assert names.lookup("ip-10-0-1-10.ec2.internal", VPC.id) is None
    assert names.lookup("ip-999-0-1-10.ec2.internal", VPC.id) is None
    assert names.pointer(IPv4Address("10.0.1.9"), VPC.id) == "ip-10-0-1-9.ec2.internal"
    assert names.pointer(IPv4Address("10.0.1.9"), OTHER_VPC.id) is None
    assert names.pointer(IPv4Address("10.0.1.9"), None) is None


@pytest.mark.parametrize("vpc_id", EVERYWHERE)
def test_names_of_caches_and_load_balancers_can_be_asked_from_everywhere(vpc_id: str | None) -> None:
    """They are public names of private addresses; a load balancer's has one for each of its subnets."""
    for name in CACHE_NAMES:
        assert found(name, vpc_id) == ["10.0.1.30"]
    assert found(BALANCER_NAME.upper(), vpc_id) == ["10.0.1.40", "10.0.2.40"]


def test_names_of_what_is_gone_cannot_be_found() -> None:
    """Nor ones that never were."""
    gone = replace(NETWORK, caches=(), load_balancers=())
    for name in (*CACHE_NAMES, BALANCER_NAME):
        assert found(name, VPC.id, gone) == []
    assert found("other.abc123.ng.0001.use1.cache.amazonaws.com", VPC.id) == []


def test_public_name_can_mean_the_private_address_at_home() -> None:
    """EC2 guide, "Hostname types": inside the VPC that gives names the private address, else the public one."""
    address, name = IPv4Address("203.0.113.7"), "ec2-203-0-113-7.compute-1.amazonaws.com"
    holders = (replace(DATABASE_INTERFACE, public_ip=address),)
    network = replace(with_vpc(enable_dns_hostnames=True), network_interfaces=holders)
    nameless = replace(with_vpc(enable_dns_hostnames=False), network_interfaces=holders)
    assert found(name, VPC.id, network) == [str(DATABASE_INTERFACE.private_ip)]
    assert found(name, OTHER_VPC.id, network) == found(name, None, network) == [str(address)]
    assert found(name, VPC.id, nameless) == [str(address)]
    assert Names(network).pointer(address, None) == name


def test_name_of_an_address_that_is_not_ec2s_cannot_resolve() -> None:
    """Whatever is no public address of AWS's has no such name."""
    for number in ("198-51-100-7", "300-1-1-1", "10-0-1-9"):
        assert found(f"ec2-{number}.compute-1.amazonaws.com", VPC.id) == []
