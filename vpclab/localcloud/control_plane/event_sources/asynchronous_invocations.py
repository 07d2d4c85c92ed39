"""Events that were queued for functions: run later, again after an error, and told of at the end.

Sources: Lambda guide, invocation-async-error-handling and invocation-async-retain-records. An error of the
function is retried twice, after one minute and after two. What the service could not run (throttled, or its own
error) goes back to the queue for up to the maximum event age, at first after a second, at last every five minutes.
"""

import json
import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Protocol

from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.event_sources.destinations import Failure
from vpclab.localcloud.control_plane.event_sources.workers import Workers
from vpclab.localcloud.lambda_runtime.invocation import InvocationResult

SUCCESS, EXHAUSTED, TOO_OLD, NO_CONCURRENCY = (
    "Success",
    "RetriesExhausted",
    "EventAgeExceeded",
    "ZeroReservedConcurrency",
)
_LONGEST_THROTTLING = 300.0

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedEvent:
    """An event for the function with this ARN, as it was invoked. ``queued`` is in seconds since the epoch.

    ``errors`` counts the function's errors so far, ``returns`` how often the service could not run it.
    """

    function_arn: str
    payload: bytes
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    client_context: str | None = None
    trace_id: str | None = None
    queued: float = field(default_factory=time.time)
    errors: int = 0
    returns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSettings:
    """What a function's configuration says of queued events, read at every try. Age in seconds."""

    maximum_retry_attempts: int
    maximum_event_age: float
    runs_nothing: bool
    """Its reserved concurrency is 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a queued event ended: after ``invocations`` tries, under a condition of the invocation record."""

    condition: str
    invocations: int
    failure: Failure | None = None
    payload: bytes = b""

    @property
    def is_success(self) -> bool:
        """Whether the function handled the event."""
        return self.condition == SUCCESS

    @property
    def error_message(self) -> str:
        """What a dead-letter queue is told."""
        answer = _json(self.payload)
        told = answer.get("errorMessage") if isinstance(answer, dict) else None
        error = self.failure.function_error if self.failure else None
        return str(told or error or self.condition)

    def record(self, event: QueuedEvent) -> dict[str, Any]:
        """Return the invocation record that a destination gets."""
        unqualified = len(event.function_arn.split(":")) == 7  # noqa: PLR2004 - ARNs of functions
        found: dict[str, Any] = {
            "version": "1.0",
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "requestContext": {
                "requestId": event.request_id,
                "functionArn": f"{event.function_arn}:$LATEST" if unqualified else event.function_arn,
                "condition": self.condition,
                "approximateInvokeCount": self.invocations,
            },
            "requestPayload": _json(event.payload),
        }
        if self.failure is not None:
            found["responseContext"] = self.failure.context
            found["responsePayload"] = _json(self.payload)
        return found


class Service(Protocol):
    """The Lambda service around the queue."""

    def event_settings(self, function_arn: str) -> EventSettings | None:
        """Return what holds for the function's events now; None: it is gone."""

    def run_event(self, event: QueuedEvent) -> InvocationResult:
        """Run the function; ApiError: it could not run."""

    def finish_event(self, event: QueuedEvent, outcome: Outcome) -> None:
        """Tell destinations and the dead-letter queue."""


class AsynchronousInvocations:
    """The queue of events. ``retry_seconds``: before each retry after an error of the function."""

    def __init__(
        self,
        service: Service,
        workers: Workers,
        retry_seconds: tuple[float, ...],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._service = service
        self._workers = workers
        self._retry_seconds = retry_seconds
        self._now = now

    def put(self, event: QueuedEvent) -> None:
        """Queue an event."""
        self._workers.submit(lambda: self._try(event))

    def _try(self, event: QueuedEvent) -> None:
        settings = self._service.event_settings(event.function_arn)
        if settings is None:
            _LOG.warning("an event for %s is dropped: there is no such function", event.function_arn)
            return
        if settings.runs_nothing:
            self._service.finish_event(event, Outcome(condition=NO_CONCURRENCY, invocations=event.errors))
            return
        if self._now() - event.queued > settings.maximum_event_age:
            self._service.finish_event(event, Outcome(condition=TOO_OLD, invocations=event.errors))
            return
        try:
            result = self._service.run_event(event)
        except ApiError as refusal:
            self._return(event, settings, refusal)
            return
        failure = Failure(result.status, result.executed_version, result.function_error)
        if result.function_error is None:
            outcome = Outcome(
                condition=SUCCESS, invocations=event.errors + 1, failure=failure, payload=result.payload
            )
            self._service.finish_event(event, outcome)
            return
        tried = replace(event, errors=event.errors + 1)
        if tried.errors > min(settings.maximum_retry_attempts, len(self._retry_seconds)):
            outcome = Outcome(
                condition=EXHAUSTED, invocations=tried.errors, failure=failure, payload=result.payload
            )
            self._service.finish_event(event, outcome)
            return
        self._later(tried, settings, self._retry_seconds[tried.errors - 1])

    def _return(self, event: QueuedEvent, settings: EventSettings, refusal: ApiError) -> None:
        is_passing = refusal.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.CONFLICT)
        if not is_passing and refusal.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            failure = Failure(refusal.status, "$LATEST", refusal.code)
            self._service.finish_event(
                event, Outcome(condition=EXHAUSTED, invocations=event.errors + 1, failure=failure)
            )
            return
        seconds = min(2.0 ** min(event.returns, 20), _LONGEST_THROTTLING)
        self._later(replace(event, returns=event.returns + 1), settings, seconds)

    def _later(self, event: QueuedEvent, settings: EventSettings, seconds: float) -> None:
        """Try again after a while, or when the event has become too old, whichever comes first."""
        left = event.queued + settings.maximum_event_age - self._now()
        self._workers.later(min(seconds, max(0.0, left) + 0.001), lambda: self._try(event))


def _json(text: bytes) -> object:
    try:
        return json.loads(text or b"null")
    except ValueError:
        return text.decode("utf-8", "replace")
