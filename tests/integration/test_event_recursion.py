"""Recursive loops: the 17th run of a function in one chain of requests is stopped, whichever way it goes."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.deadline import eventually
from tests.integration.control_plane_world import ACCOUNT, REGION, Recorded, World, policy, refused
from tests.integration.event_world import SQS, EventWorld
from tests.integration.row_world import BASIC, RowWorld
from vpclab.localcloud.control_plane import ControlPlane, Settings
from vpclab.localcloud.lambda_runtime.invocation import Invocation, InvocationResult

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"
SOON, MOST_RUNS = 20.0, 16
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
LOOPING = """
import boto3, os

def handler(event, context):
    for record in event["Records"]:
        boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE"], MessageBody=record["body"])
    print("FED " + '{"event": {"Records": [1]}}')
"""


@pytest.fixture
def here() -> Iterator[World]:
    effects = Recorded()
    with ControlPlane(effects, Settings(asynchronous_retry_seconds=(0.01, 0.02))) as plane:
        yield World(plane, effects)


class Loop:
    """Functions f and g, whose code is ``step`` with boto3 as it is inside of Lambda: it sends the header on."""

    header = ""
    """Of the run that sends; clients outlive a loop, and one run at a time sends."""

    def __init__(self, here: World) -> None:
        self.here = here
        self.step: Callable[[Invocation], object] = lambda _: None
        self.refusals: list[str] = []
        here.effects.answer = self
        role = here.role()
        here.client("iam").put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=policy(EVERYTHING))
        for name in ("f", "g"):
            here.function(name, role)
            for service in ("s3", "sns"):
                here.functions.add_permission(
                    FunctionName=name,
                    StatementId=service,
                    Action="lambda:InvokeFunction",
                    Principal=f"{service}.amazonaws.com",
                )

    def __call__(self, one: Invocation) -> InvocationResult:
        Loop.header = one.trace_id or ""
        try:
            self.step(one)
        except ClientError as refusal:
            self.refusals.append(refusal.response["Error"]["Code"])
        return InvocationResult(200, b"null", None, b"", one.version)

    def inside(self, service: str) -> Any:  # noqa: ANN401 - boto3 has no types
        made = self.here.client(service, secret="inside")
        made.meta.events.register("before-sign", Loop._chain, unique_id="chain")
        return made

    @staticmethod
    def _chain(request: Any, **_: object) -> None:  # noqa: ANN401
        request.headers["X-Amzn-Trace-Id"] = Loop.header

    def queue(self, name: str, **attributes: str) -> tuple[str, str]:
        sqs = self.here.client("sqs")
        statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sqs:*", "Resource": "*"}
        url = sqs.create_queue(QueueName=name, Attributes={"Policy": policy(statement), **attributes})["QueueUrl"]
        return url, f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"

    def runs(self, name: str = "f") -> int:
        return sum(one.function_arn == ARN + name for one in self.here.effects.invocations)

    def dropped(self, name: str = "f") -> float:
        now = datetime.now(UTC)
        found = self.here.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName="RecursiveInvocationsDropped",
            Dimensions=[{"Name": "FunctionName", "Value": name}],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(hours=1),
            Period=7200,
            Statistics=["Sum"],
        )
        return sum(float(one["Sum"]) for one in found["Datapoints"])

    def has_been_stopped(self) -> bool:
        return self.dropped() >= 1


def test_function_cannot_invoke_itself_for_ever(here: World) -> None:
    """Synchronously, the 16th run is told; nobody else is, and the next chain begins anew."""
    loop = Loop(here)
    loop.step = lambda _: loop.inside("lambda").invoke(FunctionName="f")
    for chains in (1, 2):
        here.functions.invoke(FunctionName="f")
        assert loop.runs() == MOST_RUNS * chains
        assert loop.refusals == ["RecursiveInvocationException"] * chains
        assert loop.dropped() == chains


def test_functions_cannot_invoke_each_other_for_ever(here: World) -> None:
    """Each is counted by itself, under whichever qualifier: f is stopped when both have run 16 times."""
    loop = Loop(here)
    here.functions.publish_version(FunctionName="g")
    others = {"f": "g:1", "g": "f:$LATEST"}
    loop.step = lambda one: loop.inside("lambda").invoke(FunctionName=others[one.function_name])
    here.functions.invoke(FunctionName="f")
    assert (loop.runs("f"), loop.runs("g")) == (MOST_RUNS, MOST_RUNS)
    assert (loop.dropped("f"), loop.dropped("g")) == (1, 0)


def test_event_of_a_loop_can_end_in_the_dead_letter_queue(here: World) -> None:
    """Asynchronously the event that would run the function again goes there, and is not retried."""
    loop = Loop(here)
    url, arn = loop.queue("dead")
    here.functions.update_function_configuration(FunctionName="f", DeadLetterConfig={"TargetArn": arn})
    loop.step = lambda one: loop.inside("lambda").invoke(
        FunctionName="f", InvocationType="Event", Payload=one.payload
    )
    here.functions.invoke(FunctionName="f", InvocationType="Event", Payload=b'{"x": 1}')
    [message] = here.client("sqs").receive_message(
        QueueUrl=url, WaitTimeSeconds=int(SOON), MessageAttributeNames=["All"]
    )["Messages"]
    assert message["Body"] == '{"x": 1}'
    assert message["MessageAttributes"]["ErrorMessage"]["StringValue"] == "RecursiveInvocationException"
    assert (loop.runs(), loop.dropped()) == (MOST_RUNS, 1)


@pytest.mark.parametrize("way", ["s3", "s3 by sns", "sns", "sns by sqs", "sqs", "sqs in batches"])
def test_loop_through_a_service_cannot_run_on(here: World, way: str) -> None:
    """SQS, SNS and S3 carry the header to what they feed, also one through the other."""
    loop = Loop(here)
    sns, s3, sqs = (here.client(name) for name in ("sns", "s3", "sqs"))
    topic = sns.create_topic(Name="t")["TopicArn"]
    url, queue = loop.queue("q", VisibilityTimeout="600")
    s3.create_bucket(Bucket="loop")
    if "sqs" in way:
        here.functions.create_event_source_mapping(FunctionName="f", EventSourceArn=queue)
    if "s3" in way:
        target = {"TopicArn": topic} if "sns" in way else {"LambdaFunctionArn": f"{ARN}f"}
        kind = "TopicConfigurations" if "sns" in way else "LambdaFunctionConfigurations"
        if "sns" in way:
            allow = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sns:Publish", "Resource": topic}
            sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy(allow))
        s3.put_bucket_notification_configuration(
            Bucket="loop", NotificationConfiguration={kind: [{**target, "Events": ["s3:ObjectCreated:*"]}]}
        )
    if "sns" in way:  # only now: S3 tries a new configuration by an event of its own
        protocol, endpoint = ("sqs", queue) if "sqs" in way else ("lambda", f"{ARN}f")
        sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint)
    sending: dict[str, Callable[[Callable[[str], Any]], object]] = {
        "s3": lambda of: of("s3").put_object(Bucket="loop", Key="k", Body=b"x"),
        "sns": lambda of: of("sns").publish(TopicArn=topic, Message="x"),
        "sqs": lambda of: of("sqs").send_message(QueueUrl=url, MessageBody="x"),
        "sqs in": lambda of: of("sqs").send_message_batch(QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "x"}]),
    }
    send = sending["sqs in" if "batches" in way else way.split(maxsplit=1)[0]]
    loop.step = lambda _: send(loop.inside)
    send(here.client)
    eventually(loop.has_been_stopped, SOON, "the loop was stopped")
    assert (loop.runs(), loop.refusals) == (MOST_RUNS, [])
    if "sqs" in way:
        left = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        assert left["ApproximateNumberOfMessagesNotVisible"] == "1", "the message is its queue's to redrive"


def test_loop_can_be_allowed(here: World) -> None:
    """Terminate unless told otherwise; the setting is the function's, and holds for the next run."""
    loop = Loop(here)
    functions = here.functions
    assert functions.get_function_recursion_config(FunctionName="f")["RecursiveLoop"] == "Terminate"
    told = functions.put_function_recursion_config(FunctionName=f"{ARN}f", RecursiveLoop="Allow")
    assert told["RecursiveLoop"] == "Allow"
    assert functions.get_function_recursion_config(FunctionName="f")["RecursiveLoop"] == "Allow"
    assert functions.get_function_recursion_config(FunctionName="g")["RecursiveLoop"] == "Terminate"

    def forty_times(_: Invocation) -> None:
        if loop.runs() < 40:
            loop.inside("lambda").invoke(FunctionName="f")

    loop.step = forty_times
    here.functions.invoke(FunctionName="f")
    assert (loop.runs(), loop.refusals, loop.dropped()) == (40, [], 0)
    functions.put_function_recursion_config(FunctionName="f", RecursiveLoop="Terminate")
    here.effects.invocations.clear()
    here.functions.invoke(FunctionName="f")
    assert (loop.runs(), loop.dropped()) == (MOST_RUNS, 1)
    with refused("ValidationException", "recursiveLoop"):
        functions.put_function_recursion_config(FunctionName="f", RecursiveLoop="Never")
    with refused("ResourceNotFoundException"):
        functions.get_function_recursion_config(FunctionName="nope")


def test_looping_function_can_be_stopped(world: RowWorld) -> None:
    """Its own boto3 sends the header on: 16 runs, then the queue's redrive policy has the message."""
    events = EventWorld(world)
    dead, dead_arn = events.queue()
    url, arn = events.queue(
        VisibilityTimeout="10", RedrivePolicy=json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": "1"})
    )
    role = world.iam_role(BASIC, SQS, allows=["sqs:SendMessage"])
    function = world.function(role=role, code=LOOPING, timeout=10, environment={"QUEUE": url})
    events.mapping(function, arn)
    events.sqs.send_message(QueueUrl=url, MessageBody="round and round")
    message = events.received(dead)
    assert message["Body"] == "round and round"
    assert message["Attributes"]["AWSTraceHeader"].startswith("Root=1-")
    assert len(events.fed(function)) == MOST_RUNS
