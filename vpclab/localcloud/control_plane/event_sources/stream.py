"""Streams as the service reads them for a function: shards of records with rising sequence numbers.

Sources: Lambda guide, with-kinesis and with-ddb (permissions, records). Reading takes nothing away: the mapping
remembers how far it has come in each shard.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Protocol

from moto.dynamodb.exceptions import ResourceNotFoundException
from moto.dynamodb.models import dynamodb_backends
from moto.kinesis.models import kinesis_backends

from vpclab.localcloud.control_plane.corrections import Moto

BEFORE_THE_FIRST = -1


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """A record and what the function sees of it. ``arrived`` is in seconds since the epoch."""

    sequence_number: int
    arrived: float
    record: dict[str, Any]

    @property
    def size(self) -> int:
        """Bytes that count for the payload, about."""
        return len(json.dumps(self.record, default=str))


class Stream(Protocol):
    """A stream by its ARN. Call with the control plane's lock held."""

    needed: tuple[str, ...]
    """What the execution role must allow, in the words of Lambda's refusal."""

    polling: str
    """The action of each poll."""

    batch_info: str
    """The name under which a failed batch is described to a destination."""

    @property
    def exists(self) -> bool:
        """Whether there is such a stream."""

    def shards(self) -> Sequence[str]:
        """Return the ids of the open shards."""

    def position(self, shard: str, starting_position: str, timestamp: float | None) -> int:
        """Return the sequence number after which reading starts."""

    def read(self, shard: str, after: int, count: int, role_arn: str) -> list[StreamRecord]:
        """Return up to ``count`` records after a sequence number."""


class KinesisStream:
    """A Kinesis data stream."""

    needed: tuple[str, ...] = (
        "GetRecords",
        "GetShardIterator",
        "DescribeStream",
        "ListShards",
        "DescribeStreamSummary",
    )
    polling = "kinesis:GetRecords"
    batch_info = "KinesisBatchInfo"

    def __init__(self, arn: str) -> None:
        self.arn = arn
        _, _, _, self._region, self._account, resource = arn.split(":", 5)
        self._name = resource.removeprefix("stream/")

    @property
    def exists(self) -> bool:
        """Whether there is such a stream."""
        return self._name in kinesis_backends[self._account][self._region].streams

    def shards(self) -> Sequence[str]:
        """Return the ids of the open shards."""
        return [one.shard_id for one in self._stream.shards.values() if one.is_open]

    def position(self, shard: str, starting_position: str, timestamp: float | None) -> int:
        """Return the sequence number after which reading starts."""
        found = self._stream.shards[shard]
        if starting_position == "LATEST":
            return int(found.get_max_sequence_number())
        if starting_position == "AT_TIMESTAMP" and timestamp is not None:
            return int(found.get_sequence_number_at(timestamp))
        return BEFORE_THE_FIRST

    def read(self, shard: str, after: int, count: int, role_arn: str) -> list[StreamRecord]:
        """Return up to ``count`` records after a sequence number."""
        records = self._stream.shards[shard].records
        newer = list(takewhile(lambda one: one > after, reversed(records)))
        return [self._record(shard, records[number], role_arn) for number in reversed(newer[-count:])]

    @property
    def _stream(self) -> Moto:
        return kinesis_backends[self._account][self._region].streams[self._name]

    def _record(self, shard: str, found: Moto, role_arn: str) -> StreamRecord:
        number = str(found.sequence_number)
        data = found.data if isinstance(found.data, str) else base64.b64encode(found.data).decode()
        record = {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": found.partition_key,
                "sequenceNumber": number,
                "data": data,
                "approximateArrivalTimestamp": round(found.created_at, 3),
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"{shard}:{number}",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": role_arn,
            "awsRegion": self._region,
            "eventSourceARN": self.arn,
        }
        return StreamRecord(found.sequence_number, found.created_at, record)


class TableStream:
    """A DynamoDB stream: one shard here, as moto has it."""

    needed: tuple[str, ...] = ("GetRecords", "GetShardIterator", "DescribeStream", "ListStreams")
    polling = "dynamodb:GetRecords"
    batch_info = "DDBStreamBatchInfo"

    def __init__(self, arn: str) -> None:
        self.arn = arn
        _, _, _, self._region, self._account, resource = arn.split(":", 5)
        _, self._table_name, _, self._label = resource.split("/", 3)

    @property
    def exists(self) -> bool:
        """Whether the table has this stream now."""
        try:
            table = dynamodb_backends[self._account][self._region].get_table(self._table_name)
        except ResourceNotFoundException:
            return False
        return table.stream_shard is not None and table.latest_stream_label == self._label

    def shards(self) -> Sequence[str]:
        """Return the shard's id."""
        return [self._shard.id]

    def position(self, shard: str, starting_position: str, timestamp: float | None) -> int:
        """Return the sequence number after which reading starts."""
        del shard, timestamp  # one shard; tables' streams know no AT_TIMESTAMP
        if starting_position == "LATEST":
            return int(self._shard.starting_sequence_number) + len(self._shard.items) - 1
        return BEFORE_THE_FIRST

    def read(self, shard: str, after: int, count: int, role_arn: str) -> list[StreamRecord]:
        """Return up to ``count`` records after a sequence number."""
        del shard, role_arn
        first = max(0, after + 1 - int(self._shard.starting_sequence_number))
        return [self._record(one.record) for one in self._shard.items[first : first + count]]

    @property
    def _shard(self) -> Moto:
        return dynamodb_backends[self._account][self._region].get_table(self._table_name).stream_shard

    def _record(self, found: dict[str, Any]) -> StreamRecord:
        told = found["dynamodb"]
        arrived = float(told["ApproximateCreationDateTime"].timestamp())
        record = {
            **found,
            "eventVersion": "1.1",
            "awsRegion": self._region,
            "dynamodb": {**told, "ApproximateCreationDateTime": int(arrived)},
            "eventSourceARN": self.arn,
        }
        return StreamRecord(int(told["SequenceNumber"]), arrived, record)


def stream_of(arn: str) -> Stream:
    """Return the stream with this ARN. ValueError: it is the ARN of something else."""
    return KinesisStream(arn) if arn.split(":")[2] == "kinesis" else TableStream(arn)
