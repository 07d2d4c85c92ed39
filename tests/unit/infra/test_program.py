"""The structure of the program: what holds in every variant, and what makes each one what it is."""

import json
import re

import pytest

from infra.settings import VariantName
from tests.unit.infra.program import ROOT, ZONES, deployed

VARIANTS = [name.value for name in VariantName]
every_variant = pytest.mark.parametrize("variant", VARIANTS)

DESCRIPTION = re.compile(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{1,255}")
"""What EC2 accepts as the description of a group or a rule."""


@every_variant
def test_subnets_can_be_in_two_zones(variant: str) -> None:
    """Each tier has one subnet in each of two zones."""
    zones: dict[str, list[str]] = {}
    for subnet in deployed(variant).of("Subnet"):
        zones.setdefault(subnet.name.rpartition("-")[0], []).append(subnet.inputs["availabilityZone"])
    assert "database" in zones
    assert all(found == ZONES[:2] for found in zones.values())


@every_variant
def test_function_can_have_a_role_of_its_own(variant: str) -> None:
    """One role per function, which Lambda alone may assume."""
    program = deployed(variant)
    roles = {f"arn:{one.name}": one for one in program.of("Role")}
    used = [one.inputs["role"] for one in program.of("Function")]
    assert len(used) == len(set(used)) == 7
    for arn in used:
        trust = json.loads(roles[arn].inputs["assumeRolePolicy"])
        assert [one["Principal"] for one in trust["Statement"]] == [{"Service": "lambda.amazonaws.com"}]


NAMED_BY_THE_NOTES = {
    "probe": {"AWSLambdaBasicExecutionRole"},
    "sqs-consumer": {"AWSLambdaSQSQueueExecutionRole"},
    "kinesis-consumer": {"AWSLambdaKinesisExecutionRole"},
    "dynamodb-consumer": {"AWSLambdaDynamoDBExecutionRole"},
    "uploads": {"AWSLambdaBasicExecutionRole"},
    "tracer": {"AWSLambdaBasicExecutionRole", "AWSXRayDaemonWriteAccess"},
    "invoked": {"AWSLambdaBasicExecutionRole"},
    "invoker": set(),
}


@every_variant
def test_role_can_have_exactly_the_policies_that_it_needs(variant: str) -> None:
    """The managed policy of what the function does, and the one for its interfaces where it has any."""
    program = deployed(variant)
    attached: dict[str, set[str]] = {one.name: set() for one in program.of("Role")}
    for one in program.of("RolePolicyAttachment"):
        attached[one.inputs["role"]].add(one.inputs["policyArn"].rpartition("/")[2])
    in_vpc = {"AWSLambdaVPCAccessExecutionRole"} if variant != "default" else set()
    wanted = {name: found | (in_vpc if name != "invoker" else set()) for name, found in NAMED_BY_THE_NOTES.items()}
    assert attached == wanted
    assert [one.inputs["role"] for one in program.of("RolePolicy")] == ["probe"]


@every_variant
def test_log_group_can_be_there_before_the_function(variant: str) -> None:
    """It has the name that Lambda would use, and a retention, and is declared before the function."""
    program = deployed(variant)
    groups = {one.inputs["name"]: one for one in program.of("LogGroup")}
    functions = program.of("Function")
    assert len(groups) == len(functions)
    for function in functions:
        group = groups[f"/aws/lambda/{function.inputs['name']}"]
        assert group.inputs["retentionInDays"] == 7
        assert program.resources.index(group) < program.resources.index(function)


@every_variant
def test_rule_can_be_described(variant: str) -> None:
    """Every group and every rule says what it is for, in characters that EC2 accepts."""
    program = deployed(variant)
    rules = [*program.of("SecurityGroupIngressRule"), *program.of("SecurityGroupEgressRule")]
    assert bool(rules) == (variant != "default")
    for one in (*rules, *program.of("SecurityGroup")):
        assert DESCRIPTION.fullmatch(one.inputs["description"]), one.name


@every_variant
def test_database_cannot_be_public(variant: str) -> None:
    """Private, encrypted, its password made and kept by RDS, in private subnets, easily deleted."""
    program = deployed(variant)
    (instance,) = program.of("Instance")
    (group,) = [one for one in program.of("SubnetGroup") if one.name == "database"]
    wanted: dict[str, object] = {
        "publiclyAccessible": False,
        "storageEncrypted": True,
        "manageMasterUserPassword": True,
    }
    wanted |= {"skipFinalSnapshot": True, "deletionProtection": False, "engine": "postgres"}
    assert instance.inputs.items() >= wanted.items()
    assert "password" not in instance.inputs
    assert group.inputs["subnetIds"] == ["Subnet/database-0", "Subnet/database-1"]
    tables = {one.inputs["routeTableId"] for one in program.of("RouteTableAssociation") if "database" in one.name}
    assert not tables & {one.inputs["routeTableId"] for one in program.of("Route")}


@every_variant
def test_subnet_can_have_an_explicit_route_table(variant: str) -> None:
    """No subnet follows the main route table."""
    program = deployed(variant)
    associated = {one.inputs["subnetId"] for one in program.of("RouteTableAssociation")}
    assert associated == {f"Subnet/{one.name}" for one in program.of("Subnet")}


@every_variant
def test_function_in_a_vpc_can_give_its_groups_up(variant: str) -> None:
    """Its interfaces get other groups when it is deleted, so that its own can be deleted at once."""
    for function in deployed(variant).of("Function"):
        assert ("vpcConfig" in function.inputs) == (variant != "default")
        if variant != "default":
            assert function.inputs["replaceSecurityGroupsOnDestroy"] is True
            assert function.inputs["replacementSecurityGroupIds"] == ["sg-default"]


def test_default_function_cannot_be_in_the_vpc() -> None:
    """The VPC has the database and no way in or out."""
    program = deployed("default")
    assert not program.of("InternetGateway")
    assert not program.of("Route")
    assert {one.name for one in program.of("Subnet")} == {"database-0", "database-1"}


def test_private_function_can_leave_through_a_nat_gateway() -> None:
    """The NAT gateway is in a public subnet, and the private tables' default routes lead to it."""
    program = deployed("private-nat")
    (gateway,) = program.of("NatGateway")
    assert gateway.inputs["subnetId"] == "Subnet/public-0"
    routes = {one.inputs["routeTableId"]: one.inputs.get("natGatewayId") for one in program.of("Route")}
    assert routes == {
        "RouteTable/public": None,
        "RouteTable/private-0": "NatGateway/nat-0",
        "RouteTable/private-1": "NatGateway/nat-0",
    }
    assert all(one.inputs["destinationCidrBlock"] == "0.0.0.0/0" for one in program.of("Route"))
    function = program.one("Function", "probe")
    assert function.inputs["vpcConfig"]["subnetIds"] == ["Subnet/private-0", "Subnet/private-1"]


def test_zone_can_have_a_nat_gateway_of_its_own() -> None:
    """With one per zone, no zone depends on another one's gateway."""
    program = deployed("private-nat", natGateways="one-per-zone")
    assert {one.inputs["subnetId"] for one in program.of("NatGateway")} == {"Subnet/public-0", "Subnet/public-1"}
    routes = {one.inputs["routeTableId"]: one.inputs.get("natGatewayId") for one in program.of("Route")}
    assert routes["RouteTable/private-0"] == "NatGateway/nat-0"
    assert routes["RouteTable/private-1"] == "NatGateway/nat-1"


def test_public_function_can_stand_in_public_subnets() -> None:
    """Routes to the internet gateway, public addresses on launch, and no NAT gateway."""
    program = deployed("public")
    function = program.one("Function", "probe")
    assert function.inputs["vpcConfig"]["subnetIds"] == ["Subnet/public-0", "Subnet/public-1"]
    public = [one for one in program.of("Subnet") if one.name.startswith("public")]
    assert all(one.inputs["mapPublicIpOnLaunch"] for one in public)
    (route,) = program.of("Route")
    assert route.inputs["gatewayId"] == "InternetGateway/vpc-internet"
    assert not program.of("NatGateway")


def test_isolated_function_can_reach_services_by_endpoints() -> None:
    """S3 by routes of the function's own tables, STS and Secrets Manager by interfaces, and nothing for Logs."""
    program = deployed("endpoints")
    endpoints = {one.name: one.inputs for one in program.of("VpcEndpoint")}
    assert endpoints.keys() == {"s3", "sts", "secretsmanager"}
    assert endpoints["s3"]["vpcEndpointType"] == "Gateway"
    assert endpoints["s3"]["routeTableIds"] == ["RouteTable/isolated-0", "RouteTable/isolated-1"]
    for service in ("sts", "secretsmanager"):
        assert endpoints[service]["serviceName"] == f"com.amazonaws.us-east-1.{service}"
        assert endpoints[service]["privateDnsEnabled"] is True
        assert endpoints[service]["securityGroupIds"] == ["SecurityGroup/endpoints"]
    (vpc,) = program.of("Vpc")
    assert vpc.inputs["enableDnsSupport"] is True
    assert vpc.inputs["enableDnsHostnames"] is True
    (rule,) = [one.inputs for one in program.of("SecurityGroupIngressRule") if one.name == "endpoints-https"]
    assert (rule["fromPort"], rule["toPort"]) == (443, 443)
    assert rule["referencedSecurityGroupId"] == "SecurityGroup/function"
    assert not program.of("Route")


def test_tags_can_come_from_the_provider() -> None:
    """An explicit provider gives every resource its default tags."""
    (provider,) = deployed("public").of("aws")
    tags = json.loads(provider.inputs["defaultTags"])["tags"]
    assert tags == {"Project": "vpclab", "Stack": "public", "Variant": "public"}


def test_main_program_can_be_read_at_a_glance() -> None:
    """At most 60 lines."""
    assert len((ROOT / "__main__.py").read_text().splitlines()) <= 60
