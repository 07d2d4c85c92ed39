"""The project's own program, deployed by the real engine with the stand-in plugin."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.plugin_world import Stack, api, new_stack
from vpclab.toolchain.aws_plugin.resource_types import RESOURCE_TYPES


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with api() as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def private_nat(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    stack = new_stack(endpoint, tmp_path_factory.mktemp("private-nat"), "private-nat")
    stack.must("up", "--yes", "--skip-preview")
    return stack


OUTPUTS = {
    *("variant", "function_name", "function_arn", "role_name", "log_group_name", "vpc_id", "function_subnet_ids"),
    *("function_security_group_ids", "database_security_group_id", "database_endpoint", "database_port"),
    *("database_name", "database_secret_arn", "nat_public_ips", "nat_gateway_ids", "endpoint_ids"),
    *("function_route_table_ids", "nat_instances", "cache", "load_balancer"),
    *("consumers", "bucket", "tracer", "invoked"),
}


def test_program_exports_what_the_verifier_reads(private_nat: Stack) -> None:
    """Every output is there, and says what the API says."""
    outputs = private_nat.outputs()
    assert outputs.keys() == OUTPUTS
    function = private_nat.aws("lambda").get_function_configuration(FunctionName=outputs["function_name"])
    assert function["FunctionArn"] == outputs["function_arn"]
    assert function["VpcConfig"]["VpcId"] == outputs["vpc_id"]
    assert sorted(function["VpcConfig"]["SubnetIds"]) == sorted(outputs["function_subnet_ids"])
    (nat,) = private_nat.aws("ec2").describe_nat_gateways(NatGatewayIds=outputs["nat_gateway_ids"])["NatGateways"]
    assert [nat["NatGatewayAddresses"][0]["PublicIp"]] == outputs["nat_public_ips"]
    (instance,) = private_nat.aws("rds").describe_db_instances()["DBInstances"]
    assert instance["Endpoint"]["Address"] == outputs["database_endpoint"]
    assert instance["MasterUserSecret"]["SecretArn"] == outputs["database_secret_arn"]


def test_program_exports_what_feeds_the_consumers(private_nat: Stack) -> None:
    """Each mapping reads its source for its function, with the function's own role."""
    functions, outputs = private_nat.aws("lambda"), private_nat.outputs()
    for source, arn in (("sqs", "queue_arn"), ("kinesis", "stream_arn"), ("dynamodb", "stream_arn")):
        consumer = outputs["consumers"][source]
        mapping = functions.get_event_source_mapping(UUID=consumer["mapping_uuid"])
        assert mapping["EventSourceArn"] == consumer[arn]
        assert (mapping["FunctionArn"], mapping["State"]) == (consumer["function_arn"], "Enabled")
        function = functions.get_function_configuration(FunctionName=consumer["function_name"])
        assert function["Role"] == consumer["role_arn"]
    bucket = outputs["bucket"]
    found = private_nat.aws("s3").get_bucket_notification_configuration(Bucket=bucket["bucket_name"])
    (notified,) = found["LambdaFunctionConfigurations"]
    assert notified["LambdaFunctionArn"] == bucket["function_arn"]
    (statement,) = json.loads(functions.get_policy(FunctionName=bucket["function_name"])["Policy"])["Statement"]
    assert json.dumps(statement["Condition"]).count(bucket["bucket_arn"]) == 1


def test_program_exports_what_stands_beside_the_database(private_nat: Stack) -> None:
    """The cache's and the load balancer's names, and the groups that guard them."""
    outputs = private_nat.outputs()
    (group,) = private_nat.aws("elasticache").describe_replication_groups()["ReplicationGroups"]
    endpoint = group["NodeGroups"][0]["PrimaryEndpoint"]
    assert (endpoint["Address"], endpoint["Port"]) == (outputs["cache"]["host"], outputs["cache"]["port"])
    (balancer,) = private_nat.aws("elbv2").describe_load_balancers()["LoadBalancers"]
    assert balancer["DNSName"] == outputs["load_balancer"]["host"]
    assert balancer["SecurityGroups"] == [outputs["load_balancer"]["security_group_id"]]


OF_OTHER_STACKS = {
    "aws:ec2/vpcEndpoint:VpcEndpoint",
    "aws:ec2/instance:Instance",
    "aws:lb/targetGroup:TargetGroup",
    "aws:lb/targetGroupAttachment:TargetGroupAttachment",
}
WITHOUT_A_VALUE = {
    ("aws:ec2/eip:Eip", "privateDns"),  # that of the address's interface, which it had not yet when it was made
}


def test_state_can_have_every_official_property(private_nat: Stack) -> None:
    """What the row of a type declares is in the state of its resources, and nothing else."""
    resources = [one for one in private_nat.state() if one["type"].startswith("aws:")]
    for one in resources:
        row = RESOURCE_TYPES[one["type"]]
        found = one["outputs"].keys() - {"id"}
        assert found <= row.all_outputs, one["urn"]
        missing = {(row.type_name, name) for name in row.outputs - found}
        assert missing <= WITHOUT_A_VALUE, one["urn"]
    assert RESOURCE_TYPES.keys() - {one["type"] for one in resources} == OF_OTHER_STACKS


def test_second_up_can_find_nothing_to_change(private_nat: Stack) -> None:
    """A stack that was just deployed is as the program wants it."""
    private_nat.must("preview", "--expect-no-changes")
    private_nat.must("up", "--yes", "--skip-preview", "--expect-no-changes")


def test_refresh_can_find_nothing_to_change(private_nat: Stack) -> None:
    """What the state says of each resource is what AWS says of it."""
    private_nat.must("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    private_nat.must("preview", "--expect-no-changes")


def test_retention_can_be_updated_in_place(private_nat: Stack) -> None:
    """PutRetentionPolicy changes a log group's retention: nothing is replaced, and nothing else is touched."""
    private_nat.set("logRetentionDays", "14")
    changes = private_nat.changes()
    assert {one.split()[0] for one in changes.updated} == {"LogGroup"}
    assert not changes.created | changes.replaced | changes.deleted
    private_nat.must("up", "--yes", "--skip-preview")
    name = private_nat.outputs()["log_group_name"]
    (group,) = private_nat.aws("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    assert group["retentionInDays"] == 14
    private_nat.must("preview", "--expect-no-changes")


@pytest.mark.parametrize(("kind", "target"), [("instance", "NetworkInterfaceId"), ("gateway", "NatGatewayId")])
def test_nat_gateway_can_be_exchanged_for_an_instance_and_back(kind: str, target: str, private_nat: Stack) -> None:
    """The private tables' routes are changed in place by ReplaceRoute, and lead somewhere before and after."""
    private_nat.set("nat", kind)
    changes = private_nat.changes()
    assert changes.updated == {"Route nat-0", "Route nat-1"}
    assert not changes.replaced
    private_nat.must("up", "--yes", "--skip-preview")
    tables = private_nat.outputs()["function_route_table_ids"]
    for table in private_nat.aws("ec2").describe_route_tables(RouteTableIds=tables)["RouteTables"]:
        (route,) = (one for one in table["Routes"] if one["DestinationCidrBlock"] == "0.0.0.0/0")
        assert route["State"] == "active"
        assert target in route
    private_nat.must("preview", "--expect-no-changes")


def test_subnet_range_can_be_changed_by_replacing_what_depends_on_it(private_nat: Stack) -> None:
    """A subnet's range is fixed: the subnet and its association are new, and the function moves in place."""
    private_nat.must("config", "set", "--path", "functionSubnetCidrs[0]", "10.20.200.0/24")
    private_nat.must("config", "set", "--path", "functionSubnetCidrs[1]", "10.20.80.0/20")
    changes = private_nat.changes()
    assert changes.replaced == {"Subnet private-0", "RouteTableAssociation private-0"}
    assert {one.split()[0] for one in changes.updated} == {"Function"}
    assert not changes.created | changes.deleted
    private_nat.must("up", "--yes", "--skip-preview")
    subnets = private_nat.aws("ec2").describe_subnets(SubnetIds=private_nat.outputs()["function_subnet_ids"])
    assert {one["CidrBlock"] for one in subnets["Subnets"]} == {"10.20.200.0/24", "10.20.80.0/20"}
    private_nat.must("preview", "--expect-no-changes")


def test_vpc_range_can_be_changed_by_replacing_everything_inside(private_nat: Stack) -> None:
    """A VPC's range is fixed: it and all that cannot leave it are new, the rest stays, and nothing is in the way.

    An Elastic IP goes from the old NAT gateway to the new one, which is only possible in that order.
    """
    stack = private_nat
    stack.must("config", "rm", "functionSubnetCidrs")
    stack.set("vpcCidr", "10.30.0.0/16")
    before = stack.outputs()
    changes = stack.changes()
    kinds = {one.split()[0] for one in changes.replaced}
    assert {
        *("Vpc", "Subnet", "RouteTable", "Route", "RouteTableAssociation"),
        *("InternetGateway", "NatGateway", "SecurityGroup", "SubnetGroup", "Instance"),
        *("ReplicationGroup", "LoadBalancer", "Listener"),
    } <= kinds
    assert {one.split()[0] for one in changes.updated} == {"Function"}
    untouched = {"Role probe", "LogGroup probe", "RolePolicy probe-calls", "Eip nat-0"}
    untouched |= {"EventSourceMapping sqs", "Queue queue", "Bucket uploads", "Permission uploads"}
    assert not changes.replaced & untouched
    stack.must("up", "--yes", "--skip-preview")
    stack.must("preview", "--expect-no-changes")
    after = stack.outputs()
    assert after["nat_public_ips"] == before["nat_public_ips"]
    ranges = {one["VpcId"]: one["CidrBlock"] for one in stack.aws("ec2").describe_vpcs()["Vpcs"]}
    assert ranges[after["vpc_id"]] == "10.30.0.0/16"
    assert before["vpc_id"] not in ranges


def test_hand_made_change_can_be_seen_and_undone(private_nat: Stack) -> None:
    """A refresh takes a removed rule out of the state, and the next update makes it again."""
    stack = private_nat
    stack.set("vpcCidr", "10.20.0.0/16")
    stack.must("up", "--yes", "--skip-preview")
    rule = stack.resource("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "database-postgresql")
    stack.aws("ec2").revoke_security_group_ingress(
        GroupId=rule["outputs"]["securityGroupId"], SecurityGroupRuleIds=[rule["id"]]
    )
    assert stack.run("refresh", "--yes", "--skip-preview", "--expect-no-changes").code != 0
    stack.must("refresh", "--yes", "--skip-preview")
    assert stack.changes().created == {"SecurityGroupIngressRule database-postgresql"}
    stack.must("up", "--yes", "--skip-preview")
    stack.must("preview", "--expect-no-changes")


def test_program_can_be_destroyed_without_a_trace(private_nat: Stack) -> None:
    """Destroying deletes the function first and waits for its interfaces, so that the VPC can go."""
    stack = private_nat
    vpc_id = stack.outputs()["vpc_id"]
    stack.must("destroy", "--yes", "--skip-preview")
    ec2 = stack.aws("ec2")
    assert vpc_id not in {one["VpcId"] for one in ec2.describe_vpcs()["Vpcs"]}
    assert not ec2.describe_addresses()["Addresses"]
    assert not stack.aws("rds").describe_db_instances()["DBInstances"]
    assert not stack.aws("lambda").list_functions()["Functions"]
    assert not stack.aws("iam").list_roles(PathPrefix="/")["Roles"]
    assert not stack.aws("logs").describe_log_groups()["logGroups"]
    assert not stack.aws("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert not stack.aws("sqs").list_queues().get("QueueUrls")
    assert not stack.aws("kinesis").list_streams()["StreamNames"]
    assert not stack.aws("dynamodb").list_tables()["TableNames"]
    assert not stack.aws("s3").list_buckets()["Buckets"]
    assert not stack.aws("elasticache").describe_replication_groups()["ReplicationGroups"]
    assert not stack.aws("elbv2").describe_load_balancers()["LoadBalancers"]


def test_function_can_leave_through_an_instance(endpoint: str, tmp_path: Path) -> None:
    """The private tables lead to the instance's interface, whose check is off; up, no change, no drift, down."""
    stack = new_stack(endpoint, tmp_path, "private-nat-instance")
    stack.must("up", "--yes", "--skip-preview")
    (nat,) = stack.outputs()["nat_instances"]
    ec2 = stack.aws("ec2")
    tables = ec2.describe_route_tables(RouteTableIds=stack.outputs()["function_route_table_ids"])["RouteTables"]
    leading = [one for table in tables for one in table["Routes"] if one["DestinationCidrBlock"] == "0.0.0.0/0"]
    assert {one["NetworkInterfaceId"] for one in leading} == {nat["interface_id"]}
    (interface,) = ec2.describe_network_interfaces(NetworkInterfaceIds=[nat["interface_id"]])["NetworkInterfaces"]
    assert interface["SourceDestCheck"] is False
    assert interface["Association"]["PublicIp"] == nat["public_ip"]
    assert [one["GroupId"] for one in interface["Groups"]] == [nat["security_group_id"]]
    stack.must("preview", "--expect-no-changes")
    stack.must("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    stack.must("destroy", "--yes", "--skip-preview")


@pytest.mark.parametrize("variant", ["default", "public", "endpoints"])
def test_variant_can_be_deployed_again_and_destroyed(variant: str, endpoint: str, tmp_path: Path) -> None:
    """Each of the variants: up, no change, no drift, down."""
    stack = new_stack(endpoint, tmp_path, variant)
    stack.must("up", "--yes", "--skip-preview")
    assert stack.outputs()["variant"] == variant
    assert bool(stack.outputs()["function_subnet_ids"]) == (variant != "default")
    assert set(stack.outputs()["endpoint_ids"]) == (
        {"s3", "sts", "secretsmanager"} if variant == "endpoints" else set()
    )
    stack.must("preview", "--expect-no-changes")
    stack.must("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    stack.must("destroy", "--yes", "--skip-preview")


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("variant", "basement", "it may be one of default, private-nat, public, endpoints"),
        ("availabilityZones", "1", "availabilityZones is 1; it may be 2 to 4"),
        ("vpcCidr", "10.20.0.0/29", "10.20.0.0/29 is not between /16 and /28"),
        ("natGateways", "some", "it may be one of single, one-per-zone"),
    ],
)
def test_wrong_setting_can_be_told_before_any_resource(
    key: str, value: str, told: str, endpoint: str, tmp_path: Path
) -> None:
    """A setting that cannot be deployed is named, without a traceback, and nothing is made."""
    stack = new_stack(endpoint, tmp_path, "default")
    stack.set(key, value)
    done = stack.up()
    assert done.code != 0
    assert told in done.text
    assert "Traceback" not in done.text
    assert not [one for one in stack.state() if one["type"].startswith("aws:")]
