"""Functions that Lambda feeds with what it reads from a queue, a stream and a table's stream, one per source."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.function import Function, FunctionArgs

CONSUMING_SECONDS = 30
"""A consumer prints a line for each record: it needs a fraction of that, but where it starts on a busy machine."""

VISIBILITY_TIMEOUTS = 6
"""A queue hides a message from other readers for six times as long as its consumer may take, so that a batch that
was throttled is not given out twice (Lambda developer guide, "Creating and configuring an Amazon SQS event source
mapping"); CreateEventSourceMapping refuses less than one time."""

RECEIVES = 5
"""After so many attempts a message goes to the dead-letter queue. With fewer, throttling can send it there."""

STREAM_RETRIES = 2
"""Without a limit one bad record holds up its shard until it expires, a day later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumersArgs:
    """``function``: what the consumers have in common. Each gets a role of its own."""

    function: FunctionArgs


class Consumers(pulumi.ComponentResource):
    """A consumer per kind of source, each with the one managed policy that AWS names for its source.

    Lambda's pollers read with the function's execution role, from outside the function's VPC: a consumer in an
    isolated subnet is fed like any other (Lambda developer guide, "How Lambda processes records from stream and
    queue-based event sources"). CreateEventSourceMapping checks the role, so the function waits for its policies,
    and the mapping for the function. Failed records have no destination: a role would need more than its policy
    for that.
    """

    outputs: Mapping[str, Any]

    def __init__(self, name: str, args: ConsumersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("vpclab:permissions:Consumers", name, {}, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        # Lambda refuses a second mapping of a source to the same function.
        self._mapping = pulumi.ResourceOptions(parent=self, delete_before_replace=True)
        self._args = args
        self.outputs = {"sqs": self._queue(), "kinesis": self._stream(), "dynamodb": self._table()}
        self.register_outputs({"consumers": self.outputs})

    def _queue(self) -> dict[str, Any]:
        dead_letters = aws.sqs.Queue("dead-letters", opts=self._child)
        queue = aws.sqs.Queue(
            "queue",
            visibility_timeout_seconds=VISIBILITY_TIMEOUTS * self._seconds,
            redrive_policy=dead_letters.arn.apply(
                lambda arn: json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": RECEIVES})
            ),
            opts=self._child,
        )
        consumer = self._consumer("sqs", "Prints the messages of an SQS queue")
        mapping = aws.lambda_.EventSourceMapping(
            "sqs",
            event_source_arn=queue.arn,
            function_name=consumer.function.arn,
            function_response_types=["ReportBatchItemFailures"],
            opts=self._mapping,
        )
        return self._told(consumer, mapping) | {"queue_url": queue.url, "queue_arn": queue.arn}

    def _stream(self) -> dict[str, Any]:
        provisioned = aws.kinesis.StreamStreamModeDetailsArgs(stream_mode="PROVISIONED")
        stream = aws.kinesis.Stream("stream", shard_count=1, stream_mode_details=provisioned, opts=self._child)
        consumer = self._consumer("kinesis", "Prints the records of a Kinesis stream")
        mapping = self._stream_mapping("kinesis", stream.arn, consumer)
        return self._told(consumer, mapping) | {"stream_name": stream.name, "stream_arn": stream.arn}

    def _table(self) -> dict[str, Any]:
        table = aws.dynamodb.Table(
            "table",
            attributes=[aws.dynamodb.TableAttributeArgs(name="id", type="S")],
            hash_key="id",
            billing_mode="PAY_PER_REQUEST",
            stream_enabled=True,
            stream_view_type="NEW_AND_OLD_IMAGES",
            opts=self._child,
        )
        consumer = self._consumer("dynamodb", "Prints the changes of a DynamoDB table")
        mapping = self._stream_mapping("dynamodb", table.stream_arn, consumer)
        return self._told(consumer, mapping) | {
            "table_name": table.name,
            "table_arn": table.arn,
            "stream_arn": table.stream_arn,
        }

    @property
    def _seconds(self) -> int:
        return min(CONSUMING_SECONDS, self._args.function.timeout_seconds)

    def _consumer(self, source: str, description: str) -> Function:
        args = replace(
            self._args.function,
            description=description,
            timeout_seconds=self._seconds,
            policies=(source,),
        )
        return Function(f"{source}-consumer", args, self._child)

    def _stream_mapping(
        self, name: str, stream_arn: pulumi.Input[str], consumer: Function
    ) -> aws.lambda_.EventSourceMapping:
        return aws.lambda_.EventSourceMapping(
            name,
            event_source_arn=stream_arn,
            function_name=consumer.function.arn,
            # From LATEST, what is written while the mapping comes up would be missed ("Polling and stream
            # starting positions").
            starting_position="TRIM_HORIZON",
            maximum_retry_attempts=STREAM_RETRIES,
            bisect_batch_on_function_error=True,
            function_response_types=["ReportBatchItemFailures"],
            opts=self._mapping,
        )

    @staticmethod
    def _told(consumer: Function, mapping: aws.lambda_.EventSourceMapping) -> dict[str, Any]:
        return {**consumer.outputs, "mapping_uuid": mapping.uuid}
