"""Everything that feeds functions, put together over moto: pollers, notifications, queued events."""

import logging
import threading

from moto.sns.models import sns_backends

from vpclab.localcloud.control_plane.additions.bucket_notifications import BucketNotifications
from vpclab.localcloud.control_plane.additions.event_source_mappings import EventSourceMappingApi
from vpclab.localcloud.control_plane.additions.invocation_settings import InvocationSettings
from vpclab.localcloud.control_plane.additions.invocations import Invocations
from vpclab.localcloud.control_plane.additions.topic_delivery import TopicDelivery
from vpclab.localcloud.control_plane.additions.topic_subscriptions import TopicSubscriptions
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
from vpclab.localcloud.control_plane.event_sources.trace_header import TraceHeader, carried, carrying
from vpclab.localcloud.control_plane.event_sources.workers import Workers
from vpclab.localcloud.control_plane.settings import Settings
from vpclab.localcloud.lambda_runtime.invocation import InvocationResult

_LOG = logging.getLogger(__name__)

_GRANTING = frozenset({"iam", "lambda"})
_PROVIDING = frozenset(
    [
        "AddPermission",
        "CreateQueue",
        "CreateStream",
        "CreateTable",
        "DeleteResourcePolicy",  # it may have denied
        "PutResourcePolicy",
        "RemovePermission",
        "SetQueueAttributes",
    ]
)
_MOST_MESSAGE = 1024
_PARTS_OF_FUNCTION_ARN = 7


class EventSources:
    """``close`` ends pollers and queued events. ``lock`` is the control plane's."""

    def __init__(
        self, settings: Settings, lock: threading.RLock, permissions: Permissions, invocations: Invocations
    ) -> None:
        self._lock = lock
        self._invocations = invocations
        self.arrivals = Arrivals()
        self.long_polling = LongPolling(self.arrivals, lock)
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
        self._topics = TopicDelivery(
            permissions, self._exists, lambda arn, payload: self.put(_event(arn, payload))
        )
        self._subscriptions = TopicSubscriptions(self._topics)

    def correct(self, corrections: Corrections) -> None:
        """Correct moto."""
        long_polling.correct(corrections)
        self.settings.correct(corrections)
        self._api.correct(corrections)
        self._notifications.correct(corrections)
        self._topics.correct(corrections)
        self._subscriptions.correct(corrections)

    def close(self) -> None:
        """Let nothing begin any more. What runs ends with its function. Safe to call twice."""
        self.arrivals.close()
        self._mappings.close()
        self._workers.close()

    def changed(self, service: str, action: str) -> None:
        """Have pollers look again after a call that may have given them what they lacked."""
        if service in _GRANTING or action in _PROVIDING:
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
        """Tell destinations and the dead-letter queue, in the event's chain of requests."""
        function_arn = ":".join(event.function_arn.split(":")[:_PARTS_OF_FUNCTION_ARN])
        with self._lock, carrying(str(TraceHeader.read(event.trace_id).after(function_arn))):
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
        function, arn = self._invocations.named(account, region, name)
        return MappedFunction(arn=arn, role_arn=str(function.role), timeout=float(function.timeout))

    def _exists(self, target: str) -> bool:
        service = service_of(target)
        if service == "sqs":
            return Queue(target).exists
        _, _, _, region, account, *_ = target.split(":")
        if service == "sns":
            return target in sns_backends[account][region].topics
        return self._invocations.function(target) is not None

    def _notify(self, bucket: Moto, target: str, event: bytes) -> None:
        """Deliver a notification, if the destination's policy lets S3 do so now; the upload goes on either way."""
        if not self._exists(target) or not self._notifications.allows(bucket.arn, bucket.account_id, target):
            _LOG.warning("an event of %s is lost: %s is gone, or does not let S3 send it", bucket.arn, target)
            return
        try:
            self._deliver(target, event)
        except Exception:  # noqa: BLE001 - the upload that it is about has succeeded
            _LOG.exception("an event of %s is lost", bucket.arn)

    def _deliver(self, target: str, event: bytes) -> None:
        service = service_of(target)
        if service == "sqs":
            Queue(target).send(event.decode())
        elif service == "sns":
            _, _, _, region, account, *_ = target.split(":")
            sns_backends[account][region].publish(event.decode(), arn=target)
        else:
            self.put(_event(target, event))


def _event(function_arn: str, payload: bytes) -> QueuedEvent:
    return QueuedEvent(function_arn=function_arn, payload=payload, trace_id=carried())
