"""The far ends that rows call: real answers where there are some, clear refusals elsewhere."""

from typing import Any

import pytest

from tests.integration.row_cloud import Clients, refused

READ = [
    ("athena", "list_work_groups"),
    ("cloudwatch", "list_metrics"),
    ("dynamodb", "list_tables"),
    ("glue", "get_databases"),
    ("kinesis", "list_streams"),
    ("kms", "list_keys"),
    ("logs", "describe_log_groups"),
    ("sns", "list_topics"),
    ("sqs", "list_queues"),
    ("ssm", "describe_parameters"),
]


@pytest.mark.parametrize(("service", "operation"), READ, ids=[service for service, _ in READ])
def test_service_can_answer(clients: Clients, service: str, operation: str) -> None:
    """What rows R10, R14, R17, R18, R19 and their like call at the far end of an endpoint or a NAT gateway."""
    assert getattr(clients(service), operation)()["ResponseMetadata"]["HTTPStatusCode"] == 200


NOWHERE: list[tuple[str, str, dict[str, Any], str]] = [
    ("athena", "start_query_execution", {"QueryString": "select 1"}, "StartQueryExecution"),
    ("glue", "create_database", {"DatabaseInput": {"Name": "x"}}, "CreateDatabase"),
    ("sns", "subscribe", {"TopicArn": "arn:aws:sns:us-east-1:123456789012:t", "Protocol": "email"}, "delivery"),
    ("secretsmanager", "rotate_secret", {"SecretId": "s"}, "rotation of secrets"),
    ("events", "list_rules", {}, "The service events is not modelled by the local cloud"),
]


@pytest.mark.parametrize(("service", "operation", "given", "text"), NOWHERE, ids=[row[0] for row in NOWHERE])
def test_service_cannot_pretend(
    clients: Clients, service: str, operation: str, given: dict[str, Any], text: str
) -> None:
    """What nothing would follow is refused, and the refusal names it."""
    with refused("UnsupportedOperation", text):
        getattr(clients(service), operation)(**given)
