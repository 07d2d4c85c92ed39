"""What the managed policies grant: read, and tried by roles that have nothing else."""

import time
import uuid
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from vpclab.statements.deployment import Deployment
from vpclab.statements.ending import Ending
from vpclab.statements.error import VerificationError
from vpclab.statements.experiments.attempt import attempt, settle
from vpclab.statements.experiments.workshop import Workshop
from vpclab.statements.managed_policy import (
    BASIC,
    DYNAMODB,
    KINESIS,
    MANAGED_POLICIES,
    SQS,
    VPC,
    XRAY,
    ManagedPolicy,
)
from vpclab.statements.polling import poll
from vpclab.statements.target import Target

Call = Callable[[], object]
EVERYTHING = ["*"]
READABLE_SECONDS = 30.0
"""How long a trace may take until it can be read."""

POLL_SECONDS = 0.2


def read(target: Target, policies: Mapping[str, str]) -> dict[str, frozenset[str] | None]:
    """Return which actions each managed policy allows on everything, by name; None where it has other statements.

    ``policies`` has the ARNs of those that stand in place of a managed policy.
    """
    iam = target.client("iam")
    found: dict[str, frozenset[str] | None] = {}
    for name, policy in MANAGED_POLICIES.items():
        arn = policies.get(name, policy.arn)
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        text = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        found[name] = _granted(text)
    return found


def _granted(policy: Mapping[str, Any]) -> frozenset[str] | None:
    actions: set[str] = set()
    for statement in _listed(policy["Statement"]):
        plain = set(statement) <= {"Sid", "Effect", "Action", "Resource"}
        if not plain or statement["Effect"] != "Allow" or _listed(statement["Resource"]) != EVERYTHING:
            return None
        actions.update(_listed(statement["Action"]))
    return frozenset(actions)


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - one, or a list of such, as policies have it
    return value if isinstance(value, list) else [value]


def experiment(workshop: Workshop, deployment: Deployment, policy: ManagedPolicy) -> None:
    """Try what a policy is for, and something beyond it, as a role that has only this policy."""
    session = workshop.session(workshop.role("role", managed=[policy.name]))
    calls = _CALLS[policy.name](workshop, deployment, session)
    for action in policy.allowed:
        workshop.trials[policy.trial(action)] = settle(
            workshop.target, Ending.DONE, partial(attempt, action, calls[action])
        )
    for action in policy.refused:
        workshop.trials[policy.trial(action)] = attempt(action, calls[action])


def _logs(workshop: Workshop, _: Deployment, session: Target) -> dict[str, Call]:
    logs, group = session.client("logs"), {"logGroupName": workshop.name("logs")}
    stream = {**group, "logStreamName": "stream"}
    workshop.undo("log group", _delete_log_group, target=workshop.target, name=group["logGroupName"])
    return {
        "logs:CreateLogGroup": lambda: logs.create_log_group(**group),
        "logs:CreateLogStream": lambda: logs.create_log_stream(**stream),
        "logs:PutLogEvents": lambda: logs.put_log_events(
            **stream, logEvents=[{"timestamp": int(time.time() * 1000), "message": "a line"}]
        ),
        "logs:DescribeLogStreams": lambda: logs.describe_log_streams(**group),
        "sqs:ReceiveMessage": lambda: session.client("sqs").receive_message(QueueUrl=workshop.queue("closed")),
    }


def _delete_log_group(target: Target, name: str) -> None:
    logs = target.client("logs")
    if logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]:
        logs.delete_log_group(logGroupName=name)


def _kinesis(workshop: Workshop, deployment: Deployment, session: Target) -> dict[str, Call]:
    kinesis = session.client("kinesis")
    stream = {"StreamName": deployment.subject("kinesis").source}
    shard = workshop.target.client("kinesis").list_shards(**stream)["Shards"][0]["ShardId"]
    iterators: list[str] = []

    def iterate() -> None:
        found = kinesis.get_shard_iterator(**stream, ShardId=shard, ShardIteratorType="LATEST")
        iterators.append(found["ShardIterator"])

    return {
        "kinesis:DescribeStreamSummary": lambda: kinesis.describe_stream_summary(**stream),
        "kinesis:ListShards": lambda: kinesis.list_shards(**stream),
        "kinesis:GetShardIterator": iterate,
        "kinesis:GetRecords": lambda: kinesis.get_records(ShardIterator=_last(iterators, "shard iterator")),
        "kinesis:PutRecord": lambda: kinesis.put_record(**stream, Data=b"{}", PartitionKey="any"),
    }


def _dynamodb(workshop: Workshop, deployment: Deployment, session: Target) -> dict[str, Call]:
    table = {"TableName": deployment.subject("dynamodb").source}
    described = workshop.target.client("dynamodb").describe_table(**table)["Table"]
    types = {one["AttributeName"]: one["AttributeType"] for one in described["AttributeDefinitions"]}
    key = {one["AttributeName"]: {types[one["AttributeName"]]: "0"} for one in described["KeySchema"]}
    stream = {"StreamArn": described["LatestStreamArn"]}
    shards = workshop.target.client("dynamodbstreams").describe_stream(**stream)["StreamDescription"]["Shards"]
    streams, iterators = session.client("dynamodbstreams"), list[str]()

    def iterate() -> None:
        found = streams.get_shard_iterator(
            **stream, ShardId=shards[-1]["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )
        iterators.append(found["ShardIterator"])

    return {
        "dynamodb:DescribeStream": lambda: streams.describe_stream(**stream),
        "dynamodb:GetShardIterator": iterate,
        "dynamodb:GetRecords": lambda: streams.get_records(ShardIterator=_last(iterators, "shard iterator")),
        "dynamodb:GetItem": lambda: session.client("dynamodb").get_item(**table, Key=key),
        "dynamodb:Scan": lambda: session.client("dynamodb").scan(**table),
    }


def _sqs(workshop: Workshop, _: Deployment, session: Target) -> dict[str, Call]:
    queue = {"QueueUrl": workshop.queue("readable")}
    workshop.target.client("sqs").send_message(**queue, MessageBody="a message")
    sqs, handles = session.client("sqs"), list[str]()

    def receive() -> None:
        handles.extend(one["ReceiptHandle"] for one in sqs.receive_message(**queue).get("Messages", ()))

    return {
        "sqs:GetQueueAttributes": lambda: sqs.get_queue_attributes(**queue, AttributeNames=["All"]),
        "sqs:ReceiveMessage": receive,
        "sqs:DeleteMessage": lambda: sqs.delete_message(**queue, ReceiptHandle=_last(handles, "message")),
        "sqs:SendMessage": lambda: sqs.send_message(**queue, MessageBody="another"),
        "sqs:ChangeMessageVisibility": lambda: sqs.change_message_visibility(
            **queue, ReceiptHandle=_last(handles, "message"), VisibilityTimeout=1
        ),
    }


def _vpc(workshop: Workshop, deployment: Deployment, session: Target) -> dict[str, Call]:
    ec2, in_vpc = session.client("ec2"), [{"Name": "vpc-id", "Values": [deployment.vpc_id]}]
    subnet = workshop.target.client("ec2").describe_subnets(Filters=in_vpc)["Subnets"][0]["SubnetId"]
    return {
        "ec2:DescribeNetworkInterfaces": lambda: ec2.describe_network_interfaces(Filters=in_vpc),
        "ec2:DescribeSubnets": lambda: ec2.describe_subnets(Filters=in_vpc),
        "ec2:CreateNetworkInterface": lambda: ec2.create_network_interface(SubnetId=subnet, DryRun=True),
        "ec2:DescribeInstances": lambda: ec2.describe_instances(Filters=in_vpc),
        "ec2:CreateSecurityGroup": lambda: ec2.create_security_group(
            GroupName=workshop.name("group"), Description="never made", VpcId=deployment.vpc_id, DryRun=True
        ),
    }


def _xray(workshop: Workshop, _: Deployment, session: Target) -> dict[str, Call]:
    xray, now, nonce = session.client("xray"), time.time(), uuid.uuid4().hex
    trace = f"1-{int(now):08x}-{nonce[:24]}"
    segment = (
        f'{{"name": "vpclab-verify", "id": "{nonce[:16]}", "trace_id": "{trace}", '
        f'"start_time": {now - 1:.3f}, "end_time": {now:.3f}}}'
    )

    def put() -> None:
        """Put the segment, and wait until somebody who may read traces finds it."""
        rejected = xray.put_trace_segments(TraceSegmentDocuments=[segment])["UnprocessedTraceSegments"]
        reader = workshop.target.client("xray")
        if rejected or not poll(
            lambda: reader.batch_get_traces(TraceIds=[trace])["Traces"],
            seconds=READABLE_SECONDS,
            pause=POLL_SECONDS,
        ):
            raise VerificationError(f"the segment cannot be read back: {rejected or 'not found in time'}")

    return {
        "xray:PutTraceSegments": put,
        "xray:GetSamplingRules": xray.get_sampling_rules,
        "xray:BatchGetTraces": lambda: xray.batch_get_traces(TraceIds=[trace]),
        "logs:CreateLogGroup": lambda: session.client("logs").create_log_group(logGroupName=workshop.name("no")),
    }


def _last(found: list[str], what: str) -> str:
    """Return the last one; without any, the call cannot be made."""
    if not found:
        raise VerificationError(f"there is no {what} to go on with")
    return found[-1]


_CALLS: Mapping[str, Callable[[Workshop, Deployment, Target], dict[str, Call]]] = {
    BASIC.name: _logs,
    KINESIS.name: _kinesis,
    DYNAMODB.name: _dynamodb,
    SQS.name: _sqs,
    VPC.name: _vpc,
    XRAY.name: _xray,
}
