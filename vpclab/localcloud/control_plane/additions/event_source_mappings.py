"""The API of event source mappings, and the moments at which something arrives for one.

moto keeps mappings without asking the role, and calls the function from inside the request that writes to the
source, one message at a time. Here the API belongs to ``event_sources.mappings``, and moto only says that a
message, a record or an item has come.
"""

# ruff: noqa: SLF001 - moto keeps its state in private attributes

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from moto.awslambda.responses import LambdaResponse
from moto.dynamodb.models.table import StreamShard
from moto.kinesis.models import KinesisBackend, Stream
from moto.sqs.models import Queue, SQSBackend

from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.corrections import Corrections, Moto
from vpclab.localcloud.control_plane.event_sources.arrivals import Arrivals
from vpclab.localcloud.control_plane.event_sources.mappings import EventSourceMappings, MappedFunction

_Answer = tuple[int, dict[str, Any], str]
_RESHARDING = ("split_shard", "merge_shards", "update_shard_count")


class EventSourceMappingApi:
    """Corrects moto. ``function_named`` finds a function by account, Region and what the API was given."""

    def __init__(
        self,
        mappings: EventSourceMappings,
        arrivals: Arrivals,
        function_named: Callable[[str, str, str], MappedFunction],
    ) -> None:
        self._mappings = mappings
        self._arrivals = arrivals
        self._function_named = function_named

    def correct(self, corrections: Corrections) -> None:
        """Answer the API, and listen to what arrives."""
        for name, method in (
            ("create_event_source_mapping", self._create),
            ("update_event_source_mapping", self._update),
            ("delete_event_source_mapping", self._delete),
            ("get_event_source_mapping", self._get),
            ("list_event_source_mappings", self._list),
        ):
            corrections.replace(LambdaResponse, name, _answering(method))
        corrections.wrap(Queue, "add_message", self._message_came)
        corrections.wrap(SQSBackend, "change_message_visibility", self._message_is_visible)
        corrections.wrap(SQSBackend, "delete_message", self._message_went)
        corrections.wrap(Stream, "put_record", self._record_came)
        corrections.wrap(StreamShard, "add", self._item_came)
        for name in _RESHARDING:
            corrections.wrap(KinesisBackend, name, self._reshard)

    def _create(self, response: Moto) -> _Answer:
        given, backend = response.json_body, response.backend
        for name in ("EventSourceArn", "FunctionName"):
            if not given.get(name):
                raise ApiError("InvalidParameterValueException", f"{name} is required.")
        function = self._function_named(backend.account_id, backend.region_name, given["FunctionName"])
        made = self._mappings.create(
            backend._event_source_mappings, backend.account_id, backend.region_name, function, given
        )
        return _accepted(made.get_configuration())

    def _update(self, response: Moto) -> _Answer:
        given, backend, mapping_id = response.json_body, response.backend, _id_in(response)
        known = backend._event_source_mappings
        name = given.get("FunctionName") or self._mappings.get(known, mapping_id).function_arn
        function = self._function_named(backend.account_id, backend.region_name, name)
        return _accepted(self._mappings.update(known, mapping_id, function, given).get_configuration())

    def _delete(self, response: Moto) -> _Answer:
        known = response.backend._event_source_mappings
        return _accepted(self._mappings.delete(known, _id_in(response)).get_configuration())

    def _get(self, response: Moto) -> _Answer:
        known = response.backend._event_source_mappings
        return 200, {}, json.dumps(self._mappings.get(known, _id_in(response)).get_configuration())

    def _list(self, response: Moto) -> _Answer:
        backend = response.backend
        source = response.querystring.get("EventSourceArn", [None])[0]
        name = response.querystring.get("FunctionName", [None])[0]
        arn = self._function_named(backend.account_id, backend.region_name, name).arn if name else None
        found = self._mappings.listed(backend._event_source_mappings, source, arn)
        return 200, {}, json.dumps({"EventSourceMappings": [one.get_configuration() for one in found]})

    def _message_came(self, plain: Moto, queue: Moto, message: Moto) -> None:
        plain(queue, message)
        self._arrivals.ring(queue.queue_arn)

    def _message_is_visible(self, plain: Moto, backend: Moto, queue_name: str, *given: Moto, **more: Moto) -> None:
        plain(backend, queue_name, *given, **more)
        self._arrivals.ring(backend.queues[queue_name].queue_arn)

    def _message_went(self, plain: Moto, backend: Moto, queue_name: str, receipt_handle: str) -> None:
        plain(backend, queue_name, receipt_handle)
        queue = backend.queues[queue_name]
        if queue.fifo_queue:  # the next of its group can be received now
            self._arrivals.ring(queue.queue_arn)

    def _record_came(self, plain: Moto, stream: Moto, *given: Moto, **more: Moto) -> Moto:
        answer = plain(stream, *given, **more)
        self._arrivals.ring(stream.arn)
        return answer

    def _item_came(self, plain: Moto, shard: Moto, old: Moto, new: Moto) -> None:
        if old is not None and new is not None and old.to_json() == new.to_json():
            return  # DynamoDB guide, Streams: a write that changes nothing is no record
        plain(shard, old, new)
        table = shard.table
        self._arrivals.ring(f"{table.table_arn}/stream/{table.latest_stream_label}")

    def _reshard(self, plain: Moto, backend: Moto, *given: Moto, **named: Moto) -> Moto:
        stream = backend.describe_stream(
            stream_arn=named.get("stream_arn", given[0] if given else None), stream_name=named.get("stream_name")
        )
        if self._mappings.is_mapped(stream.arn):
            raise ApiError(
                "UnsupportedOperation",
                f"The local cloud does not model a change of {stream.stream_name}'s shards while an event source "
                "mapping reads it: disable or delete the mapping first.",
            )
        return plain(backend, *given, **named)


def _answering(method: Callable[[Moto], _Answer]) -> Callable[[Moto], _Answer]:
    """A method of moto's response class that calls ours."""

    def answer(self: Moto) -> _Answer:
        return method(self)

    return answer


def _accepted(configuration: Mapping[str, Any]) -> _Answer:
    return 202, {"status": 202}, json.dumps(configuration)


def _id_in(response: Moto) -> str:
    return unquote(response.path.rstrip("/").rpartition("/")[2])
