"""What a consumer does with records: print a line for each, and fail those that ask for it.

Records come from queues, streams, tables and buckets, each in a form of its own (Lambda developer guide, "Using
Lambda with Amazon SQS" and its siblings). What a record says is its body where it has one: a message's text, a
Kinesis record's data, the attribute ``body`` of a table's item. Of an uploaded object it is the key.

A body that is a JSON object with ``"fail": "batch"`` makes the whole invocation fail; with ``"fail": "item"`` the
record is reported as failed and the others as done (``batchItemFailures``, which a mapping with
``ReportBatchItemFailures`` reads). A key fails the invocation when it begins with :data:`FAILING_PREFIX`.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

FAILING_PREFIX = "fail/"

Record = Mapping[str, Any]


class RecordFailureError(Exception):
    """Records asked that the invocation that brings them fails."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is printed of a record. ``identifier`` is what a mapping calls it by when it failed."""

    source: str
    identifier: str
    content: Mapping[str, str]

    @property
    def wish(self) -> str | None:
        """How it wants to fail: ``batch``, ``item``, or not at all."""
        if self.content.get("key", "").startswith(FAILING_PREFIX):
            return "batch"
        try:
            body = json.loads(self.content.get("body", ""))
        except ValueError:
            return None
        return str(body["fail"]) if isinstance(body, dict) and body.get("fail") else None


def consume(records: Sequence[Record], request_id: str) -> dict[str, Any]:
    """Print a line of JSON per record; say which failed, or raise :class:`RecordFailureError`."""
    told = [tell(record) for record in records]
    for one in told:
        line = {"vpclab": "record", "source": one.source, "id": one.identifier, **one.content}
        print(json.dumps(line | {"request_id": request_id}), flush=True)
    failing = [one.identifier for one in told if one.wish == "batch"]
    if failing:
        raise RecordFailureError(f"asked to fail by {', '.join(failing)}")
    return {"batchItemFailures": [{"itemIdentifier": one.identifier} for one in told if one.wish == "item"]}


def tell(record: Record) -> Told:
    """Read a record of whatever source; of one that is not known, the whole is its body."""
    source = str(record.get("eventSource") or record.get("EventSource") or "unknown")
    match source:
        case "aws:sqs":
            return Told(source, str(record["messageId"]), {"body": str(record["body"])})
        case "aws:kinesis":
            data = base64.b64decode(record["kinesis"]["data"]).decode("utf-8", "replace")
            return Told(source, str(record["kinesis"]["sequenceNumber"]), {"body": data})
        case "aws:dynamodb":
            change = record["dynamodb"]
            content = {"event": str(record["eventName"]), "body": _body(change)}
            return Told(source, str(change["SequenceNumber"]), content)
        case "aws:s3":
            entity, stored = record["s3"], record["s3"]["object"]
            content = {
                "event": str(record["eventName"]),
                "bucket": str(entity["bucket"]["name"]),
                "key": unquote_plus(stored["key"]),
            }
            return Told(source, str(stored.get("sequencer", "")), content)
    return Told(source, "", {"body": json.dumps(record)})


def _body(change: Mapping[str, Any]) -> str:
    item = change.get("NewImage") or change.get("Keys") or {}
    body = item.get("body", {}).get("S")
    return body if isinstance(body, str) else json.dumps(item)
