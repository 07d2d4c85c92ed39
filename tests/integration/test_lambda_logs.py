"""What arrives in CloudWatch Logs of what a function prints, and what the service itself writes there."""

import json
import re
from typing import Any

import pytest

from tests.integration.lambda_world import Observed, Scenarios, World, as_observed, function
from vpclab.localcloud.lambda_runtime.log_shipping import EVENT_OVERHEAD, LARGEST_OUTPUT

scenarios = Scenarios()


@pytest.fixture(scope="module")
def observed() -> Observed:
    return scenarios.run()


def messages(world: World, name: str) -> list[str]:
    streams = world.logs.streams.items()
    return [event.message for (group, _), events in streams if group == f"/aws/lambda/{name}" for event in events]


@scenarios
def printed(world: World) -> object:
    source = """
        import sys

        print("at import")

        def handler(event, context):
            print("to standard output")
            print("to standard error", file=sys.stderr)
            sys.stdout.write("without an end")
    """
    result = as_observed(world.invoke(function(source, name="printed")))
    world.invoke(function(source, name="printed"))
    return messages(world, "printed"), result["log"], [stream for _, stream in world.logs.streams]


def test_function_can_log_by_printing(observed: Observed) -> None:
    """What it prints is in its log group, line by line, between the service's own lines."""
    lines, _, _ = observed[printed]
    kinds = [line if line[0].islower() else line.split()[0] for line in lines[:8]]
    assert kinds == [
        "INIT_START",
        "at import\n",
        "START",
        "to standard output\n",
        "to standard error\n",
        "without an end\n",
        "END",
        "REPORT",
    ]


def test_report_can_be_read_by_its_documented_fields(observed: Observed) -> None:
    """Duration, billed duration, memory size, most memory used, and the init duration of a cold start alone."""
    lines, _, _ = observed[printed]
    reports = [line for line in lines if line.startswith("REPORT")]
    fields = (
        r"REPORT RequestId: [0-9a-f-]{36}\tDuration: (\d+\.\d\d) ms\tBilled Duration: (\d+) ms\t"
        r"Memory Size: 128 MB\tMax Memory Used: (\d+) MB\t"
    )
    cold = re.fullmatch(fields + r"Init Duration: (\d+\.\d\d) ms\t\n", reports[0])
    warm = re.fullmatch(fields + r"\n", reports[1])
    assert cold is not None
    assert warm is not None
    assert int(cold[2]) >= float(cold[1]) + float(cold[4])
    assert int(cold[3]) > 0


def test_environment_can_log_into_one_stream(observed: Observed) -> None:
    """An environment has one stream, named by day, version and 32 hexadecimal digits."""
    _, _, streams = observed[printed]
    assert len(streams) == 1
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", streams[0])


def test_caller_can_read_the_end_of_the_log(observed: Observed) -> None:
    """LogType=Tail gives the invocation's log."""
    lines, tail, _ = observed[printed]
    assert tail == "".join(lines[:8])


@scenarios
def by_logging(world: World) -> object:
    source = """
        import logging

        def handler(event, context):
            logging.warning("one\\ntwo")
            raise ValueError("x")
    """
    world.invoke(function(source, name="logging"))
    return messages(world, "logging")


def test_function_can_log_several_lines_as_one_event(observed: Observed) -> None:
    """A record of the logging module and the trace of an exception are one event each."""
    lines = observed[by_logging]
    assert re.fullmatch(r"\[WARNING\]\t\d{4}-\d\d-\d\dT[\d:.]+Z\t[0-9a-f-]{36}\tone\ntwo\n", lines[2])
    assert lines[3].startswith("[ERROR] ValueError: x\nTraceback (most recent call last):\n")
    assert "in handler\n" in lines[3]


@scenarios
def flood(world: World) -> object:
    source = """
        def handler(event, context):
            for _ in range(event):
                print("x" * 1023)
            return "done"
    """
    result = as_observed(world.invoke(function(source, name="flood", timeout=30.0), 10_000))
    lines = messages(world, "flood")
    return result["payload"], sum(len(line) for line in lines), lines[-1], len(result["log"]), lines[-3:]


def test_function_cannot_flood_the_log(observed: Observed) -> None:
    """Beyond a bound output is dropped, the log says how much, and the function is not held up."""
    answer, size, last, tail, _ = observed[flood]
    assert answer == "done"
    assert size < LARGEST_OUTPUT + 10_000
    dropped = re.fullmatch(r"\[(\d+) bytes of output beyond \d+ were dropped\]\n", last)
    assert dropped is not None
    kept = LARGEST_OUTPUT // (1024 + EVENT_OVERHEAD)
    assert int(dropped[1]) == (10_000 - kept) * 1024
    assert tail == 4096


@scenarios
def endless_line(world: World) -> object:
    source = """
        import os

        def handler(event, context):
            try:
                os.write(3, b"\\xa5\\x5a\\x00\\x03\\xff\\xff\\xff\\xff" + b"y" * 100)
                os.write(3, b"nonsense" * 10)
                while True:
                    os.write(1, b"x" * 65536)
            finally:
                pass
    """
    result = as_observed(world.invoke(function(source, name="endless", timeout=0.5)))
    return result["payload"]["errorType"], sum(len(line) for line in messages(world, "endless"))


def test_function_cannot_hold_the_service_by_writing_without_end(observed: Observed) -> None:
    """Not even a line without an end, or nonsense in the log's framing, keeps a timeout from being met."""
    kind, size = observed[endless_line]
    assert kind == "Sandbox.Timedout"
    assert size < LARGEST_OUTPUT + 10_000


@scenarios
def json_logs(world: World) -> object:
    source = """
        import json, logging, time

        def handler(event, context):
            print("plain")
            print(json.dumps({"level": "debug", "msg": "fine-grained"}))
            logging.getLogger().debug("detail")
            logging.getLogger().error("structured")
            if event == "raise":
                raise ValueError("no")
            if event == "hang":
                time.sleep(60)
    """

    def told(name: str, *events: object, **changes: Any) -> list[str]:  # noqa: ANN401 - fields of Invocation
        probe = function(source, name=name, runtime="python3.13", log_format="JSON", **changes)
        for event in events:
            world.invoke(probe, event)
        return messages(world, name)

    return (
        told("json", None, "raise"),
        told("json-debug", None, system_log_level="DEBUG", application_log_level="DEBUG"),
        told("json-warn", None, "hang", system_log_level="WARN", application_log_level="ERROR", timeout=0.5),
    )


def test_function_can_log_in_json(observed: Observed) -> None:
    """With the log format JSON, records and the service's own events are objects ("Advanced logging controls")."""
    usual, _, _ = observed[json_logs]
    [end] = [number for number, line in enumerate(usual) if '"status": "success"' in line]
    first, second = usual[: end + 1], usual[end + 1 :]
    assert "plain\n" in first
    start, record, report = (one for line in first[1:] if (one := _parsed(line)))
    assert (start["type"], start["record"]["version"]) == ("platform.start", "$LATEST")
    assert (record["level"], record["message"]) == ("ERROR", "structured")
    assert (report["type"], report["record"]["status"]) == ("platform.report", "success")
    assert report["record"]["requestId"] == start["record"]["requestId"]
    assert set(report["record"]["metrics"]) == {
        "durationMs",
        "billedDurationMs",
        "memorySizeMB",
        "maxMemoryUsedMB",
        "initDurationMs",
    }
    raised, done, last = [one for line in second if (one := _parsed(line))][-3:]
    assert (raised["errorType"], raised["errorMessage"]) == ("ValueError", "no")
    assert [done["type"], last["type"]] == ["platform.runtimeDone", "platform.report"]
    assert last["record"]["status"] == "error"
    assert "initDurationMs" not in last["record"]["metrics"]


def test_function_can_choose_how_much_is_logged(observed: Observed) -> None:
    """Log levels of the system and of the application ("Log-level filtering"); what has no level is INFO."""
    _, everything, little = observed[json_logs]
    kinds = [str(kind.get("type", kind.get("level"))) for line in everything if (kind := _parsed(line))]
    assert [kind for kind in kinds if kind.startswith("platform.")] == [
        "platform.initStart",
        "platform.initRuntimeDone",
        "platform.initReport",
        "platform.start",
        "platform.runtimeDone",
        "platform.report",
    ]
    assert set(kinds) > {"debug", "DEBUG", "ERROR"}
    found = [_parsed(line) for line in little]
    assert [one.get("type", one.get("message")) for one in found] == [
        "structured",
        "structured",
        "platform.runtimeDone",
        "platform.report",
    ]
    assert {one["record"]["status"] for one in found[2:]} == {"timeout"}


def _parsed(line: str) -> dict[str, Any]:
    """The object in a line; none for a line of text."""
    found: dict[str, Any] = json.loads(line) if line.startswith("{") else {}
    return found


@scenarios
def not_allowed(world: World) -> object:
    world.logs.allows = False
    try:
        source = "def handler(event, context): print('lost'); return 'still runs'"
        result = as_observed(world.invoke(function(source, name="mute")))
    finally:
        world.logs.allows = True
    return result["payload"], "lost\n" in result["log"], messages(world, "mute")


def test_function_cannot_log_without_its_roles_permission(observed: Observed) -> None:
    """It runs, its caller can ask for the tail, and nothing arrives in CloudWatch Logs."""
    assert list(observed[not_allowed]) == ["still runs", True, []]
