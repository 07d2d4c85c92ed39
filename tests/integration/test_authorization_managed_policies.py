"""What the six managed policies of the notes allow, from an assumed role, and what they do not (C2 to C7)."""

# ruff: noqa: ANN401 - boto3 has no type information

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.authorization_world import MANAGED, Caller, role
from tests.integration.control_plane_world import World

SERVICE_ROLE = f"{MANAGED}service-role/"
_REFUSALS = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})


@dataclass(frozen=True)
class Things:
    """What there is to be asked for."""

    queue: str
    table_stream: str

    @classmethod
    def made(cls, here: World) -> "Things":
        here.client("kinesis").create_stream(StreamName="stream", ShardCount=1)
        table = here.client("dynamodb").create_table(
            TableName="table",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )["TableDescription"]
        queue = here.client("sqs").create_queue(QueueName="queue")["QueueUrl"]
        here.client("logs").create_log_group(logGroupName="group")
        here.client("logs").create_log_stream(logGroupName="group", logStreamName="stream")
        return cls(queue, table["LatestStreamArn"])


Attempt = Callable[[Caller, Things], Any]

LOGS: dict[str, Attempt] = {
    "logs:CreateLogGroup": lambda who, _: who("logs").create_log_group(logGroupName="new"),
    "logs:CreateLogStream": lambda who, _: who("logs").create_log_stream(logGroupName="group", logStreamName="n"),
    "logs:PutLogEvents": lambda who, _: who("logs").put_log_events(
        logGroupName="group", logStreamName="stream", logEvents=[{"timestamp": 1, "message": "m"}]
    ),
}
NOT_LOGS: dict[str, Attempt] = {
    "logs:DescribeLogStreams": lambda who, _: who("logs").describe_log_streams(logGroupName="group"),
    "logs:GetLogEvents": lambda who, _: who("logs").get_log_events(logGroupName="group", logStreamName="stream"),
}


def _shard_iterator(who: Caller, _: Things) -> Any:
    kinesis = who("kinesis")
    [shard] = kinesis.list_shards(StreamName="stream")["Shards"]
    return kinesis.get_shard_iterator(
        StreamName="stream", ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]


def _table_iterator(who: Caller, things: Things) -> Any:
    streams = who("dynamodbstreams")
    [shard] = streams.describe_stream(StreamArn=things.table_stream)["StreamDescription"]["Shards"]
    return streams.get_shard_iterator(
        StreamArn=things.table_stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]


def _dry_run(call: Callable[[Any], Any], who: Caller, _: Things) -> None:
    """A dry run is refused either way: DryRunOperation means that it was allowed."""
    with pytest.raises(ClientError) as got:
        call(who("ec2"))
    if got.value.response["Error"]["Code"] != "DryRunOperation":
        raise got.value


KINESIS: dict[str, Attempt] = {
    "kinesis:DescribeStream": lambda who, _: who("kinesis").describe_stream(StreamName="stream"),
    "kinesis:DescribeStreamSummary": lambda who, _: who("kinesis").describe_stream_summary(StreamName="stream"),
    "kinesis:GetRecords": lambda who, what: who("kinesis").get_records(ShardIterator=_shard_iterator(who, what)),
    "kinesis:ListStreams": lambda who, _: who("kinesis").list_streams(),
}
NOT_KINESIS: dict[str, Attempt] = {
    "kinesis:PutRecord": lambda who, _: who("kinesis").put_record(
        StreamName="stream", Data=b"d", PartitionKey="k"
    ),
    "kinesis:DeleteStream": lambda who, _: who("kinesis").delete_stream(StreamName="stream"),
}
STREAMS: dict[str, Attempt] = {
    "dynamodb:DescribeStream": lambda who, what: who("dynamodbstreams").describe_stream(
        StreamArn=what.table_stream
    ),
    "dynamodb:GetRecords": lambda who, what: who("dynamodbstreams").get_records(
        ShardIterator=_table_iterator(who, what)
    ),
    "dynamodb:ListStreams": lambda who, _: who("dynamodbstreams").list_streams(),
}
NOT_STREAMS: dict[str, Attempt] = {
    "dynamodb:GetItem": lambda who, _: who("dynamodb").get_item(TableName="table", Key={"id": {"S": "1"}}),
    "dynamodb:PutItem": lambda who, _: who("dynamodb").put_item(TableName="table", Item={"id": {"S": "1"}}),
    "dynamodb:Scan": lambda who, _: who("dynamodb").scan(TableName="table"),
}
SQS: dict[str, Attempt] = {
    "sqs:ReceiveMessage": lambda who, what: who("sqs").receive_message(QueueUrl=what.queue),
    "sqs:DeleteMessage": lambda who, what: who("sqs").delete_message(
        QueueUrl=what.queue,
        ReceiptHandle=who("sqs").receive_message(QueueUrl=what.queue)["Messages"][0]["ReceiptHandle"],
    ),
    "sqs:GetQueueAttributes": lambda who, what: who("sqs").get_queue_attributes(QueueUrl=what.queue),
}
NOT_SQS: dict[str, Attempt] = {
    "sqs:sendmessage": lambda who, what: who("sqs").send_message(QueueUrl=what.queue, MessageBody="b"),
    "sqs:changemessagevisibility": lambda who, what: who("sqs").change_message_visibility(
        QueueUrl=what.queue, ReceiptHandle="h", VisibilityTimeout=1
    ),
    "sqs:purgequeue": lambda who, what: who("sqs").purge_queue(QueueUrl=what.queue),
}
_DRY_RUNS: dict[str, Callable[[Any], Any]] = {
    "DescribeNetworkInterfaces": lambda ec2: ec2.describe_network_interfaces(DryRun=True),
    "DescribeSubnets": lambda ec2: ec2.describe_subnets(DryRun=True),
    "CreateNetworkInterface": lambda ec2: ec2.create_network_interface(SubnetId="subnet-1", DryRun=True),
    "DeleteNetworkInterface": lambda ec2: ec2.delete_network_interface(
        NetworkInterfaceId="eni-0123456789abcdef0", DryRun=True
    ),
}
EC2: dict[str, Attempt] = {f"ec2:{name}": partial(_dry_run, call) for name, call in _DRY_RUNS.items()}
NOT_EC2: dict[str, Attempt] = {
    "ec2:DescribeVpcs": lambda who, _: who("ec2").describe_vpcs(),
    "ec2:CreateVpc": lambda who, _: who("ec2").create_vpc(CidrBlock="10.0.0.0/16"),
    "ec2:DetachNetworkInterface": lambda who, _: who("ec2").detach_network_interface(AttachmentId="eni-attach-1"),
}

POLICIES: dict[str, tuple[dict[str, Attempt], dict[str, Attempt]]] = {
    f"{SERVICE_ROLE}AWSLambdaBasicExecutionRole": (LOGS, NOT_LOGS | NOT_SQS),
    f"{SERVICE_ROLE}AWSLambdaKinesisExecutionRole": (LOGS | KINESIS, NOT_LOGS | NOT_KINESIS),
    f"{SERVICE_ROLE}AWSLambdaDynamoDBExecutionRole": (LOGS | STREAMS, NOT_LOGS | NOT_STREAMS),
    f"{SERVICE_ROLE}AWSLambdaSQSQueueExecutionRole": (LOGS | SQS, NOT_LOGS | NOT_SQS),
    f"{SERVICE_ROLE}AWSLambdaVPCAccessExecutionRole": (LOGS | EC2, NOT_LOGS | NOT_EC2),
    f"{MANAGED}AWSXRayDaemonWriteAccess": ({}, LOGS | NOT_LOGS),
}


@pytest.mark.parametrize("arn", POLICIES)
def test_managed_policy_can_do_what_it_is_for_and_nothing_beyond(here: World, arn: str) -> None:
    """C2 to C7: each policy's actions are allowed, neighbouring ones refused for want of a policy."""
    things = Things.made(here)
    allowed, refused = POLICIES[arn]
    who = role(here, "role", managed=[arn])
    for attempt in allowed.values():
        here.client("sqs").send_message(QueueUrl=things.queue, MessageBody="b")
        attempt(who, things)
    for action, attempt in refused.items():
        with pytest.raises(ClientError) as got:
            attempt(who, things)
        error = got.value.response["Error"]
        assert error["Code"] in _REFUSALS, action
        assert f"because no identity-based policy allows the {action} action" in error["Message"]
