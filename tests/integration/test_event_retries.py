"""Asynchronous invocation without the waits: a control plane whose retries come at once."""

import json
from collections.abc import Iterator

import pytest

from tests.deadline import eventually
from tests.integration.control_plane_world import Recorded, World, refused
from vpclab.localcloud.control_plane import ControlPlane, Settings
from vpclab.localcloud.lambda_runtime.invocation import Invocation, InvocationRefused, InvocationResult

SOON = 10.0


@pytest.fixture
def here() -> Iterator[World]:
    effects = Recorded()
    with ControlPlane(effects, Settings(asynchronous_retry_seconds=(0.01, 0.02))) as plane:
        yield World(plane, effects)


def failing(here: World) -> None:
    here.effects.answer = lambda one: InvocationResult(
        200, b'{"errorMessage": "no"}', "Unhandled", b"", one.version
    )


def destination(here: World, **settings: int) -> str:
    """A function named f whose failed events are told to the queue with this URL."""
    role = here.role()
    allow = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
    here.client("iam").put_role_policy(
        RoleName="r", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    )
    here.function("f", role)
    sqs = here.client("sqs")
    url: str = sqs.create_queue(QueueName="q")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    here.functions.put_function_event_invoke_config(
        FunctionName="f", DestinationConfig={"OnFailure": {"Destination": arn}}, **settings
    )
    return url


def told(here: World, url: str) -> dict[str, object]:
    [message] = here.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=int(SOON))["Messages"]
    found: dict[str, object] = json.loads(message["Body"])["requestContext"]
    return found


def test_failed_event_can_be_retried_twice(here: World) -> None:
    """Three tries with one request id, then the destination."""
    url = destination(here)
    failing(here)
    answer = here.functions.invoke(FunctionName="f", InvocationType="Event", Payload=b"1")
    record = told(here, url)
    assert (record["condition"], record["approximateInvokeCount"]) == ("RetriesExhausted", 3)
    ids = [one.request_id for one in here.effects.invocations]
    assert ids == [answer["ResponseMetadata"]["RequestId"]] * 3


def test_retry_can_succeed(here: World) -> None:
    """An event is tried no more once the function has handled it."""
    destination(here)
    failing(here)
    calls = []

    def second_time(one: object) -> InvocationResult:
        calls.append(one)
        return InvocationResult(200, b"1", "Unhandled" if len(calls) == 1 else None)

    here.effects.answer = second_time
    here.functions.invoke(FunctionName="f", InvocationType="Event", Payload=b"1")
    eventually(lambda: len(calls) == 2, SOON, "the event was retried")


def test_throttled_event_can_wait(here: World) -> None:
    """What the service could not run goes back to the queue, and counts for no retry."""
    url = destination(here, MaximumRetryAttempts=0)
    calls = []

    def first_throttled(one: object) -> InvocationResult:
        calls.append(one)
        if len(calls) == 1:
            raise InvocationRefused("TooManyRequestsException", "Rate Exceeded.", status=429)
        return InvocationResult(200, b"1", "Unhandled")

    here.effects.answer = first_throttled
    here.functions.invoke(FunctionName="f", InvocationType="Event", Payload=b"1")
    record = told(here, url)
    assert (record["condition"], record["approximateInvokeCount"]) == ("RetriesExhausted", 1)
    assert len(calls) == 2


def test_retry_can_use_what_was_changed_meanwhile(here: World) -> None:
    """Each try runs the function as it is then."""
    url = destination(here)
    seen: list[str] = []

    def change(one: Invocation) -> InvocationResult:
        seen.append(one.environment.get("COLOUR", "none"))
        here.functions.update_function_configuration(
            FunctionName="f", Environment={"Variables": {"COLOUR": f"blue-{len(seen)}"}}
        )
        return InvocationResult(200, b"1", "Unhandled")

    here.effects.answer = change
    here.functions.invoke(FunctionName="f", InvocationType="Event", Payload=b"1")
    told(here, url)
    assert seen == ["none", "blue-1", "blue-2"]


def test_event_cannot_be_what_is_no_json(here: World) -> None:
    """Refused when it is sent, not when it is run."""
    here.function("f", here.role())
    with refused("InvalidRequestContentException", "Could not parse request body into json"):
        here.functions.invoke(FunctionName="f", InvocationType="Event", Payload=b"{")
    assert here.effects.invocations == []


def test_closed_control_plane_cannot_feed(here: World) -> None:
    """After it is closed nothing is retried, and a waiting receiver is let go."""
    destination(here)
    failing(here)
    here.plane.close()
    here.plane.stop_events()
    with ControlPlane(Recorded()) as plane:
        second = World(plane, here.effects)
        assert second.functions.list_functions()["Functions"] == []
