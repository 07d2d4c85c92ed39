"""Event source mappings: made, changed and deleted by the API, and the pollers that follow them.

Sources: Lambda API reference, CreateEventSourceMapping; Lambda guide, invocation-eventsourcemapping. A
mapping is Creating, Updating, Enabling, Disabling or Deleting when the API answers, and settles right after.
"""

import time
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Protocol

from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.event_sources import mapping_settings
from vpclab.localcloud.control_plane.event_sources.feeding import Feeding
from vpclab.localcloud.control_plane.event_sources.mapping import EventSourceMapping, service_of
from vpclab.localcloud.control_plane.event_sources.mapping_settings import invalid
from vpclab.localcloud.control_plane.event_sources.queue import NEEDED, Queue
from vpclab.localcloud.control_plane.event_sources.queue_poller import QueuePoller
from vpclab.localcloud.control_plane.event_sources.stream import stream_of
from vpclab.localcloud.control_plane.event_sources.stream_poller import StreamPoller, no_access

LONGEST_FUNCTION = 900.0
_GONE = "The resource you requested does not exist."
_POSITIONS = ("TRIM_HORIZON", "LATEST", "AT_TIMESTAMP")

Known = MutableMapping[str, EventSourceMapping]
"""The mappings of one account and Region, by UUID."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedFunction:
    """What a mapping needs to know of its function. ``arn`` is qualified as asked for; ``timeout`` in seconds."""

    arn: str
    role_arn: str
    timeout: float


class _Poller(Protocol):
    def start(self) -> None: ...

    def stop(self) -> None: ...

    def wait(self, seconds: float) -> None: ...


class EventSourceMappings:
    """All mappings of the cloud. Call with the control plane's lock held."""

    def __init__(self, feeding: Feeding) -> None:
        self._feeding = feeding
        self._pollers: dict[str, tuple[str, _Poller]] = {}  # by UUID; with the ARN of what each reads

    def create(
        self, known: Known, account: str, region: str, function: MappedFunction, document: Mapping[str, Any]
    ) -> EventSourceMapping:
        """Make a mapping, once everything about it was found right. ApiError: it was not."""
        source_arn = document["EventSourceArn"]
        _check_arn(source_arn, region)
        settings = mapping_settings.initial_settings(document)
        for other in known.values():
            if (other.event_source_arn, other.function_arn) == (source_arn, function.arn):
                raise ApiError(
                    "ResourceConflictException",
                    f'The event source arn (" {source_arn} ") and function (" {function.arn} ") provided mapping '
                    f"already exists. Please update or delete the existing mapping with UUID {other.uuid}",
                    409,
                )
        made = EventSourceMapping(
            account=account,
            region=region,
            function_arn=function.arn,
            event_source_arn=source_arn,
            settings=settings,
            starting_position=document.get("StartingPosition"),
            starting_timestamp=document.get("StartingPositionTimestamp"),
            tags=dict(document.get("Tags") or {}),
        )
        self._check_source(made, function)
        if made.source_service != "sqs":
            self._set_positions(made)
        known[made.uuid] = made
        self._settle_later(made)
        return made

    def update(
        self,
        known: Known,
        mapping_id: str,
        function: MappedFunction,
        document: Mapping[str, Any],
    ) -> EventSourceMapping:
        """Change a mapping. ``function`` is the one that it has from now on."""
        mapping = self.get(known, mapping_id)
        self._check_idle(mapping, "update")
        settings = mapping_settings.changed_settings(mapping.settings, document, mapping.event_source_arn)
        changed = EventSourceMapping(
            account=mapping.account,
            region=mapping.region,
            function_arn=function.arn,
            event_source_arn=mapping.event_source_arn,
            settings=settings,
        )
        if settings.is_enabled:
            self._check_source(changed, function)
        was_enabled = mapping.settings.is_enabled
        mapping.settings, mapping.function_arn, mapping.last_modified = settings, function.arn, time.time()
        if was_enabled == settings.is_enabled:
            mapping.state = "Updating"
        else:
            mapping.state = "Enabling" if settings.is_enabled else "Disabling"
        self._settle_later(mapping)
        return mapping

    def delete(self, known: Known, mapping_id: str) -> EventSourceMapping:
        """Delete a mapping: what its function is doing with a batch may still end."""
        mapping = self.get(known, mapping_id)
        self._check_idle(mapping, "delete")
        mapping.state = "Deleting"
        poller = self._stop(mapping)

        def remove() -> None:
            if poller is not None:
                poller.wait(LONGEST_FUNCTION)
            with self._feeding.lock:
                known.pop(mapping_id, None)

        self._feeding.workers.apart(remove)
        return mapping

    @staticmethod
    def get(known: Known, mapping_id: str) -> EventSourceMapping:
        """Return a mapping. ApiError: there is none."""
        found = known.get(mapping_id)
        if found is None:
            raise ApiError("ResourceNotFoundException", _GONE, 404)
        return found

    @staticmethod
    def listed(known: Known, source_arn: str | None, function_arn: str | None) -> Iterable[EventSourceMapping]:
        """Return the mappings with that source and that function, where given."""
        return [
            one
            for one in known.values()
            if source_arn in (None, one.event_source_arn) and function_arn in (None, one.function_arn)
        ]

    def close(self) -> None:
        """Stop every poller; what runs may end."""
        for _, poller in list(self._pollers.values()):
            poller.stop()

    def is_mapped(self, source_arn: str) -> bool:
        """Whether some poller reads from there."""
        return any(arn == source_arn for arn, _ in self._pollers.values())

    def _check_idle(self, mapping: EventSourceMapping, what: str) -> None:
        if mapping.state not in ("Enabled", "Disabled"):
            raise ApiError(
                "ResourceInUseException",
                f"Cannot {what} the event source mapping because it is in use.",
                400,
            )

    def _settle_later(self, mapping: EventSourceMapping) -> None:
        before = self._stop(mapping)

        def settle() -> None:
            if before is not None:
                before.wait(LONGEST_FUNCTION)
            with self._feeding.lock:
                if self._feeding.arrivals.is_closed or mapping.state == "Deleting":
                    return
                mapping.state = "Enabled" if mapping.settings.is_enabled else "Disabled"
                if mapping.settings.is_enabled:
                    self._start(mapping)

        self._feeding.workers.apart(settle)

    def _start(self, mapping: EventSourceMapping) -> None:
        is_queue = mapping.source_service == "sqs"
        poller = QueuePoller(mapping, self._feeding) if is_queue else StreamPoller(mapping, self._feeding)
        self._pollers[mapping.uuid] = mapping.event_source_arn, poller
        poller.start()

    def _stop(self, mapping: EventSourceMapping) -> _Poller | None:
        found = self._pollers.pop(mapping.uuid, None)
        if found is None:
            return None
        found[1].stop()
        return found[1]

    def _check_source(self, mapping: EventSourceMapping, function: MappedFunction) -> None:
        """Raise what Lambda says when it cannot read the source with the function's role."""
        if mapping.source_service == "sqs":
            self._check_queue(mapping.event_source_arn, function)
        else:
            self._check_stream(mapping.event_source_arn, function)
        if mapping.settings.on_failure:
            self._feeding.destinations.check(function.role_arn, mapping.settings.on_failure)

    def _check_queue(self, arn: str, function: MappedFunction) -> None:
        for action in NEEDED:
            if not self._feeding.permissions.role_allows(function.role_arn, f"sqs:{action}", arn):
                raise invalid(f"The function execution role does not have permissions to call {action} on SQS")
        queue = Queue(arn)
        if not queue.exists:
            raise invalid(
                "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. "
                "SQS Error Message: The specified queue does not exist for this wsdl version."
            )
        if queue.visibility_timeout < function.timeout:
            raise invalid(
                f"Queue visibility timeout: {queue.visibility_timeout} seconds is less than Function timeout: "
                f"{function.timeout:.0f} seconds"
            )

    def _check_stream(self, arn: str, function: MappedFunction) -> None:
        stream = stream_of(arn)
        prefix = service_of(arn)
        for action in stream.needed:
            if not self._feeding.permissions.role_allows(function.role_arn, f"{prefix}:{action}", arn):
                raise invalid(no_access(arn, stream.needed))
        if not stream.exists:
            raise ApiError("ResourceNotFoundException", f"Stream not found: {arn}", 404)

    def _set_positions(self, mapping: EventSourceMapping) -> None:
        position, timestamp = mapping.starting_position, mapping.starting_timestamp
        if position is None:
            raise invalid(
                "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: "
                "Member must not be null."
            )
        if position not in _POSITIONS or (position == "AT_TIMESTAMP" and mapping.source_service == "dynamodb"):
            raise invalid(f"Unsupported starting position for arn type: {mapping.event_source_arn}")
        if (position == "AT_TIMESTAMP") != (timestamp is not None):
            raise invalid("StartingPositionTimestamp is given with, and only with, AT_TIMESTAMP.")
        stream = stream_of(mapping.event_source_arn)
        for shard in stream.shards():
            mapping.positions[shard] = stream.position(shard, position, timestamp)


def _check_arn(arn: str, region: str) -> None:
    parts = arn.split(":")
    service = service_of(arn)
    if len(parts) < 6 or service not in ("sqs", "kinesis", "dynamodb"):  # noqa: PLR2004 - an ARN
        raise invalid(
            f"Unrecognized event source, must be kinesis, dynamodb stream or sqs. Unsupported source arn: {arn}"
        )
    if service == "kinesis" and "/consumer/" in arn:
        raise ApiError(
            "UnsupportedOperation",
            "Consumers with enhanced fan-out are not modelled by the local cloud: name the stream itself.",
        )
    if service == "dynamodb" and "/stream/" not in arn:
        raise invalid(f"Unrecognized event source arn: {arn} is a table, not its stream.")
    if parts[3] != region:
        raise invalid(f"The event source {arn} is not in the function's Region, {region}.")
