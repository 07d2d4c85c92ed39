"""AWS API calls against servers on loopback."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from lambdas.probe import aws_api
from tests.unit.probe.conftest import AnsweringServer

Ask = Callable[..., dict[str, Any]]

NO_IDENTITY_POLICY = """<Error><Code>AccessDenied</Code><Message>User is not authorized to perform:
s3:ListAllMyBuckets because no identity-based policy allows the action</Message></Error>"""


@pytest.fixture
def point_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    def point(port: int) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    _forget()
    yield point
    _forget()


def _forget() -> None:
    aws_api.made_client.cache_clear()
    aws_api.session.cache_clear()


FIRST_CALLS = (
    ("sts", "get_caller_identity"),
    ("s3", "list_buckets"),
    ("secretsmanager", "list_secrets"),
    ("logs", "describe_log_groups"),
)


@pytest.fixture(scope="module")
def moto_port() -> Iterator[int]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    port = server.get_host_and_port()[1]
    for service, operation in FIRST_CALLS:  # a service's first answer takes seconds, when moto loads it
        client = boto3.client(
            service,
            endpoint_url=f"http://127.0.0.1:{port}",
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        getattr(client, operation)()
    yield port
    server.stop()


@pytest.mark.parametrize(
    ("call", "evidence"),
    [
        ("sts", "arn"),
        ("identity", "user_id"),
        ("s3", "buckets"),
        ("secretsmanager", "secrets"),
        ("logs_api", "log_groups"),
    ],
)
def test_a_call_can_reach_its_service(
    ask: Ask, point_at: Callable[[int], None], moto_port: int, call: str, evidence: str
) -> None:
    """A service that answers is ``connected``, with something of its answer as evidence."""
    point_at(moto_port)
    answer = ask(partial(aws_api.probe), call=call)
    assert (answer["outcome"], answer["error"]) == ("connected", None)
    assert evidence in answer["evidence"]


def test_a_call_can_be_denied_by_the_service(
    ask: Ask, point_at: Callable[[int], None], http_server: AnsweringServer
) -> None:
    """A 403 is ``denied_by_service`` with AWS's error code: the network let it through."""
    http_server.status, http_server.body = 403, NO_IDENTITY_POLICY
    point_at(http_server.server_port)
    answer = ask(aws_api.probe, call="s3")
    assert (answer["outcome"], answer["stage"]) == ("denied_by_service", "api")
    assert answer["evidence"]["error_code"] == "AccessDenied"
    assert "no identity-based policy" in answer["error"]


def test_a_call_cannot_take_a_broken_service_for_an_outcome(
    ask: Ask, point_at: Callable[[int], None], http_server: AnsweringServer
) -> None:
    """A 500 is an error, never an outcome."""
    http_server.status, http_server.body = 500, "<Error><Code>InternalError</Code></Error>"
    point_at(http_server.server_port)
    answer = ask(aws_api.probe, call="s3")
    assert (answer["outcome"], answer["stage"]) == (None, "api")


def test_a_call_cannot_use_the_connection_of_an_earlier_one(
    ask: Ask, point_at: Callable[[int], None], http_server: AnsweringServer
) -> None:
    """A warm function would otherwise report on a way that is gone since."""
    http_server.status, http_server.body = 403, NO_IDENTITY_POLICY
    point_at(http_server.server_port)
    for _ in range(2):
        assert ask(aws_api.probe, call="s3")["outcome"] == "denied_by_service"
    assert len(set(http_server.callers)) == 2


def test_a_call_cannot_hide_a_closed_port(ask: Ask, point_at: Callable[[int], None], closed_port: int) -> None:
    """A refused connection is told from other failures before boto3 is asked."""
    point_at(closed_port)
    answer = ask(aws_api.probe, call="sts")
    assert (answer["outcome"], answer["stage"]) == ("refused", "tcp")


def test_any_call_can_be_made(ask: Ask, point_at: Callable[[int], None], moto_port: int) -> None:
    """Service, operation and parameters come with the event; the answer is evidence, as JSON."""
    point_at(moto_port)
    made = ask(aws_api.probe_call, service="sqs", operation="create_queue", parameters={"QueueName": "q"})
    assert (made["outcome"], made["error"], made["evidence"]["http_status"]) == ("connected", None, 200)
    found = ask(aws_api.probe_call, service="sqs", operation="ListQueues", timeout_seconds=2)
    assert found["evidence"]["answer"]["QueueUrls"] == [made["evidence"]["answer"]["QueueUrl"]]
    json.dumps(found)


def test_any_call_can_be_denied(ask: Ask, point_at: Callable[[int], None], http_server: AnsweringServer) -> None:
    """Code, message and status of a denial are evidence, also where the status is not 403."""
    http_server.status = 400
    http_server.body = '{"__type": "AccessDeniedException", "message": "User: a is not authorized"}'
    point_at(http_server.server_port)
    parameters = {"TableName": "t", "Key": {"id": {"S": "1"}}}
    answer = ask(aws_api.probe_call, service="dynamodb", operation="get_item", parameters=parameters)
    assert (answer["outcome"], answer["stage"]) == ("denied_by_service", "api")
    assert answer["evidence"]["error_code"] == "AccessDeniedException"
    assert answer["evidence"]["error_message"] == "User: a is not authorized"
    assert answer["evidence"]["http_status"] == 400


def test_another_error_of_any_call_cannot_be_an_outcome(
    ask: Ask, point_at: Callable[[int], None], moto_port: int
) -> None:
    """The service was reached and let the caller in; what it wants instead is in the evidence."""
    point_at(moto_port)
    parameters = {"TableName": "none", "Key": {"id": {"S": "1"}}}
    answer = ask(aws_api.probe_call, service="dynamodb", operation="get_item", parameters=parameters)
    assert answer["outcome"] is None
    assert answer["evidence"]["error_code"] == "ResourceNotFoundException"
    assert ask(aws_api.probe_call, service="astrology", operation="ask")["outcome"] is None


DRY_RUN = """<Response><Errors><Error><Code>DryRunOperation</Code><Message>Request would have succeeded, but DryRun
flag is set.</Message></Error></Errors><RequestID>r</RequestID></Response>"""


def test_dry_run_can_say_that_a_call_is_allowed(
    ask: Ask, point_at: Callable[[int], None], http_server: AnsweringServer
) -> None:
    """EC2 answers an allowed dry run with an error that says so."""
    http_server.status, http_server.body = 412, DRY_RUN
    point_at(http_server.server_port)
    parameters = {"DryRun": True}
    answer = ask(aws_api.probe_call, service="ec2", operation="describe_network_interfaces", parameters=parameters)
    assert (answer["outcome"], answer["evidence"]["error_code"]) == ("connected", "DryRunOperation")


def test_each_call_can_only_go_to_a_regional_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Endpoints cover regional names only (``sts.amazonaws.com`` is not served by one)."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    _forget()
    urls = {aws_api.client(call.service).meta.endpoint_url for call in aws_api.CALLS.values()}
    _forget()
    assert urls == {
        f"https://{service}.us-east-1.amazonaws.com" for service in ("sts", "s3", "secretsmanager", "logs")
    }
