"""X-Ray: segments taken, and traces answered from them.

moto keeps segments, but answers no sampling rules, gives every trace the same response time and no id to one that
has no end yet, and takes any id. AWS: X-Ray API reference; X-Ray guide, xray-api-segmentdocuments and
xray-api-sendingdata.
"""

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from vpclab.localcloud.control_plane.additions.trace import Segment, Trace
from vpclab.localcloud.control_plane.api_error import ApiError, Response
from vpclab.localcloud.control_plane.api_request import ApiRequest
from vpclab.localcloud.control_plane.corrections import Moto

MOST_DOCUMENTS, MOST_TRACE_IDS = 50, 5
LARGEST_DOCUMENT = 64 * 1024
_LONGEST_SECONDS = 24 * 3600
_TRACE_ID = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")
_SEGMENT_ID = re.compile(r"[0-9a-f]{16}")
_DEFAULT_RULE = {
    "SamplingRule": {
        "RuleName": "Default",
        "RuleARN": "arn:aws:xray:{region}:{account}:sampling-rule/Default",
        "ResourceARN": "*",
        "Priority": 10000,
        "FixedRate": 0.05,
        "ReservoirSize": 1,
        "ServiceName": "*",
        "ServiceType": "*",
        "Host": "*",
        "HTTPMethod": "*",
        "URLPath": "*",
        "Version": 1,
        "Attributes": {},
    },
    "CreatedAt": 0.0,
    "ModifiedAt": 0.0,
}


def concerns(request: ApiRequest) -> bool:
    """Whether this is a request to X-Ray."""
    return request.service == "xray"


def answer(request: ApiRequest, action: str, account: str, region: str) -> Response:
    """Answer one operation. ``region`` serves callers without one. ApiError: it is refused, or not modelled."""
    operation = _OPERATIONS.get(action)
    if operation is None:
        raise ApiError("UnsupportedOperation", f"The local cloud does not model X-Ray's {action}.", 501)
    given = dict(request.document)
    body = json.dumps(operation(given, account, request.region or region))
    return 200, {"Content-Type": "application/json"}, body.encode()


def put(documents: Iterable[str], account: str, region: str) -> list[dict[str, str]]:
    """Take segment documents; return those that are none, as UnprocessedTraceSegments."""
    from moto.xray.exceptions import BadSegmentException  # noqa: PLC0415 - loaded with the first segment

    backend, refused = _backend(account, region), []
    for document in documents:
        code, segment_id = _fault(document)
        if code is None:
            try:
                backend.process_segment(document)
                continue
            except BadSegmentException as error:
                code = str(error.code)
        named = {"Id": segment_id} if segment_id else {}
        refused.append({**named, "ErrorCode": code, "Message": f"Invalid segment. ErrorCode: {code}"})
    return refused


def _fault(document: str) -> tuple[str | None, str]:
    """Return the code of what is wrong with a segment document, if anything, and its id, if it has one."""
    try:
        segment = json.loads(document) if len(document) <= LARGEST_DOCUMENT else None
    except (ValueError, RecursionError):
        segment = None
    if not isinstance(segment, dict):
        return "ParseError", ""
    segment_id = str(segment.get("id", ""))
    times = [segment[name] for name in ("start_time", "end_time") if name in segment]
    forms = {
        "InvalidId": _SEGMENT_ID.fullmatch(segment_id) is not None,
        "InvalidTraceId": _TRACE_ID.fullmatch(str(segment.get("trace_id"))) is not None,
        "MissingName": isinstance(segment.get("name"), str),
        "InvalidTime": "start_time" in segment and all(isinstance(one, int | float) for one in times),
        "MissingEndTime": "end_time" in segment or segment.get("in_progress") is True,
    }
    return next((code for code, is_right in forms.items() if not is_right), None), segment_id


def _put_segments(given: Mapping[str, Any], account: str, region: str) -> dict[str, Any]:
    documents = given.get("TraceSegmentDocuments")
    if not isinstance(documents, list) or not all(isinstance(one, str) for one in documents):
        raise ApiError("InvalidRequestException", "TraceSegmentDocuments is no list of texts.")
    if len(documents) > MOST_DOCUMENTS:
        raise ApiError("InvalidRequestException", f"Send at most {MOST_DOCUMENTS} segment documents at a time.")
    return {"UnprocessedTraceSegments": put(documents, account, region)}


def _summaries(given: Mapping[str, Any], account: str, region: str) -> dict[str, Any]:
    for name in ("FilterExpression", "SamplingStrategy"):
        if given.get(name):
            raise ApiError("UnsupportedOperation", f"The local cloud does not model {name}: leave it out.", 501)
    try:
        start, end = float(given["StartTime"]), float(given["EndTime"])
    except (KeyError, TypeError, ValueError):
        raise ApiError("InvalidRequestException", "StartTime and EndTime are needed, in seconds.") from None
    if not start <= end <= start + _LONGEST_SECONDS:
        raise ApiError("InvalidRequestException", "EndTime is not within 24 hours after StartTime.")
    by_event = given.get("TimeRangeType", "TraceId") != "TraceId"
    traces = _traces(account, region)
    found = [one for one in traces if start <= (one.start_time if by_event else one.requested) <= end]
    return {
        "ApproximateTime": time.time(),
        "TracesProcessedCount": len(traces),
        "TraceSummaries": [one.summary() for one in found],
    }


def _batch(given: Mapping[str, Any], account: str, region: str) -> dict[str, Any]:
    wanted = given.get("TraceIds")
    if not isinstance(wanted, list) or not 0 < len(wanted) <= MOST_TRACE_IDS:
        raise ApiError("InvalidRequestException", f"TraceIds has one to {MOST_TRACE_IDS} ids.")
    known = {one.id: one for one in _traces(account, region)}
    return {
        "Traces": [known[one].document() for one in wanted if one in known],
        "UnprocessedTraceIds": [one for one in wanted if one not in known],
    }


def _telemetry(given: Mapping[str, Any], account: str, region: str) -> dict[str, Any]:
    if not isinstance(given.get("TelemetryRecords"), list):
        raise ApiError("InvalidRequestException", "TelemetryRecords is no list.")
    _backend(account, region).add_telemetry_records(given)
    return {}


def _rules(_given: Mapping[str, Any], account: str, region: str) -> dict[str, Any]:
    text = json.dumps(_DEFAULT_RULE).replace("{region}", region).replace("{account}", account)
    return {"SamplingRuleRecords": [json.loads(text)]}


def _targets(given: Mapping[str, Any], _account: str, _region: str) -> dict[str, Any]:
    """Targets of the default rule; statistics of rules that there are not are answered as such."""
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


def _statistics(_given: Mapping[str, Any], _account: str, _region: str) -> dict[str, Any]:
    return {"SamplingStatisticSummaries": []}


_Operation = Callable[[Mapping[str, Any], str, str], dict[str, Any]]
_OPERATIONS: Mapping[str, _Operation] = {
    "PutTraceSegments": _put_segments,
    "GetTraceSummaries": _summaries,
    "BatchGetTraces": _batch,
    "PutTelemetryRecords": _telemetry,
    "GetSamplingRules": _rules,
    "GetSamplingTargets": _targets,
    "GetSamplingStatisticSummaries": _statistics,
}


def _traces(account: str, region: str) -> list[Trace]:
    """All traces, the oldest first."""
    kept = _backend(account, region)._segment_collection._traces  # noqa: SLF001 - moto has no other way to them
    traces = [Trace.of(trace_id, [_segment(one) for one in found["segments"]]) for trace_id, found in kept.items()]
    return sorted(traces, key=lambda trace: trace.start_time)


def _segment(kept: Moto) -> Segment:
    return Segment(kept.id, kept.raw, json.loads(kept.raw))


def _backend(account: str, region: str) -> Moto:
    from moto.xray.models import xray_backends  # noqa: PLC0415 - 0.1 s that few clouds need

    return xray_backends[account][region]
