"""X-Ray's API, and who may use it."""

# ruff: noqa: ANN401 - boto3 has no type information

import json
import time
from collections.abc import Iterator
from secrets import token_hex
from typing import Any

import pytest

from tests.integration.control_plane_world import ACCOUNT, BASIC, REGION, World, package, policy, refused, world
from vpclab.localcloud.control_plane.additions.traces import KEPT_SECONDS, Traces

TRACING = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"
ALLOW = {"Effect": "Allow", "Action": "xray:PutTraceSegments", "Resource": "*"}
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"


@pytest.fixture
def cloud() -> Iterator[World]:
    with world() as made:
        yield made


def segment(**more: Any) -> dict[str, Any]:
    now = time.time()
    usual = {
        "id": token_hex(8),
        "trace_id": f"1-{int(now):08x}-{token_hex(12)}",
        "name": "shop",
        "start_time": now - 0.5,
        "end_time": now,
    }
    return {name: value for name, value in (usual | more).items() if value is not None}


def put(xray: Any, *documents: object) -> list[Any]:
    texts = [one if isinstance(one, str) else json.dumps(one) for one in documents]
    unprocessed: list[Any] = xray.put_trace_segments(TraceSegmentDocuments=texts)["UnprocessedTraceSegments"]
    return unprocessed


def summaries(xray: Any, **more: Any) -> list[Any]:
    now = time.time()
    found: list[Any] = xray.get_trace_summaries(StartTime=now - 600, EndTime=now + 5, **more)["TraceSummaries"]
    return found


def test_segments_can_be_read_as_traces(cloud: World) -> None:
    """PutTraceSegments takes them; GetTraceSummaries and BatchGetTraces give the trace that they make."""
    xray = cloud.client("xray")
    whole = segment(http={"request": {"method": "GET", "url": "http://shop/"}, "response": {"status": 200}})
    part = segment(
        trace_id=whole["trace_id"],
        parent_id=whole["id"],
        type="subsegment",
        name="query",
        annotations={"rows": 3},
        error=True,
    )
    assert put(xray, part, whole) == []
    (summary,) = summaries(xray)
    assert summary["Id"] == whole["trace_id"]
    assert summary["Duration"] == pytest.approx(0.5, abs=0.1)
    assert summary["ResponseTime"] == pytest.approx(0.5, abs=0.1)
    assert (summary["HasError"], summary["HasFault"], summary["IsPartial"]) == (True, False, False)
    assert summary["Http"] == {"HttpURL": "http://shop/", "HttpMethod": "GET", "HttpStatus": 200}
    assert summary["Annotations"]["rows"][0]["AnnotationValue"] == {"NumberValue": 3}
    assert summary["EntryPoint"]["Name"] == "shop"
    answer = xray.batch_get_traces(TraceIds=[whole["trace_id"], "1-00000000-000000000000000000000000"])
    assert answer["UnprocessedTraceIds"] == ["1-00000000-000000000000000000000000"]
    documents = {one["Id"]: json.loads(one["Document"]) for one in answer["Traces"][0]["Segments"]}
    assert documents == {whole["id"]: whole, part["id"]: part}


def test_segment_in_progress_can_be_completed_later(cloud: World) -> None:
    """A segment that is sent again, complete, takes the place of the one in progress."""
    xray = cloud.client("xray")
    done = segment()
    begun = {**done, "in_progress": True}
    del begun["end_time"]
    assert put(xray, begun) == []
    assert summaries(xray)[0]["IsPartial"] is True
    assert put(xray, done) == []
    (summary,) = summaries(xray)
    assert (summary["IsPartial"], summary["Revision"]) == (False, 1)


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("no JSON", "ParseError"),
        ("[]", "ParseError"),
        (segment(id="x"), "InvalidId"),
        (segment(trace_id="1-2-3"), "InvalidTraceId"),
        (segment(name=None), "MissingName"),
        (segment(start_time="now"), "InvalidTime"),
        (segment(start_time=float("inf")), "InvalidTime"),
        (segment(end_time=10**400), "InvalidTime"),
        (segment(end_time=None), "MissingEndTime"),
    ],
)
def test_broken_segment_cannot_be_taken(cloud: World, document: object, code: str) -> None:
    """Segments that are none are answered as unprocessed; those beside them are taken."""
    xray = cloud.client("xray")
    (unprocessed,) = put(xray, document, segment(http={"request": "odd"}, annotations=["odd"]))
    assert unprocessed["ErrorCode"] == code
    assert len(summaries(xray)) == 1


def test_traces_cannot_be_seen_from_another_account_or_region(cloud: World) -> None:
    """A trace belongs to an account and a Region."""
    assert put(cloud.client("xray"), segment()) == []
    assert summaries(cloud.client("xray", region="eu-west-1")) == []
    assert summaries(cloud.client("xray", key="222222222222")) == []


def test_sampling_rules_can_be_read(cloud: World) -> None:
    """There is the default rule: one request each second, and 5 % of the others."""
    xray = cloud.client("xray")
    (record,) = xray.get_sampling_rules()["SamplingRuleRecords"]
    assert record["SamplingRule"]["RuleName"] == "Default"
    statistics = {
        "RuleName": "Default",
        "ClientID": "0" * 24,
        "Timestamp": time.time(),
        "RequestCount": 1,
        "SampledCount": 1,
        "BorrowCount": 0,
    }
    targets = xray.get_sampling_targets(SamplingStatisticsDocuments=[statistics])
    assert targets["SamplingTargetDocuments"][0]["FixedRate"] == pytest.approx(0.05)
    assert xray.get_sampling_statistic_summaries()["SamplingStatisticSummaries"] == []
    xray.put_telemetry_records(TelemetryRecords=[{"Timestamp": time.time(), "SegmentsSentCount": 1}])


def test_what_is_not_modelled_cannot_be_asked(cloud: World) -> None:
    """Filters and groups are refused, as are times that make no range."""
    xray = cloud.client("xray")
    with refused("UnsupportedOperation", "FilterExpression"):
        summaries(xray, FilterExpression="error")
    with refused("UnsupportedOperation", "CreateGroup"):
        xray.create_group(GroupName="g")
    with refused("InvalidRequestException", "24 hours"):
        xray.get_trace_summaries(StartTime=time.time(), EndTime=time.time() - 60)


def test_user_cannot_send_segments_without_permission(cloud: World) -> None:
    """xray:PutTraceSegments allows to write traces, and not to read them."""
    allowed = cloud.client_of("xray", cloud.user("writer", ALLOW))
    assert put(allowed, segment()) == []
    with refused("AccessDeniedException", "xray:GetTraceSummaries"):
        summaries(allowed)
    denied = cloud.client_of("xray", cloud.user("nobody"))
    with refused("AccessDeniedException", "no identity-based policy allows the xray:PutTraceSegments action"):
        put(denied, segment())


def test_function_cannot_be_traced_by_a_role_that_may_not(cloud: World) -> None:
    """Active tracing is refused at the call for a role without xray:PutTraceSegments, and nothing is made."""
    role = cloud.role("plain", BASIC)
    complaint = "The provided execution role does not have permissions to call PutTraceSegments on XRAY"
    given = {
        "FunctionName": "f",
        "Role": role,
        "Runtime": "python3.12",
        "Handler": "index.handler",
        "Code": {"ZipFile": package()},
    }
    with refused("InvalidParameterValueException", complaint):
        cloud.functions.create_function(**given, TracingConfig={"Mode": "Active"})
    assert cloud.functions.list_functions()["Functions"] == []
    cloud.functions.create_function(**given)
    with refused("InvalidParameterValueException", complaint):
        cloud.functions.update_function_configuration(FunctionName="f", TracingConfig={"Mode": "Active"})
    cloud.client("iam").attach_role_policy(RoleName="plain", PolicyArn=TRACING)
    updated = cloud.functions.update_function_configuration(FunctionName="f", TracingConfig={"Mode": "Active"})
    assert updated["TracingConfig"] == {"Mode": "Active"}
    cloud.functions.invoke(FunctionName="f")
    assert cloud.effects.invocations[-1].is_traced


def test_daemon_cannot_send_what_the_role_may_not(cloud: World) -> None:
    """Segments of a function are taken as long as its role allows it, and read from the function's account."""
    role, one = cloud.role("tracing", TRACING), segment()
    document = json.dumps(one)
    assert cloud.plane.put_trace_segments(function_arn=FUNCTION, role_arn=role, documents=[document, "none"])
    assert [found["Id"] for found in summaries(cloud.client("xray"))] == [one["trace_id"]]
    cloud.client("iam").put_role_policy(
        RoleName="tracing", PolicyName="no", PolicyDocument=policy({**ALLOW, "Effect": "Deny"})
    )
    later = json.dumps(segment())
    assert not cloud.plane.put_trace_segments(function_arn=FUNCTION, role_arn=role, documents=[later])
    assert len(summaries(cloud.client("xray"))) == 1


def test_traces_cannot_be_kept_for_ever() -> None:
    """Thirty days, as AWS keeps them; here also no more than fits, the oldest trace first."""
    now = [1_700_000_000.0]
    first, second, third = (json.dumps(segment(trace_id=f"1-6554e700-{one:024x}")) for one in range(3))
    traces = Traces(most_kept=2 * max(map(len, (first, second, third))), now=lambda: now[0])

    def kept() -> list[str]:
        return [one.id[-1] for one in traces._traces((ACCOUNT, REGION))]  # noqa: SLF001 - what must not grow

    assert traces.put([first, second], ACCOUNT, REGION) == []
    assert sorted(kept()) == ["0", "1"]
    traces.put([third], ACCOUNT, REGION)
    assert sorted(kept()) == ["1", "2"]
    now[0] += KEPT_SECONDS + 1
    assert kept() == []
