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
    """Plain moto gives everything in one page, and knows no filter for a route's origin."""
    whole = client("ec2").describe_subnets(MaxResults=5)
    assert len(whole["Subnets"]) > 5
    origin = {"Name": "route.origin", "Values": ["CreateRoute"]}
    unknown = not succeeds(lambda: client("ec2").describe_route_tables(Filters=[origin]))
    still_wrong(wrong="NextToken" not in whole and unknown, addition="describe_calls and listings")


def test_request_ids_are_still_needed(client: Client) -> None:
    """Plain moto gives two answers one id."""
    one, two = (client("ec2").describe_vpcs()["ResponseMetadata"]["RequestId"] for _ in range(2))
    still_wrong(wrong=one == two, addition="request_ids")
