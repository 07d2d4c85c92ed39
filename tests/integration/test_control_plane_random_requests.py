"""Whatever is asked of the control plane, it answers: as AWS would, or that it is not modelled; it never fails."""

# ruff: noqa: ANN401 - boto3 has no type information

import os
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import boto3
import botocore.config
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.integration.control_plane_world import REGION, VPC_ACCESS, World, endpoint
from tests.integration.random_request import RandomRequest

CALLS = int(os.environ.get("VPCLAB_RANDOM_CALLS", "2"))
"""For each operation; more by hand."""

SEED = int(os.environ.get("VPCLAB_RANDOM_SEED", "1"))
NOT_MODELLED = 501
_SLOW = frozenset({"Invoke", "InvokeAsync", "InvokeWithResponseStream"})


@pytest.mark.parametrize("service", ["ec2", "rds", "lambda", "iam", "elasticache", "elbv2"])
def test_request_at_random_cannot_make_the_control_plane_fail(here: World, service: str) -> None:
    """No operation answers 5xx, but for 501 about what is not modelled, in the wire format of its service."""
    known = _furnish(here)
    client = boto3.client(
        service,
        region_name=REGION,
        endpoint_url=endpoint(),
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=botocore.config.Config(retries={"total_max_attempts": 1}, parameter_validation=False),
    )
    failures = []
    for number in range(CALLS):
        for name in sorted(client.meta.service_model.operation_names):
            if name in _SLOW:
                continue
            request = RandomRequest(hash_of(SEED + number, name), known)
            parameters = request.parameters(client.meta.service_model.operation_model(name))
            problem = _problem(client, name, parameters)
            if problem:
                failures.append(f"{name} {parameters}: {problem}"[:600])
    assert not failures, "\n".join(failures)


def hash_of(number: int, name: str) -> int:
    """The same on every run, unlike hash()."""
    return number * 1_000_003 + zlib.crc32(name.encode())


def _problem(client: Any, name: str, parameters: Mapping[str, Any]) -> str | None:
    try:
        client._make_api_call(name, dict(parameters))  # noqa: SLF001 - by its name in the model
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        not_modelled = "not model" in str(error)
        return None if status < 500 or (status == NOT_MODELLED and not_modelled) else str(error)
    except BotoCoreError as error:
        return f"{type(error).__name__}: {error}" if "pars" in str(error).lower() else None
    except (AttributeError, TypeError, ValueError):
        return None  # the client could not even say it
    return None


def _furnish(here: World) -> Mapping[str, Sequence[str]]:
    """One or two of everything, and their names by the ends of parameters that take them."""
    vpc = here.vpc(internet=True)
    subnets = [here.subnet(vpc), here.subnet(vpc, "10.0.1.0/24", "b")]
    group, table = here.group(vpc), here.table(vpc)
    allocation, address = here.address()
    interface = here.ec2.create_network_interface(SubnetId=subnets[0])["NetworkInterface"]["NetworkInterfaceId"]
    nat = here.ec2.create_nat_gateway(SubnetId=subnets[0], AllocationId=here.address()[0])["NatGateway"]
    here.client("rds").create_db_subnet_group(
        DBSubnetGroupName="g", DBSubnetGroupDescription="d", SubnetIds=subnets
    )
    here.database("d", "g", [group])
    here.plane.database_ready("d")
    role = here.role("r", VPC_ACCESS)
    function = here.function("f", role)["FunctionArn"]
    gateways = here.ec2.describe_internet_gateways()["InternetGateways"]
    acls = here.ec2.describe_network_acls()["NetworkAcls"]
    images = here.ec2.describe_images()["Images"]
    return {
        "VpcId": [vpc],
        "SubnetId": subnets,
        "SubnetIdentifier": subnets,
        "Subnet": subnets,
        "GroupId": [group],
        "Groups": [group],
        "RouteTableId": [table],
        "AllocationId": [allocation],
        "PublicIp": [address],
        "NetworkInterfaceId": [interface],
        "NatGatewayId": [nat["NatGatewayId"]],
        "NetworkAclId": [one["NetworkAclId"] for one in acls],
        "GatewayId": [one["InternetGatewayId"] for one in gateways],
        "ImageId": [one["ImageId"] for one in images][:2],
        "ResourceId": [vpc],
        "DBInstanceIdentifier": ["d"],
        "DBSubnetGroupName": ["g"],
        "FunctionName": ["f", function],
        "Role": [role],
        "RoleName": ["r"],
        "PolicyArn": [VPC_ACCESS],
        "ServiceName": ["com.amazonaws.us-east-1.s3", "com.amazonaws.us-east-1.ssm"],
        "Runtime": ["python3.12"],
        "CidrBlock": ["10.0.2.0/24", "10.1.0.0/16"],
        "InstanceType": ["t3.micro"],
    }
