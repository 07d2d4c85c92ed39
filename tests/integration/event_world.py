"""A cloud's event sources by plain boto3: roles with one policy each, functions that print what they are fed."""

import itertools
import json
import time
from collections.abc import Callable
from typing import Any

from tests.deadline import eventually
from tests.integration.row_cloud import REGION
from tests.integration.row_world import SERVICE_ROLES, Place, RowWorld

SQS = f"{SERVICE_ROLES}AWSLambdaSQSQueueExecutionRole"
KINESIS = f"{SERVICE_ROLES}AWSLambdaKinesisExecutionRole"
DYNAMODB = f"{SERVICE_ROLES}AWSLambdaDynamoDBExecutionRole"
ACCOUNT = "123456789012"
SOON = 2
"""A timeout in seconds for functions and queues whose messages are to come back."""
ARRIVES = 20.0
"""Seconds within which what was sent must have been seen."""

CONSUMER = """
import json

def handler(event, context):
    print("FED " + json.dumps({"event": event, "arn": context.invoked_function_arn}))
    failed = []
    for record in event.get("Records", []):
        text = json.dumps(record)
        if "raise!" in text or "cmFpc2Uh" in text:
            raise ValueError("told to")
        if "report!" in text or "cmVwb3J0I" in text:
            failed.append(record.get("messageId") or record.get("kinesis", record.get("dynamodb"))["sequenceNumber"
                if "kinesis" in record else "SequenceNumber"])
    if event.get("raise"):
        raise ValueError("told to")
    return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}
"""


class EventWorld:
    """Builds on a row's world, which takes back what was made."""

    _numbers = itertools.count(1)

    def __init__(self, world: RowWorld) -> None:
        self.world = world
        self.functions = world.functions
        self.sqs, self.iam = world.clients("sqs"), world.clients("iam")

    def name(self) -> str:
        return f"events-{next(self._numbers)}"

    def function(self, role: str, place: Place | None = None, timeout: int = 30) -> str:
        return self.world.function(place, role=role, code=CONSUMER, timeout=timeout)

    def arn(self, function: str) -> str:
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}"

    def queue(self, **attributes: str) -> tuple[str, str]:
        """A queue's URL and ARN."""
        url = self.sqs.create_queue(QueueName=self.name(), Attributes=attributes)["QueueUrl"]
        self.world.later(self.sqs.delete_queue, QueueUrl=url)
        told = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return url, told["Attributes"]["QueueArn"]

    def stream(self, shards: int = 1) -> tuple[str, str]:
        name, kinesis = self.name(), self.world.clients("kinesis")
        kinesis.create_stream(StreamName=name, ShardCount=shards)
        self.world.later(kinesis.delete_stream, StreamName=name)
        return name, kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]

    def table(self, view: str = "NEW_AND_OLD_IMAGES") -> tuple[str, str]:
        name, dynamodb = self.name(), self.world.clients("dynamodb")
        made = dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": view},
        )
        self.world.later(dynamodb.delete_table, TableName=name)
        return name, made["TableDescription"]["LatestStreamArn"]

    def mapping(self, function: str, source: str, state: str = "Enabled", **more: Any) -> str:  # noqa: ANN401
        """A mapping that has settled."""
        made = self.functions.create_event_source_mapping(FunctionName=function, EventSourceArn=source, **more)
        assert made["State"] == "Creating", made
        self.world.later(self.delete_mapping, made["UUID"])
        self.settled(made["UUID"], state)
        identifier: str = made["UUID"]
        return identifier

    def settled(self, mapping: str, state: str) -> None:
        eventually(
            lambda: self.functions.get_event_source_mapping(UUID=mapping)["State"] == state,
            ARRIVES,
            f"the mapping is {state}",
        )

    def delete_mapping(self, mapping: str) -> None:
        self.functions.delete_event_source_mapping(UUID=mapping)

    def result(self, mapping: str) -> str:
        found: str = self.functions.get_event_source_mapping(UUID=mapping)["LastProcessingResult"]
        return found

    def fed(self, function: str) -> list[dict[str, Any]]:
        """The events that the function has printed so far."""
        logs = self.world.clients("logs")
        group = f"/aws/lambda/{function}"
        if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
            return []
        events = logs.filter_log_events(logGroupName=group)["events"]
        lines = [one["message"] for one in events if one["message"].startswith("FED ")]
        return [json.loads(line.removeprefix("FED "))["event"] for line in lines]

    def records(self, function: str) -> list[dict[str, Any]]:
        return [record for event in self.fed(function) for record in event["Records"]]

    def sees(self, function: str, count: int) -> list[dict[str, Any]]:
        """Wait until the function has been fed so many records; return them."""
        eventually(lambda: len(self.records(function)) >= count, ARRIVES, f"{function} has {count} records")
        return self.records(function)

    def received(self, url: str) -> Any:  # noqa: ANN401 - JSON
        """The next message of a queue, and its attributes, waiting for it as SQS lets one wait."""
        deadline = time.monotonic() + ARRIVES
        while time.monotonic() < deadline:
            found = self.sqs.receive_message(
                QueueUrl=url, WaitTimeSeconds=5, MessageAttributeNames=["All"], AttributeNames=["All"]
            )
            for message in found.get("Messages", []):
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                return message
        raise AssertionError(f"nothing arrived at {url}")

    def left(self, url: str) -> int:
        """How many messages a queue still has, visible or not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        told = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(told[name]) for name in names)

    def detach(self, role: str, policy: str) -> Callable[[], None]:
        """Take a managed policy from a role; return how to give it back."""
        name = role.rpartition("/")[2]
        self.iam.detach_role_policy(RoleName=name, PolicyArn=policy)
        return lambda: self.iam.attach_role_policy(RoleName=name, PolicyArn=policy)
