"""A topic of SNS, and the functions and queues around it."""

import json
from typing import Any

from tests.deadline import eventually
from tests.integration.authorization_world import OTHER, allow
from tests.integration.control_plane_world import World, policy
from vpclab.localcloud.lambda_runtime.invocation import InvocationResult

ARRIVES = 10.0


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


def fail(here: World) -> None:
    here.effects.answer = lambda one: InvocationResult(
        200, b'{"errorMessage": "no"}', "Unhandled", b"", one.version
    )


def grant_to_other(topic: Topic, *actions: str) -> None:
    statement = allow(list(actions), topic.arn, Principal={"AWS": f"arn:aws:iam::{OTHER}:root"})
    topic.sns.set_topic_attributes(TopicArn=topic.arn, AttributeName="Policy", AttributeValue=policy(statement))
