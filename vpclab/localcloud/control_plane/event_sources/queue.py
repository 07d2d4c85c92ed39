"""An SQS queue as the service polls it for a function: through moto's model, no request, no VPC.

Sources: Lambda guide, with-sqs; SQS guide, dead-letter queues. Receiving moves what was received too often to the
queue's dead-letter queue, and a received message is invisible for the queue's visibility timeout.
"""

# ruff: noqa: SLF001 - moto keeps its state in private attributes

import base64
import time
from dataclasses import dataclass
from typing import Any

from moto.sqs.exceptions import QueueDoesNotExist, ReceiptHandleIsInvalid
from moto.sqs.models import sqs_backends

from vpclab.localcloud.control_plane.corrections import Moto

NEEDED = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
"""What the execution role must allow when a mapping is made, in the order in which Lambda asks."""

_A_MOMENT = 0.002
"""Seconds: moto compares with "later than", in milliseconds."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message, and the record of it that the function sees."""

    message_id: str
    receipt_handle: str
    record: dict[str, Any]

    @property
    def size(self) -> int:
        """Bytes that count for the payload, about."""
        return len(self.record["body"]) + 600

    @property
    def trace_header(self) -> str | None:
        """The tracing header that the message was sent with."""
        header: str | None = self.record["attributes"].get("AWSTraceHeader")
        return header


class Queue:
    """The queue with this ARN. Call with the control plane's lock held."""

    def __init__(self, arn: str) -> None:
        self.arn = arn
        _, _, _, self.region, self.account, self.name = arn.split(":", 5)

    @property
    def exists(self) -> bool:
        """Whether there is such a queue."""
        return self.name in self._backend.queues

    @property
    def visibility_timeout(self) -> int:
        """In seconds."""
        return int(self._queue.visibility_timeout)

    def receive(self, count: int) -> list[Received]:
        """Receive up to ``count`` visible messages."""
        messages = self._backend.receive_message(self.name, count, 0, self.visibility_timeout, ["All"])
        return [Received(one.id, one.receipt_handle, self._record(one)) for one in messages]

    def delete(self, received: Received) -> None:
        """Delete a received message; it may be gone already."""
        try:
            self._backend.delete_message(self.name, received.receipt_handle)
        except (QueueDoesNotExist, ReceiptHandleIsInvalid):
            return

    def send(self, body: str, attributes: dict[str, dict[str, Any]] | None = None) -> None:
        """Send a message."""
        group = "lambda" if self.name.endswith(".fifo") else None
        self._backend.send_message(self.name, body, message_attributes=attributes or {}, group_id=group)

    def next_change(self, since: float) -> float | None:
        """Return in how many seconds a message becomes visible by itself; None: none will.

        ``since``: when the queue was last received from, in seconds since the epoch. What has become visible from
        then on counts, else nobody would ever look at it.
        """
        if not self.exists:
            return None
        moments = (max(one.visible_at, one.delayed_until) / 1000 for one in self._queue._messages)
        coming = [one for one in moments if one > since - _A_MOMENT]
        return max(min(coming) + _A_MOMENT - time.time(), 0.0) if coming else None

    @property
    def _backend(self) -> Moto:
        return sqs_backends[self.account][self.region]

    @property
    def _queue(self) -> Moto:
        return self._backend.queues[self.name]

    def _record(self, message: Moto) -> dict[str, Any]:
        attributes = {
            "ApproximateReceiveCount": str(message.approximate_receive_count),
            "SentTimestamp": str(message.sent_timestamp),
            "SenderId": message.sender_id,
            "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
        }
        for name, value in (
            ("MessageGroupId", message.group_id),
            ("MessageDeduplicationId", message.deduplication_id),
            ("SequenceNumber", message.sequence_number),
            ("AWSTraceHeader", (message.system_attributes.get("AWSTraceHeader") or {}).get("StringValue")),
        ):
            if value is not None:
                attributes[name] = str(value)
        record = {
            "messageId": message.id,
            "receiptHandle": message.receipt_handle,
            "body": message.body,
            "attributes": attributes,
            "messageAttributes": {name: _attribute(one) for name, one in message.message_attributes.items()},
            "md5OfBody": message.body_md5,
            "eventSource": "aws:sqs",
            "eventSourceARN": self.arn,
            "awsRegion": self.region,
        }
        if message.message_attributes:
            record["md5OfMessageAttributes"] = message.attribute_md5
        return record


def _attribute(given: dict[str, Any]) -> dict[str, Any]:
    """A message attribute as a record has it: names in lower case, binary as base64."""
    found: dict[str, Any] = {"stringListValues": [], "binaryListValues": [], "dataType": given["DataType"]}
    if given.get("StringValue") is not None:
        found["stringValue"] = given["StringValue"]
    binary = given.get("BinaryValue")
    if binary is not None:
        found["binaryValue"] = base64.b64encode(binary).decode() if isinstance(binary, bytes) else binary
    return found
