"""Puts a record into each event source of a deployment, and looks for it in its consumer's log group."""

import json
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from vpclab.statements.deployment import Deployment, Subject
from vpclab.statements.ending import Ending
from vpclab.statements.execution_role import bucket_refusal, role_refusal
from vpclab.statements.experiments.delivery import HELD_BACK_SECONDS, Expected, wait_for_line
from vpclab.statements.experiments.workshop import Workshop
from vpclab.statements.observation import Refusal
from vpclab.statements.trial_name import FeedTrial, UploadTrial

SQS_ACTIONS = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
KINESIS_ACTIONS = ("kinesis:DescribeStream", "kinesis:GetShardIterator", "kinesis:GetRecords")
DYNAMODB_ACTIONS = ("dynamodb:DescribeStream", "dynamodb:GetShardIterator", "dynamodb:GetRecords")
"""What a poller does with the role; ListShards and ListStreams are for choosing, not for reading."""


@dataclass(frozen=True, slots=True)
class _Source:
    """How to put a record in, and what would hold it back."""

    kind: str
    trial: str
    put: Callable[[Workshop, str, str], None]
    held_back_by: Callable[[Workshop, Subject], Refusal | None]


def experiment(workshop: Workshop, deployment: Deployment) -> None:
    """Feed the consumers. All records are put first, so that they travel at the same time."""
    _deliver(workshop, deployment, (_QUEUE, _STREAM, _TABLE))


def upload(workshop: Workshop, deployment: Deployment) -> None:
    """Upload an object to the deployment's bucket."""
    _deliver(workshop, deployment, (_BUCKET,))


def _deliver(workshop: Workshop, deployment: Deployment, sources: Sequence[_Source]) -> None:
    nonce, began = workshop.name(uuid.uuid4().hex), time.time()
    subjects = {source.kind: deployment.subject(source.kind) for source in sources}
    for source in sources:
        source.put(workshop, subjects[source.kind].source, nonce)
    for source in sources:
        subject = subjects[source.kind]
        what = f"a record of {source.kind} in the log of {subject.function_name}"
        refusal = source.held_back_by(workshop, subject)
        trial = wait_for_line(
            workshop.target,
            what,
            Expected(subject.log_group_name, nonce, began),
            seconds=HELD_BACK_SECONDS if refusal and workshop.target.is_on_loopback else None,
        )
        if trial.ending is Ending.ABSENT:
            trial = replace(trial, refused_by=refusal)
        workshop.trials[source.trial] = trial


def _send(workshop: Workshop, url: str, nonce: str) -> None:
    workshop.target.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps({"nonce": nonce}))


def _put_record(workshop: Workshop, name: str, nonce: str) -> None:
    data = json.dumps({"nonce": nonce}).encode()
    workshop.target.client("kinesis").put_record(StreamName=name, Data=data, PartitionKey=nonce)


def _put_item(workshop: Workshop, name: str, nonce: str) -> None:
    table, key = workshop.target.client("dynamodb"), {"id": {"S": nonce}}
    table.put_item(TableName=name, Item=key)
    workshop.undo(f"item {nonce}", table.delete_item, TableName=name, Key=key)


def _put_object(workshop: Workshop, name: str, nonce: str) -> None:
    s3 = workshop.target.client("s3")
    s3.put_object(Bucket=name, Key=nonce, Body=b"")
    workshop.undo(f"object {nonce}", s3.delete_object, Bucket=name, Key=nonce)


def _queue_role(workshop: Workshop, subject: Subject) -> Refusal | None:
    return role_refusal(workshop.target, subject.role_name, SQS_ACTIONS, workshop.queue_arn(subject.source))


def _stream_role(workshop: Workshop, subject: Subject) -> Refusal | None:
    found = workshop.target.client("kinesis").describe_stream_summary(StreamName=subject.source)
    arn = found["StreamDescriptionSummary"]["StreamARN"]
    return role_refusal(workshop.target, subject.role_name, KINESIS_ACTIONS, arn)


def _table_role(workshop: Workshop, subject: Subject) -> Refusal | None:
    found = workshop.target.client("dynamodb").describe_table(TableName=subject.source)
    arn = found["Table"]["LatestStreamArn"]
    return role_refusal(workshop.target, subject.role_name, DYNAMODB_ACTIONS, arn)


def _bucket_policy(workshop: Workshop, subject: Subject) -> Refusal | None:
    return bucket_refusal(workshop.target, subject.function_name, subject.source)


_QUEUE = _Source("sqs", FeedTrial.SQS, _send, _queue_role)
_STREAM = _Source("kinesis", FeedTrial.KINESIS, _put_record, _stream_role)
_TABLE = _Source("dynamodb", FeedTrial.DYNAMODB, _put_item, _table_role)
_BUCKET = _Source("bucket", UploadTrial.DELIVERED, _put_object, _bucket_policy)
