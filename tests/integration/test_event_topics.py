"""SNS: what reaches a function or a queue, by its own policy."""

import json
from functools import partial
from typing import Any

import pytest

from tests.integration.authorization_world import OTHER, allow
from tests.integration.control_plane_world import ACCOUNT, World, policy, refused
from tests.integration.topic_world import BLUE, RED, Topic, fail

INVALID = "InvalidParameter"


@pytest.fixture
def topic(here: World) -> Topic:
    return Topic(here)


def test_topic_can_invoke_a_function(topic: Topic) -> None:
    """By the function's policy; the event is what the Lambda guide shows."""
    function = topic.function()
    topic.permit(SourceAccount=ACCOUNT)
    subscription = topic.subscribe("lambda", function)
    message_id = topic.publish("hello", Subject="greeting", MessageAttributes=BLUE)
    [record] = topic.fed(1)
    assert (record["EventSource"], record["EventVersion"]) == ("aws:sns", "1.0")
    assert record["EventSubscriptionArn"] == subscription
    told = record["Sns"]
    assert (told["Type"], told["MessageId"], told["TopicArn"]) == ("Notification", message_id, topic.arn)
    assert (told["Subject"], told["Message"]) == ("greeting", "hello")
    assert told["MessageAttributes"] == {"colour": {"Type": "String", "Value": "blue"}}
    assert {"Timestamp", "Signature", "SignatureVersion", "SigningCertUrl", "UnsubscribeUrl"} <= set(told)


@pytest.mark.parametrize("bound_to", ["nothing", "another topic", "another account"])
def test_topic_cannot_invoke_a_function_without_permission(topic: Topic, bound_to: str) -> None:
    """Subscribing and publishing succeed; only what is published with the permission comes."""
    topic.subscribe("lambda", topic.function())
    if bound_to == "another topic":
        topic.permit(topic=f"{topic.arn}-other")
    elif bound_to == "another account":
        topic.permit(SourceAccount=OTHER)
    topic.publish("silent")
    if bound_to != "nothing":
        topic.here.functions.remove_permission(FunctionName="f", StatementId="sns")
    topic.permit()
    topic.publish("told")
    assert [one["Sns"]["Message"] for one in topic.fed(1)] == ["told"]


def test_message_can_be_retried_by_the_function_it_invoked(topic: Topic) -> None:
    """SNS invokes asynchronously: retries, the dead-letter queue and destinations are the function's own."""
    url, queue = topic.queue(is_open=False)
    topic.subscribe("lambda", topic.function())
    topic.permit()
    statement = allow("sqs:SendMessage", queue)
    topic.here.client("iam").put_role_policy(RoleName="f", PolicyName="send", PolicyDocument=policy(statement))
    topic.here.functions.put_function_event_invoke_config(
        FunctionName="f", MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": queue}}
    )
    fail(topic.here)
    topic.publish("hello")
    record = topic.told(url)
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestPayload"]["Records"][0]["Sns"]["Message"] == "hello"


def test_topic_can_send_to_a_queue(topic: Topic) -> None:
    """By the queue's policy: an envelope in JSON, or the bare message with its attributes."""
    url, arn = topic.queue()
    subscription = topic.subscribe("sqs", arn)
    message_id = topic.publish("hello", Subject="greeting", MessageAttributes=BLUE)
    told = topic.told(url)
    assert (told["Type"], told["MessageId"], told["TopicArn"]) == ("Notification", message_id, topic.arn)
    assert (told["Subject"], told["Message"]) == ("greeting", "hello")
    assert told["MessageAttributes"] == {"colour": {"Type": "String", "Value": "blue"}}
    assert {"Timestamp", "Signature", "SignatureVersion", "SigningCertURL", "UnsubscribeURL"} <= set(told)
    topic.sns.set_subscription_attributes(
        SubscriptionArn=subscription, AttributeName="RawMessageDelivery", AttributeValue="true"
    )
    binary = {"bytes": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}
    topic.publish("bare", MessageAttributes=BLUE | binary)
    message = topic.received(url)
    assert message["Body"] == "bare"
    assert message["MessageAttributes"]["colour"]["StringValue"] == "blue"
    assert message["MessageAttributes"]["bytes"]["BinaryValue"] == b"\x00\xff"


def test_topic_cannot_send_to_a_queue_without_permission(topic: Topic) -> None:
    """Of whichever account: no message and no error; another subscriber is told all the same."""
    url, arn = topic.queue(is_open=False)
    other_url, other = topic.queue("other")
    topic.subscribe("sqs", arn)
    topic.subscribe("sqs", other)
    topic.subscribe("sqs", f"{arn}-that-is-nowhere")
    topic.open(url, arn, topic=f"{topic.arn}-other")
    topic.publish("first")
    assert topic.told(other_url)["Message"] == "first"
    topic.open(url, arn)
    topic.publish("second")
    assert topic.told(url)["Message"] == "second"
    assert topic.left(url) == 0


def test_batch_can_reach_subscribers(topic: Topic) -> None:
    """Each entry is a message of its own; a wrong one fails alone, and some batches as a whole."""
    url, arn = topic.queue()
    topic.subscribe("sqs", arn)
    publish = partial(topic.sns.publish_batch, TopicArn=topic.arn)
    answer = publish(
        PublishBatchRequestEntries=[
            {"Id": "1", "Message": "one", "Subject": "s"},
            {"Id": "2", "Message": "two", "Subject": "long" * 30},
            {"Id": "3", "Message": "three", "MessageAttributes": BLUE},
        ]
    )
    assert [one["Id"] for one in answer["Successful"]] == ["1", "3"]
    assert [(one["Id"], one["Code"], one["SenderFault"]) for one in answer["Failed"]] == [("2", INVALID, True)]
    assert sorted(topic.told(url)["Message"] for _ in range(2)) == ["one", "three"]
    with refused("EmptyBatchRequest"):
        publish(PublishBatchRequestEntries=[])
    with refused("BatchRequestTooLong"):
        publish(PublishBatchRequestEntries=[{"Id": str(one), "Message": "m" * 90_000} for one in range(3)])
    with refused("BatchEntryIdsNotDistinct"):
        publish(PublishBatchRequestEntries=[{"Id": "1", "Message": "m"}] * 2)


def test_message_can_differ_by_protocol(topic: Topic) -> None:
    """MessageStructure json: a text for each protocol, and the default."""
    url, arn = topic.queue()
    topic.subscribe("sqs", arn)
    topic.subscribe("lambda", topic.function())
    topic.permit()
    topic.publish(json.dumps({"default": "all", "lambda": "function"}), MessageStructure="json")
    assert topic.told(url)["Message"] == "all"
    assert topic.fed(1)[0]["Sns"]["Message"] == "function"
    for text, why in (("no json", "failed to parse"), ('{"sqs": "q"}', "No default entry")):
        with refused(INVALID, why):
            topic.publish(text, MessageStructure="json")


@pytest.mark.parametrize(
    ("rules", "wanted", "unwanted"),
    [
        ({"colour": ["blue"]}, BLUE, RED),
        ({"colour": [{"prefix": "b"}]}, BLUE, RED),
        ({"colour": [{"anything-but": ["red"]}]}, BLUE, RED),
        ({"colour": [{"equals-ignore-case": "BLUE"}]}, BLUE, RED),
        ({"colour": [{"exists": False}]}, {}, RED),
        ({"$or": [{"colour": ["blue"]}, {"n": [1]}]}, BLUE, RED),
        (
            {"n": [{"numeric": [">", 1, "<=", 2]}]},
            {"n": {"DataType": "Number", "StringValue": "2"}},
            {"n": {"DataType": "Number", "StringValue": "1"}},
        ),
        (
            {"n": [{"anything-but": [100, 500]}]},
            {"n": {"DataType": "String.Array", "StringValue": "[100, 50]"}},
            {"n": {"DataType": "Number", "StringValue": "100"}},
        ),
        (
            {"colour": ["oo"]},
            {"colour": {"DataType": "String.Array", "StringValue": '["oo"]'}},
            {"colour": {"DataType": "String", "StringValue": '"foot"'}},
        ),
    ],
)
def test_subscriber_can_want_some_messages_only(topic: Topic, rules: Any, wanted: Any, unwanted: Any) -> None:  # noqa: ANN401 - JSON
    """A filter policy on message attributes, as the SNS guide has it."""
    url, arn = topic.queue()
    topic.subscribe("sqs", arn, FilterPolicy=json.dumps(rules))
    topic.publish("unwanted", MessageAttributes=unwanted)
    topic.publish("wanted", MessageAttributes=wanted)
    assert topic.told(url)["Message"] == "wanted"
    assert topic.left(url) == 0


@pytest.mark.parametrize("kind", ["dead-letter queue", "destination"])
def test_failed_event_can_be_told_to_a_topic(topic: Topic, kind: str) -> None:
    """Observed through a queue that the topic sends to: the event itself, or the record of the invocation."""
    url, arn = topic.queue()
    topic.subscribe("sqs", arn)
    topic.function()
    topic.here.client("iam").put_role_policy(
        RoleName="f", PolicyName="tell", PolicyDocument=policy(allow("sns:Publish", topic.arn))
    )
    settings: dict[str, Any] = {"FunctionName": "f", "MaximumRetryAttempts": 0}
    if kind == "destination":
        settings["DestinationConfig"] = {"OnFailure": {"Destination": topic.arn}}
    else:
        topic.here.functions.update_function_configuration(
            FunctionName="f", DeadLetterConfig={"TargetArn": topic.arn}
        )
    topic.here.functions.put_function_event_invoke_config(**settings)
    fail(topic.here)
    answer = topic.here.functions.invoke(FunctionName="f", InvocationType="Event", Payload=b'{"n": 1}')
    request_id = answer["ResponseMetadata"]["RequestId"]
    told = topic.told(url)
    text = json.loads(told["Message"])
    if kind == "destination":
        assert text["requestContext"]["requestId"] == request_id
        assert text["requestPayload"] == {"n": 1}
    else:
        assert text == {"n": 1}
        assert told["MessageAttributes"]["RequestID"] == {"Type": "String", "Value": request_id}


def test_upload_can_be_told_to_a_topic(topic: Topic) -> None:
    """S3 notifies the topic by the topic's policy, and the topic its subscribers by theirs."""
    url, arn = topic.queue()
    topic.subscribe("sqs", arn)
    s3 = topic.here.client("s3")
    s3.create_bucket(Bucket="uploads")
    statement = allow("sns:Publish", topic.arn, Principal={"Service": "s3.amazonaws.com"})
    topic.sns.set_topic_attributes(TopicArn=topic.arn, AttributeName="Policy", AttributeValue=policy(statement))
    rule = {"TopicArn": topic.arn, "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(
        Bucket="uploads", NotificationConfiguration={"TopicConfigurations": [rule]}
    )
    assert json.loads(topic.told(url)["Message"])["Event"] == "s3:TestEvent"
    s3.put_object(Bucket="uploads", Key="file", Body=b"hello")
    assert json.loads(topic.told(url)["Message"])["Records"][0]["s3"]["object"]["key"] == "file"
