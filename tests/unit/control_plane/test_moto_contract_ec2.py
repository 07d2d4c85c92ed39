"""Plain moto still behaves as the additions to its EC2 and RDS correct it. A failure here is good news."""

# ruff: noqa: ANN401 - boto3 has no type information

from collections.abc import Iterator
from functools import cache
from typing import Any

import boto3
import pytest

from tests.unit.control_plane.test_moto_contract import REGION, Client, still_wrong, succeeds
from vpclab.localcloud.control_plane import ControlPlane, moto_process


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """Clients of plain moto, without any control plane in the process."""
    if ControlPlane.current is not None:
        ControlPlane.current.close()
    moto_process.load()
    from moto import mock_aws  # noqa: PLC0415 - moto may only be imported once it is loaded

    def make(service: str) -> Any:
        return boto3.client(service, region_name=REGION)

    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        yield cache(make)


def test_describe_calls_are_still_needed(client: Client) -> None:
    """Plain moto gives everything in one page."""
    whole = client("ec2").describe_subnets(MaxResults=5)
    assert len(whole["Subnets"]) > 5
    still_wrong(wrong="NextToken" not in whole, addition="describe_calls and listings")


def test_block_public_access_is_still_needed(client: Client) -> None:
    """Plain moto does not have it."""
    with pytest.raises(NotImplementedError, match="describe_vpc_block_public_access_options"):
        client("ec2").describe_vpc_block_public_access_options()


def test_request_ids_are_still_needed(client: Client) -> None:
    """Plain moto gives two answers one id."""
    one, two = (client("ec2").describe_vpcs()["ResponseMetadata"]["RequestId"] for _ in range(2))
    still_wrong(wrong=one == two, addition="request_ids")


def test_security_group_calls_are_still_needed(client: Client) -> None:
    """Plain moto keeps the first permission of a request whose second one is refused."""
    ec2 = client("ec2")
    group = ec2.create_security_group(GroupName="atomic", Description="d")["GroupId"]
    ports = [
        {"IpProtocol": "tcp", "FromPort": n, "ToPort": n, "IpRanges": [{"CidrIp": "9.0.0.0/8"}]} for n in (1, 2)
    ]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=ports[1:])
    assert not succeeds(lambda: ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=ports))
    [found] = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    still_wrong(wrong=len(found["IpPermissions"]) == 2, addition="security_group_calls")


def test_interface_groups_are_still_needed(client: Client) -> None:
    """Plain moto takes an interface into a group of another VPC."""
    ec2 = client("ec2")
    vpcs = [ec2.create_vpc(CidrBlock=f"10.{n}.0.0/16")["Vpc"]["VpcId"] for n in (91, 92)]
    subnet = ec2.create_subnet(VpcId=vpcs[0], CidrBlock="10.91.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="far", Description="d", VpcId=vpcs[1])["GroupId"]
    accepted = succeeds(lambda: ec2.create_network_interface(SubnetId=subnet, Groups=[group]))
    still_wrong(wrong=accepted, addition="interface_groups")
