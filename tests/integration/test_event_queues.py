"""SQS queues that feed functions: the role that is asked, what is deleted, what comes back, what is given up."""

import json

import pytest

from tests.deadline import eventually
from tests.integration.event_world import ARRIVES, SOON, SQS, EventWorld
from tests.integration.row_cloud import refused
from tests.integration.row_world import BASIC, VPC_ACCESS, RowWorld

INVALID = "InvalidParameterValueException"


@pytest.fixture
def events(world: RowWorld) -> EventWorld:
    return EventWorld(world)


def test_queue_can_feed_a_function(events: EventWorld) -> None:
    """With AWSLambdaSQSQueueExecutionRole: the record has SQS's fields, and the message is gone afterwards."""
    function = events.function(events.world.iam_role(SQS))
    url, arn = events.queue()
    mapping = events.mapping(function, arn)
    sent = events.sqs.send_message(
        QueueUrl=url,
        MessageBody="hello",
        MessageAttributes={"colour": {"DataType": "String", "StringValue": "blue"}},
    )
    [record] = events.sees(function, 1)
    assert record["messageId"] == sent["MessageId"]
    assert (record["body"], record["md5OfBody"]) == ("hello", sent["MD5OfMessageBody"])
    assert (record["eventSource"], record["eventSourceARN"]) == ("aws:sqs", arn)
    assert record["awsRegion"] == "us-east-1"
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert {"SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp"} <= set(record["attributes"])
    assert record["messageAttributes"]["colour"]["stringValue"] == "blue"
    eventually(lambda: events.left(url) == 0, ARRIVES, "the message is deleted")
    eventually(lambda: events.result(mapping) == "OK", ARRIVES, "the mapping says OK")


def test_queue_cannot_feed_a_function_without_permission(events: EventWorld) -> None:
    """CreateEventSourceMapping asks the execution role for what polling needs; nothing is half-created."""
    _, arn = events.queue()
    for allowed, missing in (
        ((), "ReceiveMessage"),
        (("sqs:ReceiveMessage",), "DeleteMessage"),
        (("sqs:ReceiveMessage", "sqs:DeleteMessage"), "GetQueueAttributes"),
    ):
        function = events.function(events.world.iam_role(BASIC, allows=allowed))
        with refused(INVALID, f"execution role does not have permissions to call {missing} on SQS"):
            events.functions.create_event_source_mapping(FunctionName=function, EventSourceArn=arn)
        assert not events.functions.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]


def test_mapping_cannot_be_made_of_what_does_not_fit(events: EventWorld) -> None:
    """Missing queue, function and source; a queue that shows its messages too soon; bounds; the same twice."""
    function = events.function(events.world.iam_role(SQS), timeout=2)
    _, soon = events.queue(VisibilityTimeout="1")
    _, arn = events.queue(VisibilityTimeout="2")
    create = events.functions.create_event_source_mapping
    with refused(INVALID, "Queue visibility timeout: 1 seconds is less than Function timeout: 2 seconds"):
        create(FunctionName=function, EventSourceArn=soon)
    with refused(INVALID, "NonExistentQueue"):
        create(FunctionName=function, EventSourceArn=f"{arn}-none")
    with refused("ResourceNotFoundException", "Function not found"):
        create(FunctionName="none", EventSourceArn=arn)
    with refused(INVALID, "Unsupported source arn"):
        create(FunctionName=function, EventSourceArn="arn:aws:sns:us-east-1:123456789012:topic")
    with refused(INVALID, "must be greater than 0 if maximum batch size is greater than 10"):
        create(FunctionName=function, EventSourceArn=arn, BatchSize=11)
    with refused(INVALID, "Unsupported StartingPosition parameter"):
        create(FunctionName=function, EventSourceArn=arn, StartingPosition="LATEST")
    with refused("UnsupportedOperation", "tumbling windows"):
        create(FunctionName=function, EventSourceArn=arn, TumblingWindowInSeconds=5)
    with refused("UnsupportedOperation", "cidr"):
        filters = {"Filters": [{"Pattern": json.dumps({"body": {"a": [{"cidr": "10.0.0.0/8"}]}})}]}
        create(FunctionName=function, EventSourceArn=arn, FilterCriteria=filters)
    mapping = events.mapping(function, arn)
    with refused("ResourceConflictException", "provided mapping already exists", mapping):
        create(FunctionName=function, EventSourceArn=arn)


def test_isolated_function_can_be_fed(events: EventWorld) -> None:
    """The service polls, not the function: a subnet that routes nowhere changes nothing (C8)."""
    function = events.function(events.world.iam_role(SQS, VPC_ACCESS), events.world.isolated())
    url, arn = events.queue()
    events.mapping(function, arn)
    events.sqs.send_message(QueueUrl=url, MessageBody="hello")
    [record] = events.sees(function, 1)
    assert record["body"] == "hello"


def test_failed_message_can_end_in_the_dead_letter_queue(events: EventWorld) -> None:
    """A failed batch stays in its queue: after maxReceiveCount receives the redrive policy moves it away."""
    function = events.function(events.world.iam_role(SQS), timeout=SOON)
    dead_url, dead_arn = events.queue()
    redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 2})
    url, arn = events.queue(VisibilityTimeout=str(SOON), RedrivePolicy=redrive)
    mapping = events.mapping(function, arn)
    events.sqs.send_message(QueueUrl=url, MessageBody="raise!")
    assert events.received(dead_url)["Body"] == "raise!"
    counts = [one["attributes"]["ApproximateReceiveCount"] for one in events.records(function)]
    assert counts == ["1", "2"]
    assert events.left(url) == 0
    assert events.result(mapping) == "PROBLEM: Function call failed"


def test_reported_failures_alone_can_come_back(events: EventWorld) -> None:
    """ReportBatchItemFailures: what the function names stays, the rest of the batch is deleted."""
    function = events.function(events.world.iam_role(SQS), timeout=SOON)
    dead_url, dead_arn = events.queue()
    redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 1})
    url, arn = events.queue(VisibilityTimeout=str(SOON), RedrivePolicy=redrive)
    mapping = events.mapping(
        function,
        arn,
        BatchSize=3,
        MaximumBatchingWindowInSeconds=5,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    bodies = ["good", "report!", "fine"]
    entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
    events.sqs.send_message_batch(QueueUrl=url, Entries=entries)
    assert events.received(dead_url)["Body"] == "report!"
    [event] = events.fed(function)
    assert sorted(one["body"] for one in event["Records"]) == sorted(bodies)
    eventually(lambda: events.left(url) == 0, ARRIVES, "the others are deleted")
    assert events.left(dead_url) == 0
    assert events.functions.get_event_source_mapping(UUID=mapping)["FunctionResponseTypes"] == [
        "ReportBatchItemFailures"
    ]


def test_withdrawn_permission_can_end_the_feeding(events: EventWorld) -> None:
    """The role is asked at every poll: without it messages wait, and the mapping says why; with it they go on."""
    role = events.world.iam_role(SQS, BASIC)
    function = events.function(role)
    url, arn = events.queue()
    mapping = events.mapping(function, arn)
    give_back = events.detach(role, SQS)
    events.world.later(events.iam.detach_role_policy, RoleName=role.rpartition("/")[2], PolicyArn=SQS)
    events.sqs.send_message(QueueUrl=url, MessageBody="kept")
    eventually(lambda: "ReceiveMessage" in events.result(mapping), ARRIVES, "the mapping says what is missing")
    assert (events.left(url), events.records(function)) == (1, [])
    give_back()
    assert [one["body"] for one in events.sees(function, 1)] == ["kept"]


def test_disabled_mapping_cannot_feed(events: EventWorld) -> None:
    """Disabled, messages wait in the queue; enabled, they are delivered; deleted, they wait again."""
    function = events.function(events.world.iam_role(SQS))
    url, arn = events.queue()
    mapping = events.mapping(function, arn, state="Disabled", Enabled=False)
    events.sqs.send_message(QueueUrl=url, MessageBody="one")
    assert events.functions.update_event_source_mapping(UUID=mapping, Enabled=True)["State"] == "Enabling"
    events.sees(function, 1)
    assert events.functions.update_event_source_mapping(UUID=mapping, Enabled=False)["State"] == "Disabling"
    events.settled(mapping, "Disabled")
    events.sqs.send_message(QueueUrl=url, MessageBody="two")
    received = events.received(url)
    assert received["Body"] == "two"
    assert received["Attributes"]["ApproximateReceiveCount"] == "1"
    assert len(events.records(function)) == 1


def test_deleted_mapping_cannot_be_found(events: EventWorld) -> None:
    """Deleting, then gone, and nobody receives from its queue."""
    function = events.function(events.world.iam_role(SQS))
    url, arn = events.queue()
    made = events.functions.create_event_source_mapping(FunctionName=function, EventSourceArn=arn)
    events.settled(made["UUID"], "Enabled")
    assert events.functions.delete_event_source_mapping(UUID=made["UUID"])["State"] == "Deleting"

    def is_gone() -> bool:
        return not events.functions.list_event_source_mappings(EventSourceArn=arn)["EventSourceMappings"]

    eventually(is_gone, ARRIVES, "the mapping is gone")
    with refused("ResourceNotFoundException", "The resource you requested does not exist."):
        events.functions.get_event_source_mapping(UUID=made["UUID"])
    events.sqs.send_message(QueueUrl=url, MessageBody="mine")
    assert events.received(url)["Body"] == "mine"


def test_filter_can_keep_messages_from_the_function(events: EventWorld) -> None:
    """What no pattern matches is deleted without an invocation."""
    function = events.function(events.world.iam_role(SQS))
    url, arn = events.queue()
    pattern = json.dumps({"body": {"kind": ["order"], "price": [{"numeric": [">", 10]}]}})
    events.mapping(function, arn, FilterCriteria={"Filters": [{"Pattern": pattern}]})
    for body in ({"kind": "order", "price": 9}, {"kind": "offer", "price": 11}, {"kind": "order", "price": 12}):
        events.sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body))
    eventually(lambda: events.left(url) == 0, ARRIVES, "all messages are dealt with")
    assert [json.loads(one["body"])["price"] for one in events.sees(function, 1)] == [12]


def test_receiver_can_wait_for_a_message(events: EventWorld) -> None:
    """Long polling returns when a message comes, and holds up nobody meanwhile."""
    url, _ = events.queue(DelaySeconds="1")
    events.sqs.send_message(QueueUrl=url, MessageBody="late")
    found = events.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)
    assert [one["Body"] for one in found["Messages"]] == ["late"]


def test_fifo_queue_can_keep_the_order_of_a_group(events: EventWorld) -> None:
    """One batch of a group at a time, in order."""
    function = events.function(events.world.iam_role(SQS))
    name = f"{events.name()}.fifo"
    url = events.sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"})["QueueUrl"]
    events.world.later(events.sqs.delete_queue, QueueUrl=url)
    events.mapping(function, f"arn:aws:sqs:us-east-1:123456789012:{name}", BatchSize=2)
    for number in range(6):
        events.sqs.send_message(
            QueueUrl=url, MessageBody=str(number), MessageGroupId="g", MessageDeduplicationId=str(number)
        )
    assert [one["body"] for one in events.sees(function, 6)] == list("012345")
