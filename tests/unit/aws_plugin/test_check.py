"""What the plugin says of inputs before it does anything, and how it completes them."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from vpclab.toolchain.aws_plugin.check import DEFAULTS, complete, problems
from vpclab.toolchain.aws_plugin.resource_types import RESOURCE_TYPES
from vpclab.toolchain.aws_plugin.schema import ResourceType
from vpclab.toolchain.aws_plugin.values import UNKNOWN

VPC = RESOURCE_TYPES["aws:ec2/vpc:Vpc"]
ROLE = RESOURCE_TYPES["aws:iam/role:Role"]
ROUTE = RESOURCE_TYPES["aws:ec2/route:Route"]
FUNCTION = RESOURCE_TYPES["aws:lambda/function:Function"]
INSTANCE = RESOURCE_TYPES["aws:rds/instance:Instance"]


def told(row: ResourceType, **inputs: Any) -> dict[str, str]:  # noqa: ANN401
    return dict(problems(row, inputs))


def test_unknown_input_cannot_be_passed_over() -> None:
    """An input that is not modelled is refused by name, and so is a nested one."""
    assert "ipv6IpamPoolId" in told(VPC, cidrBlock="10.0.0.0/16", ipv6IpamPoolId="x")
    inputs = {"role": "r", "code": object(), "handler": "h", "runtime": "python3.13"}
    assert list(told(FUNCTION, **inputs, environment={"variable": {}})) == ["environment.variable"]
    assert not told(FUNCTION, **inputs, environment={"variables": {"A": "b"}})


def test_missing_input_can_be_told() -> None:
    """What is required is asked for, by its official name."""
    assert told(VPC) == {"cidrBlock": "aws:ec2/vpc:Vpc requires the input cidrBlock"}
    assert told(ROUTE, routeTableId="rtb-1", destinationCidrBlock="0.0.0.0/0").keys() == {"gatewayId"}
    assert told(ROUTE, routeTableId="rtb-1", gatewayId="igw-1", natGatewayId="nat-1").keys() == {
        "destinationCidrBlock",
        "gatewayId",
    }
    assert "replacementSecurityGroupIds" in told(FUNCTION, role="r", replaceSecurityGroupsOnDestroy=True)
    assert "finalSnapshotIdentifier" in told(INSTANCE, instanceClass="db.t4g.micro")


def test_wrong_type_can_be_told() -> None:
    """A list is not a string; a value that nobody knows yet is whatever it has to be."""
    assert "cidrBlock" in told(VPC, cidrBlock=["10.0.0.0/16"])
    assert "enableDnsSupport" in told(VPC, cidrBlock="10.0.0.0/16", enableDnsSupport="yes")
    assert "maxSessionDuration" in told(ROLE, assumeRolePolicy="{}", maxSessionDuration=True)
    assert not told(VPC, cidrBlock=UNKNOWN, enableDnsSupport=UNKNOWN)


@given(st.text("abc-", min_size=1, max_size=200), st.binary(min_size=8, max_size=32))
def test_name_can_be_made_up_within_its_length(name: str, seed: bytes) -> None:
    """A name that is left out is the resource's and a suffix that the engine's seed decides."""
    made = complete(ROLE, name, {}, {}, seed)
    assert made["name"].startswith(name[:56])
    assert len(made["name"]) <= 64
    assert made[DEFAULTS] == ["name"]
    assert complete(ROLE, name, {}, {}, seed) == made


def test_name_can_stay_what_it_was() -> None:
    """A made-up name is kept; one that the user once chose, and takes away, is not."""
    assert complete(ROLE, "r", {"name": "r-1234567", DEFAULTS: ["name"]}, {}, b"seed")["name"] == "r-1234567"
    assert complete(ROLE, "r", {"name": "chosen"}, {}, b"seed")["name"] != "chosen"
    assert complete(ROLE, "r", {}, {"name": "chosen"}, b"seed")["name"] == "chosen"


def test_database_name_cannot_have_capitals() -> None:
    """RDS keeps identifiers in lower case; a name with capitals would differ for ever."""
    assert complete(INSTANCE, "Main", {}, {}, b"seed")["identifier"].startswith("main-")


def test_default_can_be_filled_in() -> None:
    """Defaults are those of the official plugin."""
    made = complete(VPC, "v", {}, {"cidrBlock": "10.0.0.0/16"}, b"")
    assert made["enableDnsSupport"] is True
    assert made["enableDnsHostnames"] is False
    assert made["instanceTenancy"] == "default"
