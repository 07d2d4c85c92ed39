"""Active tracing: what functions send to the X-Ray daemon beside them, and what the service records itself."""

import re

import pytest

from tests.integration.lambda_world import Observed, Scenarios, World, as_observed, function

scenarios = Scenarios()

SENDING = r"""
    import json, os, socket, time

    def handler(event, context):
        header = dict(part.split("=") for part in os.environ["_X_AMZN_TRACE_ID"].split(";"))
        host, _, port = os.environ["AWS_XRAY_DAEMON_ADDRESS"].partition(":")
        document = {
            "id": "70de5b6f19ff9a0a", "name": "work", "type": "subsegment",
            "trace_id": header["Root"], "parent_id": header["Parent"],
            "start_time": time.time(), "end_time": time.time(),
        }
        to = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        heads = {"right": '{"format": "json", "version": 1}\n', "wrong": '{"format": "xml"}\n', "none": ""}
        for head in (event or {}).get("heads", ["right"]):
            to.sendto((heads[head] + json.dumps(document)).encode(), (host, int(port)))
        for _ in range((event or {}).get("flood", 0)):
            to.sendto(b"x" * 60000, (host, int(port)))
        if (event or {}).get("fails"):
            raise ValueError("as asked")
        return header
"""
TRACE_ID = r"1-[0-9a-f]{8}-[0-9a-f]{24}"


@pytest.fixture(scope="module", params=[False, True], ids=["root", "ordinary user"])
def observed(request: pytest.FixtureRequest) -> Observed:
    return scenarios.run(rootless=request.param)


@scenarios
def traced(world: World) -> object:
    header = world.answer(function(SENDING, name="traced", is_traced=True))
    return header, world.segments.of("traced")


def test_function_can_send_segments_to_the_daemon(observed: Observed) -> None:
    """What it sends by UDP to AWS_XRAY_DAEMON_ADDRESS arrives, under the service's segment of its run."""
    header, (service, run, sent) = observed[traced]
    assert re.fullmatch(TRACE_ID, header["Root"])
    assert header["Sampled"] == "1"
    assert {one["trace_id"] for one in (service, run, sent)} == {header["Root"]}
    assert (service["origin"], run["origin"]) == ("AWS::Lambda", "AWS::Lambda::Function")
    assert (run["parent_id"], sent["parent_id"]) == (service["id"], run["id"])
    assert run["id"] == header["Parent"]
    assert service["start_time"] <= sent["start_time"] <= sent["end_time"] <= service["end_time"]
    assert "fault" not in service


@scenarios
def warm(world: World) -> object:
    one = function(SENDING, name="warm", is_traced=True)
    headers = [world.answer(one), world.answer(one)]
    return headers, [segment["trace_id"] for segment in world.segments.of("warm")]


def test_invocations_cannot_share_a_trace(observed: Observed) -> None:
    """A warm environment gets a new trace with each invocation."""
    (first, second), trace_ids = observed[warm]
    assert first["Root"] != second["Root"]
    assert trace_ids == [first["Root"]] * 3 + [second["Root"]] * 3


@scenarios
def continued(world: World) -> object:
    root = "1-5759e988-bd862e3fe1be46a994272793"
    given = f"Root={root};Parent=53995c3f42cd8ad8;Sampled="
    one = function(SENDING, name="continued", is_traced=True)
    sampled = world.answer(one, trace_id=f"{given}1")
    before = world.segments.of("continued")
    unsampled = world.answer(one, {"heads": []}, trace_id=f"{given}0")
    return sampled, unsampled, before, len(world.segments.of("continued")) - len(before)


def test_trace_of_the_caller_can_be_continued(observed: Observed) -> None:
    """A caller's tracing header decides the trace and whether it is sampled."""
    sampled, unsampled, segments, later = observed[continued]
    assert sampled["Root"] == unsampled["Root"] == "1-5759e988-bd862e3fe1be46a994272793"
    assert segments[0]["parent_id"] == "53995c3f42cd8ad8"
    assert (sampled["Sampled"], unsampled["Sampled"]) == ("1", "0")
    assert later == 0


@scenarios
def failing(world: World) -> object:
    result = as_observed(world.invoke(function(SENDING, name="failing", is_traced=True), {"fails": True}))
    return result["error"], world.segments.of("failing")


def test_failed_invocation_can_be_seen_in_its_trace(observed: Observed) -> None:
    """A fault of the function is one of both segments of the service; what it sent before is there."""
    error, segments = observed[failing]
    assert error == "Unhandled"
    assert [one.get("fault") for one in segments] == [True, True, None]


@scenarios
def untraced(world: World) -> object:
    header = world.answer(function(SENDING, name="untraced"))
    return header["Sampled"], world.segments.of("untraced")


def test_function_without_active_tracing_cannot_send_segments(observed: Observed) -> None:
    """With PassThrough there is a header, not sampled, and nobody who takes segments."""
    assert list(observed[untraced]) == ["0", []]


@scenarios
def refused(world: World) -> object:
    world.segments.allows = False
    try:
        return world.answer(function(SENDING, name="refused", is_traced=True)), world.segments.of("refused")
    finally:
        world.segments.allows = True


def test_function_can_run_although_its_role_may_not_trace(observed: Observed) -> None:
    """Segments that X-Ray does not take are lost; the function does not hear of it."""
    header, segments = observed[refused]
    assert re.fullmatch(TRACE_ID, header["Root"])
    assert segments == []


@scenarios
def odd(world: World) -> object:
    one = function(SENDING, name="odd", is_traced=True)
    world.answer(one, {"heads": ["wrong", "none", "right"], "flood": 20})
    world.answer(one)
    return [segment["name"] for segment in world.segments.of("odd")]


def test_daemon_cannot_be_confused_by_other_datagrams(observed: Observed) -> None:
    """It takes what has the daemon's header, and drops the rest."""
    assert observed[odd] == ["odd", "odd", "work"] * 2
