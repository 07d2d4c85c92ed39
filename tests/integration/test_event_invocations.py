"""Asynchronous invocation on a whole local cloud: what is tried, what is kept when it fails, who is told."""

import json

import pytest

from tests.deadline import eventually
from tests.integration.event_world import ARRIVES, EventWorld
from tests.integration.row_cloud import refused
from tests.integration.row_world import BASIC, RowWorld

INVALID = "InvalidParameterValueException"
SENDS = ("sqs:SendMessage", "sns:Publish", "lambda:InvokeFunction")


@pytest.fixture
def events(world: RowWorld) -> EventWorld:
    return EventWorld(world)


def invoke(events: EventWorld, function: str, event: object) -> str:
    answer = events.functions.invoke(
        FunctionName=function, InvocationType="Event", Payload=json.dumps(event).encode()
    )
    assert answer["StatusCode"] == 202
    request_id: str = answer["ResponseMetadata"]["RequestId"]
    return request_id


def settings(events: EventWorld, function: str, retries: int = 0, **destinations: str) -> None:
    events.functions.put_function_event_invoke_config(
        FunctionName=function,
        MaximumRetryAttempts=retries,
        DestinationConfig={name: {"Destination": arn} for name, arn in destinations.items()},
    )


def test_failed_event_can_end_in_the_dead_letter_queue(events: EventWorld) -> None:
    """The event itself, with the request's id and the error as attributes."""
    url, queue = events.queue()
    function = events.function(events.world.iam_role(BASIC, allows=SENDS))
    events.functions.update_function_configuration(FunctionName=function, DeadLetterConfig={"TargetArn": queue})
    told = events.functions.get_function_configuration(FunctionName=function)
    assert told["DeadLetterConfig"] == {"TargetArn": queue}
    settings(events, function)
    request_id = invoke(events, function, {"raise": True})
    message = events.received(url)
    assert json.loads(message["Body"]) == {"raise": True}
    attributes = {name: one["StringValue"] for name, one in message["MessageAttributes"].items()}
    assert attributes == {"RequestID": request_id, "ErrorCode": "200", "ErrorMessage": "told to"}
    assert len(events.fed(function)) == 1


def test_event_can_be_told_of(events: EventWorld) -> None:
    """On success to one destination, on failure to another, as an invocation record."""
    good, good_arn = events.queue()
    bad, bad_arn = events.queue()
    function = events.function(events.world.iam_role(BASIC, allows=SENDS))
    settings(events, function, OnSuccess=good_arn, OnFailure=bad_arn)
    request_id = invoke(events, function, {"n": 1})
    record = json.loads(events.received(good)["Body"])
    assert record["version"] == "1.0"
    assert record["requestContext"] == {
        "requestId": request_id,
        "functionArn": f"{events.arn(function)}:$LATEST",
        "condition": "Success",
        "approximateInvokeCount": 1,
    }
    assert record["requestPayload"] == {"n": 1}
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}
    assert record["responsePayload"] == {"batchItemFailures": []}
    invoke(events, function, {"raise": True})
    record = json.loads(events.received(bad)["Body"])
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["responseContext"]["functionError"] == "Unhandled"
    assert record["responsePayload"]["errorMessage"] == "told to"
    assert (events.left(good), events.left(bad)) == (0, 0)


def test_destination_can_be_a_function(events: EventWorld) -> None:
    """The record is another function's event."""
    second = events.function(events.world.iam_role(BASIC))
    first = events.function(events.world.iam_role(BASIC, allows=SENDS))
    settings(events, first, OnSuccess=events.arn(second))
    invoke(events, first, {"n": 2})
    [event] = eventually(lambda: events.fed(second), ARRIVES, "the second function was invoked")
    assert event["requestPayload"] == {"n": 2}


def test_event_cannot_be_sent_without_permission(events: EventWorld) -> None:
    """The role is asked when a target is configured, and again when something is to be sent."""
    url, queue = events.queue()
    role = events.world.iam_role(BASIC)
    function = events.function(role)
    with refused(INVALID, f"does not have permissions to call SendMessage on {queue}"):
        settings(events, function, OnFailure=queue)
    with refused("ResourceNotFoundException"):
        events.functions.get_function_event_invoke_config(FunctionName=function)
    with refused(INVALID, "The provided execution role does not have permissions to call SendMessage on SQS"):
        events.functions.update_function_configuration(
            FunctionName=function, DeadLetterConfig={"TargetArn": queue}
        )
    with refused("UnsupportedOperation", "is not modelled"):
        settings(events, function, OnFailure="arn:aws:events:us-east-1:123456789012:event-bus/default")
    name = role.rpartition("/")[2]
    allow = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    events.iam.put_role_policy(RoleName=name, PolicyName="send", PolicyDocument=document)
    settings(events, function, OnFailure=queue)
    events.iam.delete_role_policy(RoleName=name, PolicyName="send")
    invoke(events, function, {"raise": True, "n": 1})
    eventually(lambda: len(events.fed(function)) == 1, ARRIVES, "the event was tried")
    events.iam.put_role_policy(RoleName=name, PolicyName="send", PolicyDocument=document)
    events.world.later(events.iam.delete_role_policy, RoleName=name, PolicyName="send")
    invoke(events, function, {"raise": True, "n": 2})
    assert json.loads(events.received(url)["Body"])["requestPayload"]["n"] == 2
    assert events.left(url) == 0


def test_function_with_no_concurrency_cannot_take_events(events: EventWorld) -> None:
    """Accepted, never run, and told to the destination at once."""
    url, queue = events.queue()
    function = events.function(events.world.iam_role(BASIC, allows=SENDS))
    settings(events, function, OnFailure=queue)
    events.functions.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    invoke(events, function, {})
    told = json.loads(events.received(url)["Body"])["requestContext"]
    assert (told["condition"], told["approximateInvokeCount"]) == ("ZeroReservedConcurrency", 0)
    assert events.fed(function) == []


def test_second_configuration_can_replace_the_first(events: EventWorld) -> None:
    """Put replaces, update changes what it names, and bounds are held."""
    function = events.function(events.world.iam_role(BASIC, allows=SENDS))
    _, queue = events.queue()
    settings(events, function, retries=1, OnFailure=queue)
    events.functions.put_function_event_invoke_config(FunctionName=function, MaximumEventAgeInSeconds=60)
    events.functions.update_function_event_invoke_config(FunctionName=function, MaximumRetryAttempts=2)
    told = events.functions.get_function_event_invoke_config(FunctionName=function)
    assert (told["MaximumRetryAttempts"], told["MaximumEventAgeInSeconds"]) == (2, 60)
    assert "DestinationConfig" not in told
    assert told["FunctionArn"] == f"{events.arn(function)}:$LATEST"
    with refused(INVALID, "You must specify at least one of"):
        events.functions.put_function_event_invoke_config(FunctionName=function)
    with refused("UnsupportedOperation", "per version or alias"):
        events.functions.put_function_event_invoke_config(FunctionName=function, Qualifier="1")
    events.functions.delete_function_event_invoke_config(FunctionName=function)
    with refused("ResourceNotFoundException"):
        events.functions.get_function_event_invoke_config(FunctionName=function)
