"""A trace as its segments tell it (X-Ray guide, xray-api-segmentdocuments; API reference, TraceSummary)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

_KINDS = {bool: "BooleanValue", int: "NumberValue", float: "NumberValue"}


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment, or a subsegment that was sent by itself. ``text`` is the document as it was sent."""

    id: str
    text: str = field(repr=False)
    document: Mapping[str, Any] = field(repr=False)

    @property
    def start_time(self) -> float:
        """Seconds since the epoch."""
        return float(self.document["start_time"])

    @property
    def end_time(self) -> float | None:
        """Seconds since the epoch; None while it is in progress."""
        end = self.document.get("end_time")
        return None if end is None else float(end)

    def within(self) -> Iterator[Mapping[str, Any]]:
        """The document and all subsegments in it."""
        waiting: list[Mapping[str, Any]] = [self.document]
        while waiting:
            one = waiting.pop()
            yield one
            waiting += [part for part in one.get("subsegments") or () if isinstance(part, dict)]


@dataclass(frozen=True, slots=True)
class Trace:
    """All segments with one trace id, the oldest first."""

    id: str
    segments: tuple[Segment, ...]

    @classmethod
    def of(cls, trace_id: str, sent: Iterable[Segment]) -> Self:
        """Gather what was sent; a segment that was sent again, as those in progress are, counts as its latest."""
        latest: dict[str, Segment] = {}
        for one in sent:
            before = latest.get(one.id)
            if before is None or before.end_time is None:
                latest[one.id] = one
        return cls(trace_id, tuple(sorted(latest.values(), key=lambda one: one.start_time)))

    @property
    def requested(self) -> float:
        """When the trace began, by its id."""
        return float(int(self.id.split("-")[1], 16))

    @property
    def start_time(self) -> float:
        """When its first segment began."""
        return self.segments[0].start_time

    @property
    def duration(self) -> float:
        """Seconds from its first segment's begin to the last end that is known."""
        ends = [one.end_time for one in self.segments if one.end_time is not None]
        return round(max(ends, default=self.start_time) - self.start_time, 3)

    def summary(self) -> dict[str, Any]:
        """As GetTraceSummaries gives it, without service graph and root causes."""
        root = self._root
        response_time = 0.0 if root.end_time is None else round(root.end_time - root.start_time, 3)
        parts = [part for one in self.segments for part in one.within()]
        arns = {str(one.document["resource_arn"]) for one in self.segments if "resource_arn" in one.document}
        return {
            "Id": self.id,
            "StartTime": self.start_time,
            "Duration": self.duration,
            "ResponseTime": response_time,
            "HasFault": any(part.get("fault") is True for part in parts),
            "HasError": any(part.get("error") is True for part in parts),
            "HasThrottle": any(part.get("throttle") is True for part in parts),
            "IsPartial": any(one.end_time is None for one in self.segments),
            "Http": _http(root.document),
            "Annotations": self._annotations(parts),
            "Users": [{"UserName": str(part["user"]), "ServiceIds": []} for part in parts if part.get("user")],
            "ServiceIds": [_service(one.document) for one in self.segments if not _is_subsegment(one)],
            "EntryPoint": _service(root.document),
            "ResourceARNs": [{"ARN": arn} for arn in sorted(arns)],
            "Revision": len(self.segments),
        }

    def document(self) -> dict[str, Any]:
        """As BatchGetTraces gives it."""
        return {
            "Id": self.id,
            "Duration": self.duration,
            "LimitExceeded": False,
            "Segments": [{"Id": one.id, "Document": one.text} for one in self.segments],
        }

    @property
    def _root(self) -> Segment:
        """The segment that no other contains, or else the oldest."""
        known = {one.id for one in self.segments}
        return next((one for one in self.segments if one.document.get("parent_id") not in known), self.segments[0])

    @staticmethod
    def _annotations(parts: list[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        for part in parts:
            given = part.get("annotations")
            for name, value in given.items() if isinstance(given, dict) else ():
                kind = _KINDS.get(type(value), "StringValue")
                shown = str(value) if kind == "StringValue" else value
                found.setdefault(name, []).append(
                    {"AnnotationValue": {kind: shown}, "ServiceIds": [_service(part)]}
                )
        return found


def _is_subsegment(segment: Segment) -> bool:
    return segment.document.get("type") == "subsegment"


def _service(document: Mapping[str, Any]) -> dict[str, Any]:
    name = str(document.get("name", ""))
    return {"Name": name, "Names": [name], **({"Type": document["origin"]} if "origin" in document else {})}


def _http(document: Mapping[str, Any]) -> dict[str, Any]:
    http = document.get("http")
    if not isinstance(http, dict):
        return {}
    request, response = (
        part if isinstance(part := http.get(name), dict) else {} for name in ("request", "response")
    )
    given = {
        "HttpURL": request.get("url"),
        "HttpMethod": request.get("method"),
        "UserAgent": request.get("user_agent"),
        "ClientIp": request.get("client_ip"),
        "HttpStatus": response.get("status"),
    }
    return {name: value for name, value in given.items() if value is not None}
