"""X-Ray: segments taken, and traces answered from them.

moto's X-Ray is not used: it answers no sampling rules, gives every trace one response time and no id to one
without an end, takes any id, and opens a socket when it is imported. AWS: X-Ray API reference; X-Ray guide,
xray-api-segmentdocuments and xray-api-sendingdata.
"""

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vpclab.localcloud.control_plane.additions.trace import Segment, Trace
from vpclab.localcloud.control_plane.api_error import ApiError, Response
from vpclab.localcloud.control_plane.api_request import ApiRequest

MOST_DOCUMENTS, MOST_TRACE_IDS = 50, 5
KEPT_SECONDS = 30 * 24 * 3600.0
"""How long AWS keeps a trace (X-Ray guide, aws-xray)."""

MOST_KEPT = 64 * 1024 * 1024
"""Characters of documents that are kept here, of all accounts together; AWS has no such bound."""

LARGEST_DOCUMENT = 64 * 1024

_Place = tuple[str, str]  # account and Region
_LONGEST_SECONDS = 24 * 3600
_LATEST = 2**40
_TRACE_ID = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")
_SEGMENT_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(slots=True)
class _Kept:
    """What has come of one trace since then, in seconds since the epoch."""

    since: float
    segments: list[Segment] = field(default_factory=list)


class Traces:
    """The segments of every account and Region. What is too old or too much goes, the oldest trace first."""

    def __init__(self, most_kept: int = MOST_KEPT, now: Callable[[], float] = time.time) -> None:
        self._most_kept = most_kept
        self._now = now
        self._size = 0
        self._kept: dict[tuple[_Place, str], _Kept] = {}  # by place and trace id, the first come first
        self._operations: Mapping[str, Callable[[Mapping[str, Any], _Place], dict[str, Any]]] = {
            "PutTraceSegments": self._put_segments,
            "GetTraceSummaries": self._summaries,
            "BatchGetTraces": self._batch,
            "PutTelemetryRecords": _telemetry,
            "GetSamplingRules": _rules,
            "GetSamplingTargets": _targets,
            "GetSamplingStatisticSummaries": _statistics,
        }

    @staticmethod
    def concerns(request: ApiRequest) -> bool:
        """Whether this is a request to X-Ray."""
        return request.service == "xray"

    def answer(self, request: ApiRequest, action: str, account: str, region: str) -> Response:
        """Answer an operation. ``region`` serves callers without one. ApiError: it is refused, or not modelled."""
        operation = self._operations.get(action)
        if operation is None:
            raise ApiError("UnsupportedOperation", f"The local cloud does not model X-Ray's {action}.", 501)
        body = json.dumps(operation(request.document, (account, request.region or region)))
        return 200, {"Content-Type": "application/json"}, body.encode()

    def put(self, documents: Iterable[str], account: str, region: str) -> list[dict[str, str]]:
        """Take segment documents; return those that are none, as UnprocessedTraceSegments."""
        place = account, region
        refused: list[dict[str, str]] = []
        for text in documents:
            document = _document(text)
            segment_id = str(document.get("id", ""))
            code = _fault(document, segment_id)
            if code is None:
                key = place, document["trace_id"]
                if key not in self._kept:
                    self._kept[key] = _Kept(self._now())
                self._kept[key].segments.append(Segment(segment_id, text, document))
                self._size += len(text)
                continue
            named = {"Id": segment_id} if segment_id else {}
            refused.append({**named, "ErrorCode": code, "Message": f"Invalid segment. ErrorCode: {code}"})
        self._forget()
        return refused

    def _forget(self) -> None:
        expired = self._now() - KEPT_SECONDS
        while self._kept:
            key = next(iter(self._kept))
            if self._kept[key].since > expired and self._size <= self._most_kept:
                return
            self._size -= sum(len(one.text) for one in self._kept.pop(key).segments)

    def _traces(self, place: _Place) -> list[Trace]:
        """All traces, the oldest first."""
        self._forget()
        found = [Trace.of(key[1], kept.segments) for key, kept in self._kept.items() if key[0] == place]
        return sorted(found, key=lambda trace: trace.start_time)

    def _put_segments(self, given: Mapping[str, Any], place: _Place) -> dict[str, Any]:
        documents = given.get("TraceSegmentDocuments")
        if not isinstance(documents, list) or not all(isinstance(one, str) for one in documents):
            raise ApiError("InvalidRequestException", "TraceSegmentDocuments is no list of texts.")
        if len(documents) > MOST_DOCUMENTS:
            raise ApiError("InvalidRequestException", f"Send at most {MOST_DOCUMENTS} segments at a time.")
        return {"UnprocessedTraceSegments": self.put(documents, *place)}

    def _summaries(self, given: Mapping[str, Any], place: _Place) -> dict[str, Any]:
        for name in ("FilterExpression", "SamplingStrategy"):
            if given.get(name):
                raise ApiError("UnsupportedOperation", f"The local cloud does not model {name}: omit it.", 501)
        try:
            start, end = float(given["StartTime"]), float(given["EndTime"])
        except (KeyError, TypeError, ValueError):
            raise ApiError("InvalidRequestException", "StartTime and EndTime are needed, in seconds.") from None
        if not start <= end <= start + _LONGEST_SECONDS:
            raise ApiError("InvalidRequestException", "EndTime is not within 24 hours after StartTime.")
        by_event = given.get("TimeRangeType", "TraceId") != "TraceId"
        traces = self._traces(place)
        found = [one for one in traces if start <= (one.start_time if by_event else one.requested) <= end]
        return {
            "ApproximateTime": time.time(),
            "TracesProcessedCount": len(traces),
            "TraceSummaries": [one.summary() for one in found],
        }

    def _batch(self, given: Mapping[str, Any], place: _Place) -> dict[str, Any]:
        wanted = given.get("TraceIds")
        if not isinstance(wanted, list) or not 0 < len(wanted) <= MOST_TRACE_IDS:
            raise ApiError("InvalidRequestException", f"TraceIds has one to {MOST_TRACE_IDS} ids.")
        known = {one.id: one for one in self._traces(place)}
        return {
            "Traces": [known[one].document() for one in wanted if one in known],
            "UnprocessedTraceIds": [one for one in wanted if one not in known],
        }


def _document(text: str) -> dict[str, Any]:
    """Return the segment in a text; empty where there is none."""
    try:
        segment = json.loads(text) if len(text) <= LARGEST_DOCUMENT else None
    except (ValueError, RecursionError):
        segment = None
    return segment if isinstance(segment, dict) else {}


def _fault(segment: Mapping[str, Any], segment_id: str) -> str | None:
    """Return the code of what is wrong with a segment, if anything."""
    times = [segment[name] for name in ("start_time", "end_time") if name in segment]
    forms = {
        "ParseError": bool(segment),
        "InvalidId": _SEGMENT_ID.fullmatch(segment_id) is not None,
        "InvalidTraceId": _TRACE_ID.fullmatch(str(segment.get("trace_id"))) is not None,
        "MissingName": isinstance(segment.get("name"), str),
        "InvalidTime": "start_time" in segment and all(map(_is_time, times)),
        "MissingEndTime": "end_time" in segment or segment.get("in_progress") is True,
    }
    return next((code for code, is_right in forms.items() if not is_right), None)


def _is_time(value: object) -> bool:
    """Whether it is seconds since the epoch; JSON as Python reads it has infinities and numbers without bounds."""
    return isinstance(value, int | float) and 0 <= value < _LATEST


def _telemetry(given: Mapping[str, Any], _place: _Place) -> dict[str, Any]:
    if not isinstance(given.get("TelemetryRecords"), list):
        raise ApiError("InvalidRequestException", "TelemetryRecords is no list.")
    return {}


def _rules(_given: Mapping[str, Any], place: _Place) -> dict[str, Any]:
    """Return the one rule that every account has."""
    account, region = place
    rule = {
        "RuleName": "Default",
        "RuleARN": f"arn:aws:xray:{region}:{account}:sampling-rule/Default",
        "Priority": 10000,
        "FixedRate": 0.05,
        "ReservoirSize": 1,
        "Version": 1,
        "Attributes": {},
        **dict.fromkeys(("ResourceARN", "ServiceName", "ServiceType", "Host", "HTTPMethod", "URLPath"), "*"),
    }
    return {"SamplingRuleRecords": [{"SamplingRule": rule, "CreatedAt": 0.0, "ModifiedAt": 0.0}]}


def _targets(given: Mapping[str, Any], _place: _Place) -> dict[str, Any]:
    """Return targets of the default rule; statistics of any other are not processed."""
    statistics = given.get("SamplingStatisticsDocuments") or []
    known = [one for one in statistics if one.get("RuleName") == "Default"]
    return {
        "SamplingTargetDocuments": [
            {"RuleName": "Default", "FixedRate": 0.05, "ReservoirQuota": 1, "Interval": 10} for _ in known[:1]
        ],
        "LastRuleModification": 0.0,
        "UnprocessedStatistics": [
            {"RuleName": one.get("RuleName"), "ErrorCode": "400", "Message": "Unknown rule"}
            for one in statistics
            if one not in known
        ],
    }


def _statistics(_given: Mapping[str, Any], _place: _Place) -> dict[str, Any]:
    return {"SamplingStatisticSummaries": []}
