"""SNS: who may subscribe whom, in one account and across two."""

import pytest

from tests.integration.authorization_world import OTHER, allow, role
from tests.integration.control_plane_world import ACCOUNT, REGION, World, package, policy, refused
from tests.integration.topic_world import Topic, grant_to_other


@pytest.fixture
def topic(here: World) -> Topic:
    return Topic(here)


INVALID = "InvalidParameter"


PENDING = "pending confirmation"


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
