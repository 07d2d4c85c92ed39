"""Reading a stream for a mapping: one reader per shard, batch after batch, in order.

Sources: Lambda guide, with-kinesis and with-ddb. A failing batch holds up its shard and no other.
"""

import json
import logging
import threading
import time
import uuid
from datetime import UTC, datetime
from typing import Any

from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.event_sources.batch import Batch, fitting
from vpclab.localcloud.control_plane.event_sources.destinations import Failure
from vpclab.localcloud.control_plane.event_sources.feeding import MOST_PAYLOAD, Feeding
from vpclab.localcloud.control_plane.event_sources.filter_pattern import is_wanted
from vpclab.localcloud.control_plane.event_sources.item_failures import failed_items
from vpclab.localcloud.control_plane.event_sources.mapping import FUNCTION_FAILED, OK, EventSourceMapping
from vpclab.localcloud.control_plane.event_sources.stream import StreamRecord, stream_of

_LOG = logging.getLogger(__name__)


class StreamPoller:
    """A thread per shard. ``stop`` ends them; a running invocation finishes."""

    def __init__(self, mapping: EventSourceMapping, feeding: Feeding) -> None:
        self._arn, self._arrivals = mapping.event_source_arn, feeding.arrivals
        self._stopped = threading.Event()
        self._readers = [
            threading.Thread(
                target=_ShardReader(mapping, feeding, shard, self._stopped).run, name=f"read {shard}", daemon=True
            )
            for shard in mapping.positions
        ]

    def start(self) -> None:
        """Begin to read."""
        for one in self._readers:
            one.start()

    def stop(self) -> None:
        """Read no further batch."""
        self._stopped.set()
        self._arrivals.ring(self._arn)

    def wait(self, seconds: float) -> None:
        """Return when the invocations that were running have ended."""
        deadline = time.monotonic() + seconds
        for one in self._readers:
            one.join(max(0.0, deadline - time.monotonic()))


class _ShardReader:
    def __init__(
        self, mapping: EventSourceMapping, feeding: Feeding, shard: str, stopped: threading.Event
    ) -> None:
        self._mapping, self._feeding, self._shard, self._stopped = mapping, feeding, shard, stopped
        self._stream = stream_of(mapping.event_source_arn)

    def run(self) -> None:
        arrivals, arn = self._feeding.arrivals, self._mapping.event_source_arn
        while True:
            seen = arrivals.seen(arn)
            with self._feeding.lock:
                if self._is_over:
                    return
                try:
                    records = self._read()
                except Exception:  # noqa: BLE001 - a thread that has nobody to tell: its log
                    _LOG.exception("reading %s for %s failed", arn, self._mapping.function_arn)
                    records = []
            patience = self._patience(records)
            if patience is None or patience > 0:
                arrivals.wait(arn, seen, patience)
            else:
                self._feed_safely(records)

    def _feed_safely(self, records: list[StreamRecord]) -> None:
        try:
            self._feed(records)
        except Exception:  # noqa: BLE001 - as above; the records come again
            _LOG.exception("records of %s for %s failed", self._shard, self._mapping.function_arn)
            self._stopped.wait(self._feeding.longest_retry_seconds)

    @property
    def _is_over(self) -> bool:
        return self._stopped.is_set() or self._feeding.arrivals.is_closed

    def _patience(self, records: list[StreamRecord]) -> float | None:
        """How long to wait before these go to the function: None until more arrives, 0 not at all."""
        settings = self._mapping.settings
        if not records:
            return None
        if len(records) >= settings.batch_size or not settings.batching_window:
            return 0
        return max(0.0, records[0].arrived + settings.batching_window - time.time())

    def _read(self) -> list[StreamRecord]:
        mapping = self._mapping
        role = self._feeding.role_of(mapping.function_arn)
        if role is None:
            mapping.last_result = "PROBLEM: Function not found"
            return []
        if not self._stream.exists:
            mapping.last_result = "PROBLEM: The stream does not exist."
            return []
        if not self._feeding.permissions.role_allows(role, self._stream.polling, mapping.event_source_arn):
            mapping.last_result = f"PROBLEM: {no_access(mapping.event_source_arn, self._stream.needed)}"
            return []
        after, count = mapping.positions[self._shard], mapping.settings.batch_size
        return fitting(self._stream.read(self._shard, after, count, role), MOST_PAYLOAD)

    def _feed(self, records: list[StreamRecord]) -> None:
        """Have the function see these records, until they are done with or the reader is stopped."""
        settings = self._mapping.settings
        wanted = tuple(one for one in records if is_wanted(settings.patterns, one.record))
        waiting = [Batch(wanted)] if wanted else []
        while waiting:
            batch, expired = waiting.pop(0).fresh(settings, time.time())
            if expired is not None:
                self._give_up(expired, "RecordAgeExceeded", None)
            if batch is None:
                continue
            first_failed, failure = self._invoke(batch)
            if first_failed is None:
                self._done(batch.records[-1])
                continue
            if self._is_over:
                return
            if first_failed:
                self._done(batch.records[first_failed - 1])
            again, given_up = batch.after_failure(settings, first_failed)
            if given_up is not None:
                self._give_up(given_up, "RetryAttemptsExhausted", failure)
            waiting = again + waiting
            if again and self._stopped.wait(self._backoff(again[0])):
                return
        self._done(records[-1])

    def _backoff(self, batch: Batch) -> float:
        seconds = self._feeding.first_retry_seconds * 2.0 ** min(batch.failures, 20)
        return min(seconds, self._feeding.longest_retry_seconds)

    def _done(self, record: StreamRecord) -> None:
        self._mapping.positions[self._shard] = record.sequence_number

    def _invoke(self, batch: Batch) -> tuple[int | None, Failure | None]:
        """Return the index of the first record that failed (None: none did), and how the invocation went."""
        mapping = self._mapping
        event = json.dumps({"Records": [one.record for one in batch.records]}, default=str)
        ids = [str(one.sequence_number) for one in batch.records]
        try:
            result = self._feeding.invoke(mapping.function_arn, event.encode(), None)
        except ApiError as refusal:
            mapping.last_result = f"{FUNCTION_FAILED}: {refusal}"
            return 0, Failure(refusal.status, "$LATEST", refusal.code)
        failure = Failure(result.status, result.executed_version, result.function_error)
        failed: frozenset[str] | None = frozenset()
        if result.function_error is not None:
            failed = None
        elif mapping.settings.reports_item_failures:
            failed = failed_items(result.payload, ids)
        mapping.last_result = OK if failed == frozenset() else FUNCTION_FAILED
        if failed is None:
            return 0, failure
        return min((ids.index(one) for one in failed), default=None), failure

    def _give_up(self, batch: Batch, condition: str, failure: Failure | None) -> None:
        """Tell the destination which records are skipped: the batch's coordinates, and to S3 the records too."""
        mapping, target = self._mapping, self._mapping.settings.on_failure
        if target is None:
            return
        first, last = batch.records[0], batch.records[-1]
        now = datetime.now(UTC)
        told: dict[str, Any] = {
            "requestContext": {
                "requestId": str(uuid.uuid4()),
                "functionArn": mapping.function_arn,
                "condition": condition,
                "approximateInvokeCount": batch.invocations,
            },
            "version": "1.0",
            "timestamp": _text(now.timestamp()),
            self._stream.batch_info: {
                "shardId": self._shard,
                "startSequenceNumber": str(first.sequence_number),
                "endSequenceNumber": str(last.sequence_number),
                "approximateArrivalOfFirstRecord": _text(first.arrived),
                "approximateArrivalOfLastRecord": _text(last.arrived),
                "batchSize": len(batch.records),
                "streamArn": mapping.event_source_arn,
            },
        }
        if failure is not None:
            told["responseContext"] = failure.context
        records = json.dumps({"Records": [one.record for one in batch.records]}, default=str)
        with self._feeding.lock:
            role = self._feeding.role_of(mapping.function_arn)
            if role is None or self._feeding.arrivals.is_closed:
                return
            prefix = f"aws/lambda/{mapping.uuid}/{self._shard}"
            self._feeding.destinations.send(
                role, target, told, object_prefix=prefix, object_adds={"payload": records}
            )


def no_access(arn: str, needed: tuple[str, ...]) -> str:
    """Return Lambda's sentence for a role that may not read a stream."""
    actions = f"{', '.join(needed[:-1])}, and {needed[-1]}"
    return (
        f"Cannot access stream {arn}. Please ensure the role can perform the {actions} Actions on your stream in "
        "IAM."
    )


def _text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
