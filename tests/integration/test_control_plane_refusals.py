"""What the fidelity table calls refused, call by call, where no other test of its own room holds it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tests.integration import control_plane_world
from tests.integration.control_plane_world import ACCOUNT, REGION, World, package, refused

STREAM = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/s"
REPLICAS = [{"Region": "eu-west-1"}]
ALARM = {
    "AlarmName": "a",
    "MetricName": "m",
    "Namespace": "n",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1,
    "ComparisonOperator": "GreaterThanThreshold",
}
METRIC = {"metricName": "m", "metricNamespace": "n", "metricValue": "1"}
SIGN_IN = {
    "Type": "authenticate-oidc",
    "Order": 1,
    "AuthenticateOidcConfig": {
        "Issuer": "https://example.com",
        "AuthorizationEndpoint": "https://example.com/authorization",
        "TokenEndpoint": "https://example.com/token",
        "UserInfoEndpoint": "https://example.com/user",
        "ClientId": "c",
        "ClientSecret": "s",
    },
}
ANSWER = {"Type": "fixed-response", "Order": 2, "FixedResponseConfig": {"StatusCode": "200"}}
CALLS: list[tuple[str, str, dict[str, Any], str]] = [
    # service, operation, what it is given, what the refusal says is missing
    ("rds", "modify_db_instance", {"DBInstanceIdentifier": "d", "NewDBInstanceIdentifier": "e"}, "renaming"),
    ("rds", "create_db_snapshot", {"DBInstanceIdentifier": "d", "DBSnapshotIdentifier": "s"}, "snapshots"),
    (
        "rds",
        "restore_db_instance_from_db_snapshot",
        {"DBInstanceIdentifier": "d", "DBSnapshotIdentifier": "s"},
        "restoring",
    ),
    ("rds", "create_db_cluster", {"DBClusterIdentifier": "c", "Engine": "aurora-postgresql"}, "Aurora"),
    (
        "elasticache",
        "create_cache_parameter_group",
        {"CacheParameterGroupName": "p", "CacheParameterGroupFamily": "valkey8", "Description": "d"},
        "nothing would follow",
    ),
    ("elasticache", "create_serverless_cache", {"ServerlessCacheName": "s", "Engine": "valkey"}, "serverless"),
    ("elasticache", "create_snapshot", {"SnapshotName": "s", "ReplicationGroupId": "g"}, "snapshots"),
    (
        "elasticache",
        "create_user",
        {"UserId": "u", "UserName": "u", "Engine": "valkey", "AccessString": "on", "NoPasswordRequired": True},
        "nothing would follow",
    ),
    ("kinesis", "register_stream_consumer", {"StreamARN": STREAM, "ConsumerName": "c"}, "enhanced fan-out"),
    ("dynamodb", "create_global_table", {"GlobalTableName": "table", "ReplicationGroup": []}, "several Regions"),
    (
        "dynamodb",
        "enable_kinesis_streaming_destination",
        {"TableName": "table", "StreamArn": STREAM},
        "delivery to Kinesis",
    ),
    ("secretsmanager", "create_secret", {"Name": "s", "AddReplicaRegions": REPLICAS}, "several Regions"),
    (
        "secretsmanager",
        "replicate_secret_to_regions",
        {"SecretId": "s", "AddReplicaRegions": REPLICAS},
        "several Regions",
    ),
    (
        "logs",
        "put_metric_filter",
        {"logGroupName": "g", "filterName": "f", "filterPattern": "x", "metricTransformations": [METRIC]},
        "metrics of what logs say",
    ),
    (
        "logs",
        "put_subscription_filter",
        {"logGroupName": "g", "filterName": "f", "filterPattern": "x", "destinationArn": STREAM},
        "subscription filters",
    ),
    ("logs", "create_export_task", {"logGroupName": "g", "fromTime": 0, "to": 1, "destination": "b"}, "exports"),
    ("cloudwatch", "put_metric_alarm", ALARM, "alarms"),
]


@pytest.fixture(scope="module")
def one() -> Iterator[World]:
    """A control plane for all of these: none of them leaves anything."""
    with control_plane_world.world() as running:
        yield running


@pytest.fixture(scope="module")
def reader(one: World) -> str:
    return str(one.function("reader", one.role())["FunctionName"])


@pytest.mark.parametrize(("service", "operation", "given", "what"), CALLS, ids=[call[1] for call in CALLS])
def test_call_without_effect_cannot_be_recorded(
    one: World, service: str, operation: str, given: dict[str, Any], what: str
) -> None:
    """What nothing would follow is refused by UnsupportedOperation, with what is missing."""
    with refused("UnsupportedOperation", what):
        getattr(one.client(service), operation)(**given)


@pytest.mark.parametrize(
    ("field", "value", "what"),
    [
        ("SnapStart", {"ApplyOn": "PublishedVersions"}, "snapshots of functions"),
        ("DurableConfig", {"ExecutionTimeout": 60}, "durable functions"),
        ("TenancyConfig", {"TenantIsolationMode": "PER_TENANT"}, "tenant isolation"),
        (
            "CapacityProviderConfig",
            {"LambdaManagedInstancesCapacityProviderConfig": {"CapacityProviderArn": f"{STREAM}"}},
            "Managed Instances",
        ),
        ("KMSKeyArn", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k", "key of one's own"),
        (
            "CodeSigningConfigArn",
            f"arn:aws:lambda:{REGION}:{ACCOUNT}:code-signing-config:csc-0123456789abcdef0",
            "code signing",
        ),
    ],
)
def test_function_cannot_be_of_a_kind_that_is_not_modelled(one: World, field: str, value: Any, what: str) -> None:  # noqa: ANN401
    """Whatever CreateFunction takes and nothing would follow: no function is left."""
    with refused("UnsupportedOperation", what):
        one.functions.create_function(
            FunctionName="f",
            Role=f"arn:aws:iam::{ACCOUNT}:role/r",
            Runtime="python3.12",
            Handler="index.handler",
            Code={"ZipFile": package()},
            **{field: value},
        )
    with refused("ResourceNotFoundException"):
        one.functions.get_function(FunctionName="f")


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"EventSourceArn": STREAM, "ParallelizationFactor": 2}, "several batches"),
        ({"EventSourceArn": STREAM, "TumblingWindowInSeconds": 5}, "tumbling windows"),
        ({"EventSourceArn": f"{STREAM}/consumer/c:1"}, "enhanced fan-out"),
        (
            {"EventSourceArn": f"arn:aws:mq:{REGION}:{ACCOUNT}:broker:b", "Queues": ["q"]},
            "Amazon MQ",
        ),
        (
            {"EventSourceArn": f"arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/c/1", "Topics": ["t"]},
            "Kafka",
        ),
        (
            {
                "EventSourceArn": f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster:c",
                "DocumentDBEventSourceConfig": {"DatabaseName": "d"},
            },
            "DocumentDB",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_mapping_cannot_read_what_is_not_modelled(
    one: World, reader: str, more: Mapping[str, Any], what: str
) -> None:
    """Other sources, and other ways to read the ones that there are."""
    with refused("UnsupportedOperation", what):
        one.functions.create_event_source_mapping(FunctionName=reader, StartingPosition="LATEST", **more)
    assert one.functions.list_event_source_mappings()["EventSourceMappings"] == []


def test_load_balancer_cannot_ask_who_it_is_or_remember(one: World) -> None:
    """No authentication, and no stickiness."""
    vpc, balancing = one.vpc(), one.client("elbv2")
    subnets = [one.subnet(vpc, f"10.0.{number}.0/24", zone) for number, zone in ((1, "a"), (2, "b"))]
    [made] = balancing.create_load_balancer(Name="b", Scheme="internal", Subnets=subnets)["LoadBalancers"]
    [group] = balancing.create_target_group(Name="t", Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"]
    sticky = [{"Key": "stickiness.enabled", "Value": "true"}]
    attempts: list[tuple[Callable[[], object], str]] = [
        (
            lambda: balancing.create_listener(
                LoadBalancerArn=made["LoadBalancerArn"], Port=80, Protocol="HTTP", DefaultActions=[SIGN_IN, ANSWER]
            ),
            "authenticate-oidc",
        ),
        (
            lambda: balancing.modify_target_group_attributes(
                TargetGroupArn=group["TargetGroupArn"], Attributes=sticky
            ),
            "stickiness",
        ),
    ]
    for attempt, what in attempts:
        with refused("UnsupportedOperation", what):
            attempt()


def test_interface_cannot_have_more_than_one_address(one: World) -> None:
    """Neither secondary addresses nor prefixes."""
    subnet = one.subnet(one.vpc())
    for more in ({"SecondaryPrivateIpAddressCount": 1}, {"Ipv4PrefixCount": 1}):
        with refused("UnsupportedOperation", "secondary private addresses"):
            one.ec2.create_network_interface(SubnetId=subnet, **more)
