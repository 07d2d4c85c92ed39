"""Requests per second with authorisation on and off, side by side.

    .venv/bin/python benchmarks/authorization.py

Two clouds of their own, asked in turns by the same client over one connection: by deploy credentials, and by a
user whose rights come from inline, managed and group policies with conditions. The requests are the cheapest of
their services, so that what authorisation adds is as large a part of them as it can be.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from vpclab.localcloud import daemon

ROUNDS = 40
REQUESTS_PER_ROUND = 25
REGION, ACCOUNT = "us-east-1", "123456789012"
_ONCE = Config(retries={"total_max_attempts": 1})


def main() -> None:
    """Measure and print."""
    with cloud(authorization=True) as judging, cloud(authorization=False) as open_:
        calls = {"on": attempts(judging), "off": attempts(open_)}
        rates: dict[str, dict[str, list[float]]] = {}
        for _ in range(ROUNDS):
            for name in calls["on"]:
                for setting, those in calls.items():
                    rates.setdefault(name, {}).setdefault(setting, []).append(rate(those[name]))
    print(f"{'request':44} {'on':>9} {'off':>9}   on adds")
    for name, found in rates.items():
        on, off = (statistics.median(found[setting]) for setting in ("on", "off"))
        print(f"{name:44} {on:7.0f}/s {off:7.0f}/s   {1000 / on - 1000 / off:+.2f} ms")


@contextmanager
def cloud(*, authorization: bool) -> Iterator[str]:
    """A local cloud on a free port; its endpoint."""
    with tempfile.TemporaryDirectory() as directory:
        status = daemon.start(0, Path(directory), lifeline=True, authorization=authorization)
        try:
            yield status.endpoint
        finally:
            daemon.stop(Path(directory))


def attempts(endpoint: str) -> Mapping[str, Callable[[], Any]]:
    """What is asked, by whom."""
    administrator = clients(endpoint, "test", "test")
    iam = administrator("iam")
    iam.create_user(UserName="user")
    iam.put_user_policy(UserName="user", PolicyName="own", PolicyDocument=policy("sts:*", "iam:*"))
    iam.attach_user_policy(UserName="user", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    iam.create_group(GroupName="group")
    iam.put_group_policy(GroupName="group", PolicyName="queues", PolicyDocument=policy("sqs:*", "s3:*"))
    iam.add_user_to_group(GroupName="group", UserName="user")
    key = iam.create_access_key(UserName="user")["AccessKey"]
    queue = administrator("sqs").create_queue(QueueName="queue")["QueueUrl"]
    administrator("s3").create_bucket(Bucket="bucket")
    administrator("s3").put_object(Bucket="bucket", Key="key", Body=b"body")
    found: dict[str, Callable[[], Any]] = {}
    for name, client in (
        ("administrator", administrator),
        ("user", clients(endpoint, key["AccessKeyId"], key["SecretAccessKey"])),
    ):
        sqs, s3, ec2 = client("sqs"), client("s3"), client("ec2")
        found[f"sqs:GetQueueAttributes, {name}"] = partial(sqs.get_queue_attributes, QueueUrl=queue)
        found[f"s3:HeadObject, {name}"] = partial(s3.head_object, Bucket="bucket", Key="key")
        found[f"ec2:DescribeInternetGateways, {name}"] = ec2.describe_internet_gateways
    return found


def clients(endpoint: str, key: str, secret: str) -> Callable[[str], Any]:
    """A maker of clients with these credentials."""
    session = boto3.Session(key, secret, region_name=REGION)
    return lambda service: session.client(service, endpoint_url=endpoint, config=_ONCE)


def policy(*actions: str) -> str:
    """A policy that allows actions from this machine."""
    statement = {
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": "*",
        "Condition": {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def rate(call: Callable[[], Any]) -> float:
    """Return how many of these requests one client gets answered in a second."""
    started = time.perf_counter()
    for _ in range(REQUESTS_PER_ROUND):
        call()
    return REQUESTS_PER_ROUND / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
