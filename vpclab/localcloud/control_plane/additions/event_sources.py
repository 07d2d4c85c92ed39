"""Everything that feeds functions, put together over moto: pollers, notifications, queued events."""

import logging
import threading

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import lambda_backends
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends

from vpclab.localcloud.control_plane.additions.bucket_notifications import BucketNotifications
from vpclab.localcloud.control_plane.additions.event_source_mappings import EventSourceMappingApi
from vpclab.localcloud.control_plane.additions.invocation_settings import InvocationSettings
from vpclab.localcloud.control_plane.additions.invocations import Invocations, unqualified_arn
from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.corrections import Corrections, Moto
from vpclab.localcloud.control_plane.event_sources import long_polling
from vpclab.localcloud.control_plane.event_sources.arrivals import Arrivals
from vpclab.localcloud.control_plane.event_sources.asynchronous_invocations import (
    AsynchronousInvocations,
    EventSettings,
    Outcome,
    QueuedEvent,
)
from vpclab.localcloud.control_plane.event_sources.destinations import Destinations
from vpclab.localcloud.control_plane.event_sources.feeding import Feeding
from vpclab.localcloud.control_plane.event_sources.long_polling import LongPolling
from vpclab.localcloud.control_plane.event_sources.mapping import service_of
from vpclab.localcloud.control_plane.event_sources.mappings import EventSourceMappings, MappedFunction
from vpclab.localcloud.control_plane.event_sources.permissions import Permissions
from vpclab.localcloud.control_plane.event_sources.queue import Queue
from vpclab.localcloud.control_plane.event_sources.workers import Workers
from vpclab.localcloud.control_plane.settings import Settings
from vpclab.localcloud.lambda_runtime.invocation import InvocationResult

_LOG = logging.getLogger(__name__)

_GRANTING = frozenset({"iam", "lambda"})
_MOST_MESSAGE = 1024


class EventSources:
    """``close`` ends pollers and queued events. ``lock`` is the control plane's."""

    def __init__(
        self, settings: Settings, lock: threading.RLock, permissions: Permissions, invocations: Invocations
    ) -> None:
        self._lock = lock
        self._invocations = invocations
        self.arrivals = Arrivals()
        self.long_polling = LongPolling(self.arrivals)
        self._workers = Workers()
        self._queue = AsynchronousInvocations(self, self._workers, settings.asynchronous_retry_seconds)
        self._destinations = Destinations(permissions, lambda arn, payload: self.put(_event(arn, payload)))
        self.settings = InvocationSettings(self._destinations)
        feeding = Feeding(
            lock=lock,
            arrivals=self.arrivals,
            workers=self._workers,
            permissions=permissions,
            destinations=self._destinations,
            invoke=invocations.run,
            role_of=self._role_of,
        )
        self._mappings = EventSourceMappings(feeding)
        self._api = EventSourceMappingApi(self._mappings, self.arrivals, self._function_named)
        self._notifications = BucketNotifications(permissions, self._exists, self._notify)

    def correct(self, corrections: Corrections) -> None:
        """Correct moto."""
        long_polling.correct(corrections)
        self.settings.correct(corrections)
        self._api.correct(corrections)
        self._notifications.correct(corrections)

    def close(self) -> None:
        """Let nothing begin any more. What runs ends with its function. Safe to call twice."""
        self.arrivals.close()
        self._workers.close()

    def changed(self, service: str) -> None:
        """Have pollers look again after a call that may have granted something to them."""
        if service in _GRANTING:
            self.arrivals.ring_everywhere()

    def put(self, event: QueuedEvent) -> None:
        """Queue an event for a function."""
        self._queue.put(event)

    # What queued events need of the Lambda service (asynchronous_invocations.Service):

    def event_settings(self, function_arn: str) -> EventSettings | None:
        """Return what holds for the function's events now; None: it is gone, or the cloud is."""
        with self._lock:
            function = None if self.arrivals.is_closed else self._invocations.function(function_arn)
            return None if function is None else self.settings.of(function)

    def run_event(self, event: QueuedEvent) -> InvocationResult:
        """Run the function; ApiError: it could not run."""
        return self._invocations.run_event(event)

    def finish_event(self, event: QueuedEvent, outcome: Outcome) -> None:
        """Tell destinations and the dead-letter queue."""
        with self._lock:
            function = None if self.arrivals.is_closed else self._invocations.function(event.function_arn)
            if function is None:
                return
            target = self.settings.destination(function, is_success=outcome.is_success)
            if target is not None:
                self._destinations.send(
                    function.role,
                    target,
                    outcome.record(event),
                    object_prefix=f"aws/lambda/async/{function.function_name}",
                )
            dead_letters = getattr(function, "vpclab_dead_letters", None)
            if dead_letters is not None and not outcome.is_success:
                status = outcome.failure.status if outcome.failure is not None else 200
                self._destinations.send_dead_letter(
                    function.role,
                    dead_letters,
                    event.payload,
                    {
                        "RequestID": ("String", event.request_id),
                        "ErrorCode": ("Number", str(status)),
                        "ErrorMessage": ("String", outcome.error_message[:_MOST_MESSAGE]),
                    },
                )

    def _role_of(self, function_arn: str) -> str | None:
        function = self._invocations.function(function_arn)
        return None if function is None else str(function.role)

    def _function_named(self, account: str, region: str, name: str) -> MappedFunction:
        try:
            function = lambda_backends[account][region].get_function(name)
        except LambdaClientError:
            arn = name if name.startswith("arn:") else f"arn:aws:lambda:{region}:{account}:function:{name}"
            raise ApiError("ResourceNotFoundException", f"Function not found: {arn}", 404) from None
        qualifier = _qualifier(name)
        arn = unqualified_arn(function)
        return MappedFunction(
            arn=f"{arn}:{qualifier}" if qualifier else arn,
            role_arn=str(function.role),
            timeout=float(function.timeout),
        )

    def _exists(self, target: str) -> bool:
        service = service_of(target)
        if service == "sqs":
            return Queue(target).exists
        _, _, _, region, account, *_ = target.split(":")
        if service == "sns":
            return target in sns_backends[account][region].topics
        return self._invocations.function(target) is not None

    def _notify(self, bucket_name: str, target: str, event: bytes) -> None:
        self._workers.submit(lambda: self._deliver(bucket_name, target, event))

    def _deliver(self, bucket_name: str, target: str, event: bytes) -> None:
        """Deliver a notification, if the destination's policy lets S3 do so now."""
        with self._lock:
            bucket = None if self.arrivals.is_closed else _bucket(bucket_name)
            if bucket is None or not self._exists(target):
                return
            if not self._notifications.allows(bucket.arn, bucket.account_id, target):
                _LOG.warning("an event of %s is lost: %s does not let S3 send it", bucket_name, target)
                return
            service = service_of(target)
            if service == "sqs":
                Queue(target).send(event.decode())
            elif service == "sns":
                _, _, _, region, account, *_ = target.split(":")
                sns_backends[account][region].publish(event.decode(), arn=target)
            else:
                self.put(_event(target, event))


def _event(function_arn: str, payload: bytes) -> QueuedEvent:
    return QueuedEvent(function_arn=function_arn, payload=payload)


def _qualifier(name: str) -> str:
    """The qualifier in a function's name, partial ARN or ARN."""
    after = name.rpartition("function:")[2]
    return after.partition(":")[2]


def _bucket(name: str) -> Moto | None:
    for of_account in s3_backends.values():
        for backend in of_account.values():
            if name in backend.buckets:
                return backend.buckets[name]
    return None
