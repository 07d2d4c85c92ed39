"""Polling a queue for a mapping (Lambda guide, with-sqs, services-sqs-errorhandling, services-sqs-scaling).

What the function handled is deleted, with the execution role's permission. What it did not is left: it becomes
visible again after the queue's visibility timeout, and the queue's redrive policy decides how often.
"""

import json
import logging
import threading
import time

from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.event_sources.feeding import MOST_PAYLOAD, Feeding
from vpclab.localcloud.control_plane.event_sources.filter_pattern import is_wanted
from vpclab.localcloud.control_plane.event_sources.item_failures import failed_items
from vpclab.localcloud.control_plane.event_sources.mapping import FUNCTION_FAILED, OK, EventSourceMapping
from vpclab.localcloud.control_plane.event_sources.queue import Queue, Received
from vpclab.localcloud.control_plane.event_sources.trace_header import TraceHeader

_FIRST_POLLERS = 5
"""So many batches at a time Lambda begins with; more with the load, which one machine does not need."""

_LOG = logging.getLogger(__name__)


class QueuePoller:
    """One thread that waits, and a worker for each batch. ``stop`` ends it; running batches finish."""

    def __init__(self, mapping: EventSourceMapping, feeding: Feeding) -> None:
        self._mapping = mapping
        self._feeding = feeding
        self._queue = Queue(mapping.event_source_arn)
        self._stopped = threading.Event()
        self._running = 0
        self._gathered: list[Received] = []
        self._gathering_ends = 0.0
        self._idle = threading.Condition()
        self._thread = threading.Thread(target=self._poll, name=f"poll {self._queue.name}", daemon=True)

    def start(self) -> None:
        """Begin to poll."""
        self._thread.start()

    def stop(self) -> None:
        """Take no further message."""
        self._stopped.set()
        self._feeding.arrivals.ring(self._queue.arn)

    def wait(self, seconds: float) -> None:
        """Return when the batches that were running have ended."""
        deadline = time.monotonic() + seconds
        self._thread.join(seconds)
        with self._idle:
            self._idle.wait_for(lambda: self._running == 0, max(0.0, deadline - time.monotonic()))

    def _poll(self) -> None:
        arrivals, arn = self._feeding.arrivals, self._queue.arn
        while True:
            seen = arrivals.seen(arn)
            with self._feeding.lock:
                if self._stopped.is_set() or arrivals.is_closed:
                    return
                try:
                    patience = self._look()
                except Exception:  # noqa: BLE001 - a thread that has nobody to tell: its log
                    _LOG.exception("polling %s for %s failed", arn, self._mapping.function_arn)
                    self._mapping.last_result = (
                        "PROBLEM: Internal Lambda error. Please contact Lambda customer support."
                    )
                    patience = None
            if patience is None or patience > 0:
                arrivals.wait(arn, seen, patience)

    def _look(self) -> float | None:
        """Take what there is; return how long to wait when nothing arrives: None for ever, 0 for not at all."""
        mapping, settings = self._mapping, self._mapping.settings
        with self._idle:
            if self._running >= min(settings.maximum_concurrency or _FIRST_POLLERS, _FIRST_POLLERS):
                return None  # the end of a batch rings
        role = self._feeding.role_of(mapping.function_arn)
        if role is None:
            mapping.last_result = "PROBLEM: Function not found"
            return None
        if not self._queue.exists:
            mapping.last_result = "PROBLEM: The queue does not exist."
            return None
        if not self._feeding.permissions.role_allows(role, "sqs:ReceiveMessage", self._queue.arn):
            mapping.last_result = (
                "PROBLEM: The execution role does not have permissions to call ReceiveMessage on SQS"
            )
            return None
        now, looked = time.monotonic(), time.time()
        received = self._queue.receive(settings.batch_size - len(self._gathered))
        if received and not self._gathered:
            self._gathering_ends = now + settings.batching_window
        self._gathered += received
        is_full = len(self._gathered) >= settings.batch_size or _size(self._gathered) > MOST_PAYLOAD
        if self._gathered and (is_full or now >= self._gathering_ends):
            self._dispatch()
            return 0
        waits = [self._gathering_ends - now] if self._gathered else []
        if (coming := self._queue.next_change(looked)) is not None:
            waits.append(coming)
        return max(min(waits), 0.001) if waits else None

    def _dispatch(self) -> None:
        batch: list[Received] = []
        while self._gathered and (not batch or _size([*batch, self._gathered[0]]) <= MOST_PAYLOAD):
            batch.append(self._gathered.pop(0))
        with self._idle:
            self._running += 1
        self._feeding.workers.submit(lambda: self._handle(batch))

    def _handle(self, batch: list[Received]) -> None:
        try:
            wanted = [one for one in batch if is_wanted(self._mapping.settings.patterns, one.record)]
            handled = self._handled(wanted) if wanted else frozenset()
            unwanted = {one.message_id for one in batch} - {one.message_id for one in wanted}
            with self._feeding.lock:
                if not self._feeding.arrivals.is_closed:
                    self._delete([one for one in batch if one.message_id in handled | unwanted])
        finally:
            with self._idle:
                self._running -= 1
                self._idle.notify_all()
            self._feeding.arrivals.ring(self._queue.arn)

    def _handled(self, batch: list[Received]) -> frozenset[str]:
        """Invoke the function and return the ids of the messages that it handled."""
        mapping = self._mapping
        event = json.dumps({"Records": [one.record for one in batch]})
        ids = frozenset(one.message_id for one in batch)
        header = str(TraceHeader.of_batch(one.trace_header for one in batch))
        try:
            result = self._feeding.invoke(mapping.function_arn, event.encode(), header)
        except ApiError as refusal:
            mapping.last_result = f"{FUNCTION_FAILED}: {refusal}"
            return frozenset()
        failed: frozenset[str] | None = frozenset()
        if result.function_error is not None:
            failed = None
        elif mapping.settings.reports_item_failures:
            failed = failed_items(result.payload, ids)
        mapping.last_result = OK if failed == frozenset() else FUNCTION_FAILED
        return frozenset() if failed is None else ids - failed

    def _delete(self, messages: list[Received]) -> None:
        role = self._feeding.role_of(self._mapping.function_arn)
        if not messages or not self._queue.exists:
            return
        if role is None or not self._feeding.permissions.role_allows(role, "sqs:DeleteMessage", self._queue.arn):
            self._mapping.last_result = (
                "PROBLEM: The execution role does not have permissions to call DeleteMessage on SQS"
            )
            return
        for one in messages:
            self._queue.delete(one)


def _size(messages: list[Received]) -> int:
    return sum(one.size for one in messages)
