"""Archives in the engine's messages, which the SDK's property values cannot carry whole.

The engine sends an archive with the hash of its contents, and with nothing else where it only wants to know what
changed; the SDK drops the hash, and cannot read what has nothing else. So archives without a source are taken out
before the SDK reads a message, compared here by their hashes, and go back into the answer as they came.
"""

from collections.abc import Mapping
from typing import Any

import pulumi.runtime.rpc as wire
from pulumi.runtime.proto import provider_pb2

SOURCES = ("assets", "path", "uri")

RETURNED: Mapping[str, Mapping[str, str]] = {
    "Check": {"inputs": "news"},
    "Create": {"properties": "properties"},
    "Read": {"properties": "properties", "inputs": "inputs"},
    "Update": {"properties": "news"},
}
"""By the engine's call: which part of the answer repeats which part of the request."""


def is_archive(value: Any) -> bool:  # noqa: ANN401 - protobuf's classes are made at run time
    """Tell whether a protobuf value is an archive."""
    signature = value.struct_value.fields.get(wire._special_sig_key)  # noqa: SLF001 - the SDK's name for it
    return signature is not None and signature.string_value == wire._special_archive_sig  # noqa: SLF001


def readable(request: Any) -> Any:  # noqa: ANN401 - a protobuf message
    """Return a copy of ``request`` without the archives that say no more than a hash."""
    copy = type(request)()
    copy.CopyFrom(request)
    for part, _ in copy.ListFields():
        if part.message_type is not None and part.message_type.full_name == "google.protobuf.Struct":
            fields = getattr(copy, part.name).fields
            for name in [name for name, value in fields.items() if is_archive(value)]:
                if not _has_source(fields[name]):
                    del fields[name]
    return copy


def _has_source(archive: Any) -> bool:  # noqa: ANN401 - a protobuf value
    """Tell whether everything in ``archive`` can be read from somewhere."""
    fields = archive.struct_value.fields
    if "assets" in fields and fields["assets"].struct_value.fields:
        parts = fields["assets"].struct_value.fields.values()
        return all(
            _has_source(part)
            if is_archive(part)
            else bool({"path", "text", "uri"} & part.struct_value.fields.keys())
            for part in parts
        )
    return any(fields[source].string_value for source in SOURCES if source in fields)


def compare(request: Any, answer: Any) -> None:  # noqa: ANN401 - protobuf messages
    """Add the archives whose hashes changed to what a Diff answers; they change in place."""
    for name, value in request.news.fields.items():
        if is_archive(value) and name not in request.ignoreChanges and name not in answer.diffs:
            there = request.olds.fields.get(name)
            if there is None or not is_archive(there) or _hash(there) != _hash(value):
                answer.changes = type(answer).DIFF_SOME
                answer.diffs.append(name)
                answer.detailedDiff[name].kind = provider_pb2.PropertyDiff.UPDATE


def _hash(archive: Any) -> str:  # noqa: ANN401 - a protobuf value
    return str(archive.struct_value.fields["hash"].string_value)


def give_back(call: str, request: Any, answer: Any) -> None:  # noqa: ANN401 - protobuf messages
    """Put the archives of ``request`` into ``answer``, hashes and all. What is gone has no properties at all."""
    if call == "Read" and not answer.id:
        for part in RETURNED[call]:
            answer.ClearField(part)
        return
    for part, source in RETURNED.get(call, {}).items():
        for name, value in getattr(request, source).fields.items():
            if is_archive(value) and answer.HasField(part):
                getattr(answer, part).fields[name].CopyFrom(value)
