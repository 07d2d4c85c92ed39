"""What stands in the VPC beside the database, and the instance that private subnets can leave through."""

import pytest

from infra.settings import VariantName
from tests.unit.infra.program import IMAGE, deployed

every_variant = pytest.mark.parametrize("variant", [name.value for name in VariantName])

BOTH = {"cache": "true", "loadBalancer": "true"}
NEITHER = {"cache": "false", "loadBalancer": "false"}
PRIVATE = ["Subnet/database-0", "Subnet/database-1"]


@every_variant
def test_cache_can_be_private(variant: str) -> None:
    """One node of Valkey in private subnets, behind a group of its own, in every variant."""
    program = deployed(variant, **BOTH)
    cache, subnets = program.one("ReplicationGroup", "cache"), program.one("SubnetGroup", "cache")
    assert (cache.inputs["engine"], cache.inputs["numCacheClusters"]) == ("valkey", 1)
    assert cache.inputs["securityGroupIds"] == ["SecurityGroup/cache"]
    assert cache.inputs["subnetGroupName"] == subnets.name
    assert subnets.inputs["subnetIds"] == PRIVATE
    assert program.outputs["cache"] == {
        "host": "cache.example",
        "port": 6379,
        "security_group_id": "SecurityGroup/cache",
    }


@every_variant
def test_load_balancer_can_be_internal(variant: str) -> None:
    """In private subnets of two zones, behind a group of its own; it answers by itself."""
    program = deployed(variant, **BOTH)
    balancer, listener = program.one("LoadBalancer", "load-balancer"), program.one("Listener", "load-balancer")
    assert balancer.inputs["internal"] is True
    assert balancer.inputs["loadBalancerType"] == "application"
    assert (balancer.inputs["subnets"], balancer.inputs["securityGroups"]) == (
        PRIVATE,
        ["SecurityGroup/load-balancer"],
    )
    (action,) = listener.inputs["defaultActions"]
    assert action["type"] == "fixed-response"
    assert action["fixedResponse"]["statusCode"] == "200"
    assert program.outputs["load_balancer"] == {
        "host": "load-balancer.example",
        "port": 80,
        "arn": "arn:load-balancer",
        "security_group_id": "SecurityGroup/load-balancer",
    }


@every_variant
@pytest.mark.parametrize(
    ("target", "protocol", "port"),
    [("database", "postgresql", 5432), ("cache", "valkey", 6379), ("load-balancer", "http", 80)],
)
def test_target_can_admit_the_function_alone(variant: str, target: str, protocol: str, port: int) -> None:
    """A rule on either side, that names the other's group; none at all where the function is outside the VPC."""
    program = deployed(variant, **BOTH)
    rules = {one.name: one.inputs for one in program.of("SecurityGroupIngressRule")}
    guarding = {name for name, one in rules.items() if one["securityGroupId"] == f"SecurityGroup/{target}"}
    if variant == "default":
        assert not guarding
        return
    assert guarding == {f"{target}-{protocol}"}
    rule = rules[f"{target}-{protocol}"]
    assert (rule["fromPort"], rule["toPort"]) == (port, port)
    assert rule["referencedSecurityGroupId"] == "SecurityGroup/function"
    outward = program.one("SecurityGroupEgressRule", f"function-{protocol}").inputs
    assert outward["referencedSecurityGroupId"] == f"SecurityGroup/{target}"


def test_targets_can_be_left_out() -> None:
    """Without the settings the database stands alone, and the outputs are there and empty."""
    program = deployed("private-nat", **NEITHER)
    assert not program.of("ReplicationGroup")
    assert not program.of("LoadBalancer")
    assert {one.name for one in program.of("SecurityGroup")} == {"database", "function"}
    assert (program.outputs["cache"], program.outputs["load_balancer"]) == ({}, {})


def test_private_function_can_leave_through_an_instance() -> None:
    """The check is off, the address public, the group open to the private subnets; no gateway is paid for."""
    program = deployed("private-nat-instance")
    (instance,) = [one for one in program.of("Instance") if one.type == "aws:ec2/instance:Instance"]
    assert (
        instance.inputs.items()
        >= {
            "ami": IMAGE,
            "sourceDestCheck": False,
            "associatePublicIpAddress": True,
            "subnetId": "Subnet/public-0",
        }.items()
    )
    assert instance.inputs["vpcSecurityGroupIds"] == ["SecurityGroup/nat"]
    private = [one.inputs["cidrBlock"] for one in program.of("Subnet") if one.name.startswith("private")]
    rules = [one.inputs for one in program.of("SecurityGroupIngressRule")]
    admitted = [one for one in rules if one["securityGroupId"] == "SecurityGroup/nat"]
    assert sorted(one["cidrIpv4"] for one in admitted) == sorted(private)
    routes = {one.inputs["routeTableId"]: one.inputs.get("networkInterfaceId") for one in program.of("Route")}
    assert routes["RouteTable/private-0"] == routes["RouteTable/private-1"] == "eni-nat-0"
    assert not program.of("NatGateway")
    assert not program.of("Eip")
    assert program.outputs["nat_instances"] == [
        {
            "instance_id": "Instance/nat-0",
            "interface_id": "eni-nat-0",
            "public_ip": "203.0.113.9",
            "security_group_id": "SecurityGroup/nat",
        }
    ]
    assert program.outputs["nat_public_ips"] == ["203.0.113.9"]
    assert program.outputs["nat_gateway_ids"] == []


def test_zone_can_have_a_nat_instance_of_its_own() -> None:
    """As with gateways: no zone depends on another one's."""
    program = deployed("private-nat-instance", natGateways="one-per-zone")
    routes = {one.inputs["routeTableId"]: one.inputs.get("networkInterfaceId") for one in program.of("Route")}
    assert routes["RouteTable/private-0"] == "eni-nat-0"
    assert routes["RouteTable/private-1"] == "eni-nat-1"


def test_stack_with_an_instance_can_leave_the_rest_out() -> None:
    """It is about the way out: what other stacks have already is not paid for twice."""
    program = deployed("private-nat-instance")
    assert [one.name for one in program.of("Function")] == ["probe"]
    assert (program.outputs["cache"], program.outputs["consumers"]) == ({}, {})


def test_gateway_cannot_have_instances_beside_it() -> None:
    """One way out or the other."""
    program = deployed("private-nat")
    assert program.outputs["nat_instances"] == []
    assert not [one for one in program.of("Instance") if one.type == "aws:ec2/instance:Instance"]
