"""Plain moto still behaves as the additions for functions correct it. A failure here is good news."""

# ruff: noqa: PLC0415, SLF001 - boto3 has no type information; moto may only be imported once it is loaded

import json

from tests.integration.control_plane_world import package
from tests.unit.control_plane.plain_moto import (
    Client,
    create_function,
    interfaces,
    make_queue,
    still_wrong,
    succeeds,
)


def test_function_policies_are_still_needed(client: Client, role: str) -> None:
    """Plain moto takes a statement id twice."""
    functions = client("lambda")
    functions.create_function(
        FunctionName="permitted",
        Role=role,
        Runtime="python3.12",
        Handler="index.handler",
        Code={"ZipFile": package()},
    )
    given = {"FunctionName": "permitted", "StatementId": "s", "Action": "lambda:*", "Principal": "123456789012"}
    functions.add_permission(**given)
    still_wrong(wrong=succeeds(lambda: functions.add_permission(**given)), addition="function_policies")


def test_functions_are_still_needed(client: Client, role: str) -> None:
    """Plain moto accepts subnets and groups that do not exist, and answers a constant for the VPC."""
    config = {"SubnetIds": ["subnet-0123456789abcdef0"], "SecurityGroupIds": ["sg-0123456789abcdef0"]}
    made = create_function(client, "nowhere", role, VpcConfig=config)
    still_wrong(wrong=made["VpcConfig"]["VpcId"] == "vpc-123abc", addition="functions")


def test_function_interfaces_are_still_needed(client: Client, role: str, vpc: str, subnet: str) -> None:
    """Plain moto's functions have no interfaces."""
    group = client("ec2").create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]
    create_function(client, "inside", role, VpcConfig={"SubnetIds": [subnet], "SecurityGroupIds": [group]})
    still_wrong(wrong=interfaces(client, "subnet-id", subnet) == [], addition="function_interfaces")


def test_execution_roles_are_still_needed(client: Client) -> None:
    """Plain moto accepts a role that does not trust Lambda."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}],
    }
    arn = client("iam").create_role(RoleName="no", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    still_wrong(wrong=succeeds(lambda: create_function(client, "distrusted", arn)), addition="execution_roles")


def test_function_limits_are_still_needed(client: Client, role: str) -> None:
    """Plain moto accepts a timeout of two days and reserved keys."""
    accepted = succeeds(
        lambda: create_function(
            client, "greedy", role, Timeout=172800, Environment={"Variables": {"AWS_REGION": "elsewhere"}}
        )
    )
    still_wrong(wrong=accepted, addition="function_limits")


def test_function_code_is_still_needed(client: Client, role: str) -> None:
    """Plain moto makes a function from an object that does not exist."""
    client("s3").create_bucket(Bucket="packages")
    made = client("lambda").create_function(
        FunctionName="empty",
        Role=role,
        Runtime="python3.12",
        Handler="index.handler",
        Code={"S3Bucket": "packages", "S3Key": "nothing.zip"},
    )
    still_wrong(wrong=made["CodeSize"] == 0, addition="function_code")


def test_function_versions_are_still_needed(client: Client, role: str) -> None:
    """Plain moto publishes whatever CodeSha256 was given."""
    create_function(client, "versioned", role)
    accepted = succeeds(lambda: client("lambda").publish_version(FunctionName="versioned", CodeSha256="another"))
    still_wrong(wrong=accepted, addition="function_versions")


def test_function_layers_are_still_needed(client: Client, role: str) -> None:
    """Plain moto takes another account's layer for the own one of that name."""
    functions = client("lambda")
    content = {"ZipFile": package()}
    arn = functions.publish_layer_version(LayerName="shared", Content=content)["LayerVersionArn"]
    foreign = arn.replace(arn.split(":")[4], "210987654321")
    accepted = succeeds(lambda: create_function(client, "layered", role, Layers=[foreign]))
    still_wrong(wrong=accepted, addition="function_layers")


def test_function_concurrency_is_still_needed(client: Client, role: str) -> None:
    """Plain moto reserves more than an account has."""
    create_function(client, "reserved", role)
    accepted = succeeds(
        lambda: client("lambda").put_function_concurrency(
            FunctionName="reserved", ReservedConcurrentExecutions=5000
        )
    )
    client("lambda").delete_function_concurrency(FunctionName="reserved")
    still_wrong(wrong=accepted, addition="function_concurrency")


def test_function_listings_are_still_needed(client: Client, role: str) -> None:
    """Plain moto lists everything at once."""
    for name in ("listed", "listed-too"):
        create_function(client, name, role)
    page = client("lambda").list_functions(MaxItems=1)
    still_wrong(wrong="NextMarker" not in page, addition="function_listings")


def test_function_logging_is_still_needed(client: Client, role: str) -> None:
    """Plain moto keeps nothing of a LoggingConfig."""
    made = create_function(client, "logging", role, LoggingConfig={"LogFormat": "JSON"})
    still_wrong(wrong="LoggingConfig" not in made, addition="function_logging")


def test_code_locations_are_still_needed(client: Client) -> None:
    """Plain moto tells a layer's location as ``s3://``."""
    made = client("lambda").publish_layer_version(LayerName="nowhere", Content={"ZipFile": package()})
    still_wrong(wrong=made["Content"]["Location"] == "s3://", addition="code_locations")


def test_log_shipping_is_still_needed() -> None:
    """Plain moto writes a function's output itself, without asking its role."""
    import inspect

    from moto.awslambda.models import LambdaFunction

    text = inspect.getsource(LambdaFunction.save_logs)
    still_wrong(wrong="put_log_events" in text and "role" not in text, addition="log_shipping")


def test_invocations_are_still_needed() -> None:
    """Plain moto runs functions in Docker."""
    import inspect

    from moto.awslambda.models import LambdaFunction

    still_wrong(wrong="docker" in inspect.getsource(LambdaFunction._invoke_lambda), addition="invocations")


def test_event_source_mappings_are_still_needed(client: Client, role: str) -> None:
    """Plain moto maps a queue for a role that may not receive from it."""
    create_function(client, "unfed", role)
    _, queue = make_queue(client, "unreadable")
    accepted = succeeds(
        lambda: client("lambda").create_event_source_mapping(FunctionName="unfed", EventSourceArn=queue)
    )
    still_wrong(wrong=accepted, addition="event_source_mappings")


def test_invocation_settings_are_still_needed(client: Client, role: str) -> None:
    """Plain moto keeps the first of two configurations, and forgets a dead-letter queue."""
    _, queue = make_queue(client, "dead")
    made = create_function(client, "first", role, DeadLetterConfig={"TargetArn": queue})
    for retries in (0, 1):
        client("lambda").put_function_event_invoke_config(FunctionName="first", MaximumRetryAttempts=retries)
    told = client("lambda").get_function_event_invoke_config(FunctionName="first")
    still_wrong(
        wrong=told["MaximumRetryAttempts"] == 0 and "DeadLetterConfig" not in made, addition="invocation_settings"
    )
