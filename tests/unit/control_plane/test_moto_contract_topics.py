"""Plain moto still sends what is published as the additions for SNS correct it.

As in ``test_moto_contract``: a failure here is good news.
"""

from tests.unit.control_plane.plain_moto import Client, make_queue, still_wrong, succeeds


def test_topic_delivery_is_still_needed(client: Client) -> None:
    """Plain moto sends to a queue that lets nobody send, and loses a wrong entry of a batch without a word."""
    url, queue = make_queue(client, "closed-to-topics")
    topic = client("sns").create_topic(Name="sending")["TopicArn"]
    client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    entries = [{"Id": "1", "Message": "m"}, {"Id": "2", "Message": "m", "Subject": "long" * 30}]
    answer = client("sns").publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    came = client("sqs").receive_message(QueueUrl=url).get("Messages", [])
    still_wrong(wrong=len(came) == 1 and not answer.get("Failed"), addition="topic_delivery")


def test_topic_filters_are_still_needed(client: Client) -> None:
    """Plain moto finds a value within quoted text, and wants every element of an array to be anything but."""
    url, queue = make_queue(client, "choosing")
    topic = client("sns").create_topic(Name="filtering")["TopicArn"]
    client("sns").subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=queue,
        Attributes={"FilterPolicy": '{"colour": ["oo"]}'},
    )
    quoted = {"colour": {"DataType": "String", "StringValue": '"foot"'}}
    client("sns").publish(TopicArn=topic, Message="m", MessageAttributes=quoted)
    came = client("sqs").receive_message(QueueUrl=url).get("Messages", [])
    still_wrong(wrong=len(came) == 1, addition="TopicMessage.is_wanted")


def test_topic_subscriptions_are_still_needed(client: Client) -> None:
    """Plain moto subscribes another account's queue at once, and keeps what it refuses an attribute of."""
    topic = client("sns").create_topic(Name="subscribing")["TopicArn"]
    far = "arn:aws:sqs:us-east-1:222222222222:far"
    told = client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=far)["SubscriptionArn"]
    near = {"TopicArn": topic, "Protocol": "lambda", "Endpoint": "nonsense", "Attributes": {"Nonsense": "1"}}
    refused = not succeeds(lambda: client("sns").subscribe(**near))
    kept = client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    still_wrong(
        wrong=told != "pending confirmation" and refused and len(kept) == 2, addition="topic_subscriptions"
    )
