"""SNS: who may subscribe whom, and what reaches a function or a queue, by its own policy."""

import json
from functools import partial
from typing import Any

import pytest

from tests.deadline import eventually
from tests.integration.authorization_world import OTHER, allow, role
from tests.integration.control_plane_world import ACCOUNT, REGION, World, package, policy, refused
from vpclab.localcloud.lambda_runtime.invocation import InvocationResult

ARRIVES = 10.0
INVALID = "InvalidParameter"
PENDING = "pending confirmation"
BLUE = {"colour": {"DataType": "String", "StringValue": "blue"}}
RED = {"colour": {"DataType": "String", "StringValue": "red"}}


class Topic:
    """A topic, and the functions and queues around it."""

    def __init__(self, here: World) -> None:
        self.here = here
        self.sns = here.client("sns")
        self.arn: str = self.sns.create_topic(Name="topic")["TopicArn"]

    def subscribe(self, protocol: str, endpoint: str, sns: Any = None, **attributes: str) -> str:  # noqa: ANN401
        made = (sns or self.sns).subscribe(
            TopicArn=self.arn, Protocol=protocol, Endpoint=endpoint, Attributes=attributes
        )
        arn: str = made["SubscriptionArn"]
        return arn

    def publish(self, text: str, **more: Any) -> str:  # noqa: ANN401 - what the API takes
        message_id: str = self.sns.publish(TopicArn=self.arn, Message=text, **more)["MessageId"]
        return message_id

    def function(self, name: str = "f") -> str:
        return str(self.here.function(name, self.here.role(name))["FunctionArn"])

    def permit(self, name: str = "f", topic: str | None = None, **more: str) -> None:
        self.here.functions.add_permission(
            FunctionName=name,
            StatementId="sns",
            Action="lambda:InvokeFunction",
            Principal="sns.amazonaws.com",
            SourceArn=topic or self.arn,
            **more,
        )

    def queue(self, name: str = "q", account: str = "test", *, is_open: bool = True) -> tuple[str, str]:
        """A queue's URL and ARN; ``is_open``: it lets this topic send."""
        sqs = self.here.client("sqs", key=account)
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        if is_open:
            self.open(url, arn, account)
        return url, arn

    def open(self, url: str, arn: str, account: str = "test", topic: str | None = None) -> None:
        statement = allow(
            "sqs:SendMessage",
            arn,
            Principal={"Service": "sns.amazonaws.com"},
            Condition={"ArnEquals": {"aws:SourceArn": topic or self.arn}},
        )
        sqs = self.here.client("sqs", key=account)
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(statement)})

    def received(self, url: str, account: str = "test") -> Any:  # noqa: ANN401 - JSON
        sqs = self.here.client("sqs", key=account)
        [message] = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=int(ARRIVES), MessageAttributeNames=["All"])[
            "Messages"
        ]
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return message

    def told(self, url: str, account: str = "test") -> Any:  # noqa: ANN401 - JSON
        return json.loads(self.received(url, account)["Body"])

    def left(self, url: str) -> int:
        name = "ApproximateNumberOfMessages"
        told = self.here.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[name])
        return int(told["Attributes"][name])

    def fed(self, count: int) -> list[Any]:
        """The records of the first events that functions got."""
        invocations = self.here.effects.invocations
        eventually(lambda: len(invocations) >= count, ARRIVES, f"{count} events reached functions")
        return [json.loads(one.payload)["Records"][0] for one in invocations]


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


def fail(here: World) -> None:
    here.effects.answer = lambda one: InvocationResult(
        200, b'{"errorMessage": "no"}', "Unhandled", b"", one.version
    )


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


NOT_MODELLED: list[tuple[str, str, dict[str, str]]] = [
    *((one, "x", {}) for one in ("http", "https", "email", "email-json", "sms", "application", "firehose")),
    *(
        ("sqs", f"arn:aws:sqs:{REGION}:{ACCOUNT}:q", attributes)
        for attributes in (
            {"RedrivePolicy": "{}"},
            {"DeliveryPolicy": "{}"},
            {"FilterPolicyScope": "MessageBody"},
            {"FilterPolicy": '{"a": [{"wildcard": "*"}]}'},
        )
    ),
]


@pytest.mark.parametrize(("protocol", "endpoint", "attributes"), NOT_MODELLED)
def test_subscription_cannot_pretend(
    topic: Topic, protocol: str, endpoint: str, attributes: dict[str, str]
) -> None:
    """What nothing would follow is refused, and not half recorded."""
    with refused("UnsupportedOperation", "not modelled"):
        topic.subscribe(protocol, endpoint, **attributes)
    assert topic.sns.list_subscriptions()["Subscriptions"] == []


def test_subscription_cannot_be_made_of_what_does_not_fit(topic: Topic) -> None:
    """Topics, protocols, endpoints and attributes that are none; nothing is recorded."""
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"
    for text, protocol, endpoint, attributes in (
        ("Does not support this protocol string: pigeon", "pigeon", "x", {}),
        ("SQS endpoint ARN", "sqs", "http://localhost/1/q", {}),
        ("Lambda endpoint ARN", "lambda", queue, {}),
        ("FIFO SQS Queues can not be subscribed", "sqs", f"{queue}.fifo", {}),
        ("Must be true or false", "sqs", queue, {"RawMessageDelivery": "maybe"}),
        ("does not support raw", "lambda", FUNCTION, {"RawMessageDelivery": "true"}),
        ("AttributeName", "sqs", queue, {"Nonsense": "1"}),
        ("failed to parse JSON", "sqs", queue, {"FilterPolicy": "["}),
        ("FilterPolicy", "sqs", queue, {"FilterPolicy": '{"a": 1}'}),
        ("FilterPolicy", "sqs", queue, {"FilterPolicy": '{"a": [{"numeric": 1}]}'}),
        ("FilterPolicy", "sqs", queue, {"FilterPolicy": '{"$or": [1]}'}),
    ):
        with refused(INVALID, text):
            topic.subscribe(protocol, endpoint, **attributes)
    with refused("NotFound", "Topic does not exist"):
        topic.sns.subscribe(TopicArn=f"{topic.arn}-none", Protocol="sqs", Endpoint=queue)
    fifo = topic.sns.create_topic(Name="t.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    with refused("UnsupportedOperation", "FIFO"):
        topic.sns.subscribe(TopicArn=fifo, Protocol="sqs", Endpoint=queue)
    with refused("UnsupportedOperation", "telephone"):
        topic.sns.publish(PhoneNumber="+441234567890", Message="m")
    assert topic.sns.list_subscriptions()["Subscriptions"] == []


FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"


def test_subscription_can_be_made_once_and_taken_back(topic: Topic) -> None:
    """The same again is the same; with other attributes, an error. Unsubscribing twice is none."""
    url, arn = topic.queue()
    subscription = topic.subscribe("sqs", arn, RawMessageDelivery="true")
    assert topic.subscribe("sqs", arn, RawMessageDelivery="true") == subscription
    with refused(INVALID, "already exists with different attributes"):
        topic.subscribe("sqs", arn, RawMessageDelivery="false")
    told = topic.sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]
    assert (told["PendingConfirmation"], told["Owner"], told["RawMessageDelivery"]) == ("false", ACCOUNT, "true")
    [listed] = topic.sns.list_subscriptions_by_topic(TopicArn=topic.arn)["Subscriptions"]
    assert (listed["SubscriptionArn"], listed["Endpoint"], listed["Owner"]) == (subscription, arn, ACCOUNT)
    counted = topic.sns.get_topic_attributes(TopicArn=topic.arn)["Attributes"]
    assert (counted["SubscriptionsConfirmed"], counted["SubscriptionsPending"]) == ("1", "0")
    for _ in range(2):
        topic.sns.unsubscribe(SubscriptionArn=subscription)
    topic.publish("to nobody")
    assert topic.left(url) == 0
    with refused("NotFound", "Subscription does not exist"):
        topic.sns.get_subscription_attributes(SubscriptionArn=subscription)


def test_deleted_topic_cannot_send(topic: Topic) -> None:
    """Its subscriptions go with it: a topic of the same name has none."""
    url, arn = topic.queue()
    topic.subscribe("sqs", arn)
    topic.sns.delete_topic(TopicArn=topic.arn)
    with refused("NotFound", "Topic does not exist"):
        topic.publish("to nobody")
    assert topic.sns.create_topic(Name="topic")["TopicArn"] == topic.arn
    topic.publish("to nobody")
    assert topic.left(url) == 0
    assert topic.sns.list_subscriptions()["Subscriptions"] == []


def grant_to_other(topic: Topic, *actions: str) -> None:
    statement = allow(list(actions), topic.arn, Principal={"AWS": f"arn:aws:iam::{OTHER}:root"})
    topic.sns.set_topic_attributes(TopicArn=topic.arn, AttributeName="Policy", AttributeValue=policy(statement))


def test_other_account_can_subscribe_its_queue(topic: Topic) -> None:
    """With the topic's permission, and its own; it needs no confirmation and is that account's subscription."""
    url, arn = topic.queue(account=OTHER)
    other = role(topic.here, "reader", allow("sns:*"), account=OTHER)("sns")
    with refused("AuthorizationError", "no resource-based policy allows the SNS:Subscribe action"):
        topic.subscribe("sqs", arn, other)
    grant_to_other(topic, "sns:Subscribe")
    subscription = topic.subscribe("sqs", arn, other)
    topic.publish("hello")
    assert topic.told(url, OTHER)["Message"] == "hello"
    [listed] = other.list_subscriptions()["Subscriptions"]
    assert (listed["SubscriptionArn"], listed["Owner"]) == (subscription, OTHER)
    assert topic.sns.list_subscriptions()["Subscriptions"] == []
    stranger = topic.here.client("sns", key="333333333333")
    with refused("AuthorizationError", "SNS:Unsubscribe"):
        stranger.unsubscribe(SubscriptionArn=subscription)
    other.unsubscribe(SubscriptionArn=subscription)
    assert topic.sns.list_subscriptions_by_topic(TopicArn=topic.arn)["Subscriptions"] == []


def test_other_accounts_function_can_be_invoked(topic: Topic) -> None:
    """Subscribed from its own account: the topic's owner cannot do it here."""
    far = topic.here.client("lambda", key=OTHER)
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    iam = topic.here.client("iam", key=OTHER)
    made = iam.create_role(RoleName="far", AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    function = far.create_function(
        FunctionName="far", Role=made, Runtime="python3.12", Handler="index.handler", Code={"ZipFile": package()}
    )["FunctionArn"]
    with refused("UnsupportedOperation", "subscribe it from there"):
        topic.subscribe("lambda", function)
    grant_to_other(topic, "sns:Subscribe")
    topic.subscribe("lambda", function, topic.here.client("sns", key=OTHER))
    topic.publish("silent")
    far.add_permission(
        FunctionName="far",
        StatementId="sns",
        Action="lambda:InvokeFunction",
        Principal="sns.amazonaws.com",
        SourceArn=topic.arn,
    )
    topic.publish("told")
    assert [one["Sns"]["Message"] for one in topic.fed(1)] == ["told"]


def test_other_accounts_queue_cannot_be_subscribed_without_its_consent(topic: Topic) -> None:
    """The topic's owner subscribes it: a token goes to the queue, and messages only once it was handed back."""
    url, arn = topic.queue(account=OTHER)
    assert topic.subscribe("sqs", arn) == PENDING
    asked = topic.told(url, OTHER)
    assert (asked["Type"], asked["TopicArn"]) == ("SubscriptionConfirmation", topic.arn)
    [listed] = topic.sns.list_subscriptions()["Subscriptions"]
    assert listed["SubscriptionArn"] == "PendingConfirmation"
    topic.publish("silent")
    other = topic.here.client("sns", key=OTHER)
    with refused(INVALID, "Token"):
        other.confirm_subscription(TopicArn=topic.arn, Token="guessed")
    confirmed = other.confirm_subscription(TopicArn=topic.arn, Token=asked["Token"])["SubscriptionArn"]
    topic.publish("told")
    assert topic.told(url, OTHER)["Message"] == "told"
    told = topic.sns.get_subscription_attributes(SubscriptionArn=confirmed)["Attributes"]
    assert told["PendingConfirmation"] == "false"


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
