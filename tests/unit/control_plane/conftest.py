"""For the contract tests: plain moto, once for each file, with a VPC and a role."""

# ruff: noqa: PLC0415 - boto3 has no type information; moto may only be imported once it is loaded

import json
from collections.abc import Iterator
from functools import cache

import boto3
import pytest

from tests.unit.control_plane.plain_moto import (
    REGION,
    Client,
)
from vpclab.localcloud.control_plane import ControlPlane, moto_process


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """Clients of plain moto, without any control plane in the process. One for all: it takes a second to make."""
    if ControlPlane.current is not None:
        ControlPlane.current.close()
    moto_process.load()
    from moto import mock_aws

    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        yield cache(lambda service: boto3.client(service, region_name=REGION))


@pytest.fixture
def vpc(client: Client) -> str:
    made: str = client("ec2").create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
    return made


@pytest.fixture
def subnet(client: Client, vpc: str) -> str:
    made = client("ec2").create_subnet(VpcId=vpc, CidrBlock="10.77.0.0/28", AvailabilityZone="us-east-1a")
    identifier: str = made["Subnet"]["SubnetId"]
    return identifier


@pytest.fixture(scope="module")
def role(client: Client) -> str:
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}],
    }
    made = client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(trust))
    arn: str = made["Role"]["Arn"]
    return arn
