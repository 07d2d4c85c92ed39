"""From a message in a queue to the function's line in its log group, beside a direct invocation.

    .venv/bin/python benchmarks/event_source.py

One run, one cloud of its own, in turns, with one warm function that prints what it is given: a direct invocation,
its line in the log group, and a message by SQS whose line is looked for the same way; medians in milliseconds.
Then what mappings cost while nothing happens: the daemon's processor time with 20 enabled ones, beside without.
"""

import io
import json
import statistics
import tempfile
import time
import uuid
import zipfile
from pathlib import Path
from typing import Any

import boto3
import psutil

from vpclab.localcloud import daemon

ROUNDS = 60
MAPPINGS = 20
IDLE_SECONDS = 5.0
PATIENCE = 20.0
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
CODE = """
def handler(event, context):
    for record in event.get("Records", [event]):
        print("line", record["body"])
"""


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as directory:
        status = daemon.start(0, Path(directory), lifeline=True)
        try:
            measure(boto3.Session("test", "test", region_name="us-east-1"), status.endpoint, status.pid)
        finally:
            daemon.stop(Path(directory))


def measure(session: boto3.Session, endpoint: str, pid: int) -> None:
    """Feed one function both ways, in turns."""
    functions = session.client("lambda", endpoint_url=endpoint)
    sqs = session.client("sqs", endpoint_url=endpoint)
    logs = session.client("logs", endpoint_url=endpoint)
    make_function(session, endpoint)
    queue = sqs.create_queue(QueueName="benchmark")["QueueUrl"]
    before = processor_seconds(pid)
    map_queue(functions, sqs, queue)
    rows: dict[str, list[float]] = {}
    for number in range(ROUNDS):
        nonce = uuid.uuid4().hex
        started = time.perf_counter()
        functions.invoke(FunctionName="benchmark", Payload=json.dumps({"body": nonce}).encode())["Payload"].read()
        answered = time.perf_counter()
        wait_for(logs, nonce)
        direct = time.perf_counter()
        nonce = uuid.uuid4().hex
        sent = time.perf_counter()
        sqs.send_message(QueueUrl=queue, MessageBody=nonce)
        taken = time.perf_counter()
        wait_for(logs, nonce)
        fed = time.perf_counter()
        if number:  # the first one is cold
            rows.setdefault("direct: Invoke answered", []).append(answered - started)
            rows.setdefault("direct: line in the log group", []).append(direct - started)
            rows.setdefault("SQS: SendMessage answered", []).append(taken - sent)
            rows.setdefault("SQS: line in the log group", []).append(fed - sent)
    for name, values in rows.items():
        worst = sorted(values)[int(0.9 * len(values))]
        print(f"{name:30} median {1000 * statistics.median(values):6.1f} ms   90 % {1000 * worst:6.1f} ms")
    for number in range(MAPPINGS - 1):
        map_queue(functions, sqs, sqs.create_queue(QueueName=f"idle-{number}")["QueueUrl"])
    after = processor_seconds(pid)
    print(
        f"processor time of an idle daemon: {1000 * before:.1f} ms per second without mappings, "
        f"{1000 * after:.1f} ms with {MAPPINGS}"
    )


def wait_for(logs: Any, nonce: str) -> None:  # noqa: ANN401 - botocore's clients have no static type
    """Return when a line with the nonce is in the function's log group."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        streams = logs.describe_log_streams(logGroupName="/aws/lambda/benchmark")["logStreams"]
        for stream in streams:
            events = logs.get_log_events(
                logGroupName="/aws/lambda/benchmark", logStreamName=stream["logStreamName"], limit=10
            )["events"]
            if any(nonce in one["message"] for one in events):
                return
    raise SystemExit(f"no line with {nonce} within {PATIENCE:.0f} s")


def processor_seconds(pid: int) -> float:
    """The processor time that the daemon takes per second of doing nothing."""
    process = psutil.Process(pid)
    before = process.cpu_times()
    time.sleep(IDLE_SECONDS)
    after = process.cpu_times()
    used: float = after.user + after.system - before.user - before.system
    return max(0.0, used) / IDLE_SECONDS


def map_queue(functions: Any, sqs: Any, url: str) -> None:  # noqa: ANN401 - see above
    """Make a mapping and wait until it is enabled."""
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    made = functions.create_event_source_mapping(
        FunctionName="benchmark", EventSourceArn=told["Attributes"]["QueueArn"]
    )
    while functions.get_event_source_mapping(UUID=made["UUID"])["State"] != "Enabled":
        time.sleep(0.01)


def make_function(session: boto3.Session, endpoint: str) -> None:
    """Make a role and a function that prints its records."""
    iam, functions = session.client("iam", endpoint_url=endpoint), session.client("lambda", endpoint_url=endpoint)
    role = iam.create_role(RoleName="benchmark", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    policy = "arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole"
    iam.attach_role_policy(RoleName="benchmark", PolicyArn=policy)
    session.client("logs", endpoint_url=endpoint).create_log_group(logGroupName="/aws/lambda/benchmark")
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("printing.py", CODE)
    functions.create_function(
        FunctionName="benchmark",
        Runtime="python3.13",
        Handler="printing.handler",
        Role=role,
        Code={"ZipFile": package.getvalue()},
    )
    functions.get_waiter("function_active_v2").wait(
        FunctionName="benchmark", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )


if __name__ == "__main__":
    main()
