"""What resources cost per hour, by the table."""

import inspect
from decimal import Decimal
from pathlib import Path

import pulumi_aws
import pytest

from vpclab.pricing import table
from vpclab.pricing.estimate import Planned, estimate
from vpclab.toolchain.aws_plugin.resource_types import RESOURCE_TYPES

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def planned(type_name: str, **inputs: object) -> Planned:
    return Planned(type_name, "one", inputs)


@pytest.mark.parametrize(
    ("resource", "per_hour"),
    [
        (planned("aws:ec2/natGateway:NatGateway"), "0.045"),
        (planned("aws:ec2/eip:Eip"), "0.005"),
        (planned("aws:ec2/vpcEndpoint:VpcEndpoint", vpcEndpointType="Interface", subnetIds=["a", "b"]), "0.02"),
        (planned("aws:ec2/vpcEndpoint:VpcEndpoint", vpcEndpointType="Interface", subnetIds=UNKNOWN), "0.02"),
        (planned("aws:ec2/vpcEndpoint:VpcEndpoint", vpcEndpointType="Gateway"), "0"),
        (planned("aws:ec2/vpcEndpoint:VpcEndpoint"), "0"),
        (planned("aws:lb/loadBalancer:LoadBalancer"), "0.0225"),
        (planned("aws:kinesis/stream:Stream", shardCount=2), "0.03"),
        (planned("aws:kinesis/stream:Stream", streamModeDetails={"streamMode": "ON_DEMAND"}), "0.04"),
        (planned("aws:rds/instance:Instance", instanceClass="db.t4g.micro"), "0.016"),
        (planned("aws:rds/instance:Instance", instanceClass="db.t4g.micro", multiAz=True), "0.032"),
        (planned("aws:elasticache/replicationGroup:ReplicationGroup", nodeType="cache.t4g.micro"), "0.0128"),
        (
            planned(
                "aws:elasticache/replicationGroup:ReplicationGroup", nodeType="cache.t4g.micro", numCacheClusters=2
            ),
            "0.0256",
        ),
        (planned("aws:ec2/vpc:Vpc"), "0"),
        (planned("aws:iam/role:Role"), "0"),
        (planned("vpclab:network:Vpc"), "0"),
    ],
)
def test_resource_can_be_priced(resource: Planned, per_hour: str) -> None:
    """By its type and the inputs that the bill depends on. A list not known yet stands for two zones."""
    found = estimate([resource])
    assert found.per_hour == Decimal(per_hour)
    assert found.unpriced == ()


def test_storage_and_secret_of_a_database_can_be_counted_in() -> None:
    """They are priced per month, of 730 hours."""
    inputs = {"instanceClass": "db.t4g.micro", "allocatedStorage": 20, "manageMasterUserPassword": True}
    found = estimate([planned("aws:rds/instance:Instance", **inputs)])
    assert found.per_hour * 730 == pytest.approx(Decimal("0.016") * 730 + Decimal("0.115") * 20 + Decimal("0.40"))


def test_alike_can_be_counted_together() -> None:
    """One line for three gateways."""
    (line,) = estimate([planned("aws:ec2/natGateway:NatGateway")] * 3).lines
    assert (line.count, line.per_hour) == (3, Decimal("0.135"))


@pytest.mark.parametrize(
    ("resource", "why"),
    [
        (planned("aws:rds/instance:Instance", instanceClass="db.r9.huge"), "db.r9.huge is not in the table"),
        (planned("aws:quantum/computer:Computer"), "its type is not in the table"),
    ],
)
def test_what_the_table_lacks_cannot_be_left_out(resource: Planned, why: str) -> None:
    """It is named, with what is lacking."""
    found = estimate([resource])
    assert [reason for _what, reason in found.unpriced] == [why]


def test_what_costs_by_use_can_be_told() -> None:
    """It adds nothing per hour."""
    found = estimate([planned("aws:lambda/function:Function")])
    assert found.per_hour == 0
    assert found.by_use == (("Function", "for each request and for its run time"),)


def test_every_type_that_the_program_can_deploy_can_be_priced() -> None:
    """No resource type of the stand-in is unknown to the table, so none of the program's is."""
    unknown = {
        one.type_name
        for one in RESOURCE_TYPES.values()
        if any(why == "its type is not in the table" for _what, why in estimate([planned(one.type_name)]).unpriced)
    }
    assert unknown == set()


def test_types_of_the_table_cannot_be_invented() -> None:
    """pulumi-aws declares each of them."""
    sources = Path(inspect.getfile(pulumi_aws)).parent
    for name in [*table.FREE, *table.BY_USE]:
        _aws, path, _noun = name.split(":")
        module = path.partition("/")[0].replace("lambda", "lambda_")
        declared = "\n".join(file.read_text() for file in (sources / module).glob("*.py"))
        assert f"'{name}'" in declared, name
