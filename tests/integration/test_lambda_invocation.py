"""Invoke, from the cold start to the answer, as callers see it."""

import json
from dataclasses import replace

import pytest

from tests.integration.lambda_world import Observed, Scenarios, World, as_observed, function
from vpclab.localcloud.lambda_runtime import InvocationRefused
from vpclab.localcloud.lambda_runtime.limits import Limits

scenarios = Scenarios(Limits(initialisation=0.5))


@pytest.fixture(scope="module")
def observed() -> Observed:
    return scenarios.run()


@scenarios
def event_and_context(world: World) -> object:
    source = """
        import os

        def handler(event, context):
            return {
                "event": event,
                "request": context.aws_request_id,
                "arn": context.invoked_function_arn,
                "name": context.function_name,
                "memory": context.memory_limit_in_mb,
                "remaining": context.get_remaining_time_in_millis(),
                "client": context.client_context.custom,
                "trace": os.environ["_X_AMZN_TRACE_ID"],
                "directory": os.getcwd(),
            }
    """
    client = json.dumps({"custom": {"k": "v"}, "client": {}, "env": {}})
    probe = function(source, invoked_arn="arn:aws:lambda:us-east-1:123456789012:function:probe:live", timeout=7.0)
    return world.answer(probe, {"ü": [1, None]}, client_context=client, trace_id="Root=1-1-1")


def test_function_can_read_event_and_context(observed: Observed) -> None:
    """The handler gets the event and the context object ("Using the Lambda context object")."""
    answer = observed[event_and_context]
    assert answer["event"] == {"ü": [1, None]}
    assert len(answer.pop("request")) == 36
    assert 0 < answer.pop("remaining") <= 7000
    assert answer["arn"].endswith(":live")
    assert (answer["name"], answer["memory"], answer["client"]) == ("probe", "128", {"k": "v"})
    assert (answer["trace"], answer["directory"]) == ("Root=1-1-1", "/var/task")


@scenarios
def raised(world: World) -> object:
    raising = function("def handler(event, context):\n    raise ValueError('no ' + event)")
    return as_observed(world.invoke(raising, "good")), as_observed(world.invoke(raising, "better"))


def test_caller_can_read_an_unhandled_exception(observed: Observed) -> None:
    """Status 200, FunctionError Unhandled, and the exception as awslambdaric words it; the environment stays."""
    first, second = observed[raised]
    assert (first["status"], first["error"]) == (200, "Unhandled")
    assert first["payload"]["errorType"] == "ValueError"
    assert first["payload"]["errorMessage"] == "no good"
    assert first["payload"]["requestId"] in first["log"]
    assert first["payload"]["stackTrace"] == [
        "  File \"/var/task/app.py\", line 2, in handler\n    raise ValueError('no ' + event)\n"
    ]
    assert "[ERROR] ValueError: no good\nTraceback" in first["log"]
    assert second["payload"]["errorMessage"] == "no better"
    assert "INIT_START" not in second["log"]


@scenarios
def exited(world: World) -> object:
    sources = {
        "exit": "import os\ndef handler(event, context): os._exit(3)",
        "sys.exit": "import sys\ndef handler(event, context): sys.exit(4)",
        "quiet": "import sys\ndef handler(event, context): sys.exit()",
        "killed": "import os\ndef handler(event, context): os.kill(os.getpid(), 9)",
        "crash": "import ctypes\ndef handler(event, context): ctypes.string_at(0)",
    }
    return {name: as_observed(world.invoke(function(source, name="end"))) for name, source in sources.items()}


def test_caller_can_read_that_the_runtime_exited(observed: Observed) -> None:
    """Runtime.ExitError, with the exit status or the signal in the message."""
    results = observed[exited]
    assert {result["payload"]["errorType"] for result in results.values()} == {"Runtime.ExitError"}
    endings = {name: result["payload"]["errorMessage"].partition("Error: ")[2] for name, result in results.items()}
    assert endings == {
        "exit": "Runtime exited with error: exit status 3",
        "sys.exit": "Runtime exited with error: exit status 4",
        "quiet": "Runtime exited without providing a reason",
        "killed": "Runtime exited with error: signal: killed",
        "crash": "Runtime exited with error: signal: segmentation fault",
    }
    assert "\tStatus: error\tError Type: Runtime.ExitError" in results["exit"]["log"]


@scenarios
def not_initialised(world: World) -> object:
    cases = {
        "import": function("import missing\ndef handler(event, context): pass"),
        "handler": function("x = 1"),
        "syntax": function("def handler(:"),
        "raises": function("raise RuntimeError('at import')"),
        "module": function("", handler="other.handler"),
        "name": function("", handler="handler"),
        "exits": function("import os\nos._exit(5)"),
        "hangs": function("import time\ntime.sleep(60)", timeout=0.4),
    }
    return {name: as_observed(world.invoke(case)) for name, case in cases.items()}


def test_caller_can_read_why_initialisation_failed(observed: Observed) -> None:
    """Runtime.ImportModuleError and its kin, an exception's own type, or how the process ended."""
    results = observed[not_initialised]
    assert {result["error"] for result in results.values()} == {"Unhandled"}
    kinds = {name: result["payload"]["errorType"] for name, result in results.items()}
    assert kinds == {
        "import": "Runtime.ImportModuleError",
        "handler": "Runtime.HandlerNotFound",
        "syntax": "Runtime.UserCodeSyntaxError",
        "raises": "RuntimeError",
        "module": "Runtime.ImportModuleError",
        "name": "Runtime.MalformedHandlerName",
        "exits": "Runtime.ExitError",
        "hangs": "Sandbox.Timedout",
    }
    assert (
        results["import"]["payload"]["errorMessage"] == "Unable to import module 'app': No module named 'missing'"
    )
    assert results["hangs"]["payload"]["errorMessage"].endswith("Task timed out after 0.40 seconds")


def test_service_can_initialise_again_within_the_invocation(observed: Observed) -> None:
    """A failed initialisation is repeated once, in the invoke phase, and both are in the log."""
    log = observed[not_initialised]["import"]["log"]
    assert log.count("INIT_REPORT Init Duration: ") == 2
    assert "Phase: init\tStatus: error\tError Type: Runtime.ImportModuleError" in log
    assert "Phase: invoke\tStatus: error\tError Type: Runtime.ImportModuleError" in log
    assert "Phase: init\tStatus: timeout" in observed[not_initialised]["hangs"]["log"]


@scenarios
def slow_once(world: World) -> object:
    source = """
        import time

        time.sleep(0.7)

        def handler(event, context):
            return "there"
    """
    return as_observed(world.invoke(function(source)))


def test_function_can_take_long_to_initialise(observed: Observed) -> None:
    """An initialisation over its limit starts anew, with the invocation's timeout as the limit."""
    assert observed[slow_once]["payload"] == "there"


@scenarios
def large(world: World) -> object:
    big = function("def handler(event, context): return 'x' * event", name="large")
    return (
        len(world.answer(big, 5_000_000)),
        as_observed(world.invoke(big, 7_000_000))["payload"],
        world.answer(big, 3),
        world.answer(function("def handler(event, context): return len(event)", name="large"), "y" * 5_000_000),
    )


def test_response_cannot_be_larger_than_six_megabytes(observed: Observed) -> None:
    """6 MB each for request and response ("Lambda quotas"); more is Function.ResponseSizeTooLarge."""
    length, refusal, afterwards, received = observed[large]
    assert length == 5_000_000
    assert refusal["errorType"] == "Function.ResponseSizeTooLarge"
    assert afterwards == "xxx"
    assert received == 5_000_000


@scenarios
def other_runtime(world: World) -> object:
    try:
        world.invoke(function("", runtime="nodejs24.x"))
    except InvocationRefused as refusal:
        return refusal.code, refusal.message
    return None


def test_service_cannot_run_other_languages(observed: Observed) -> None:
    """What is not modelled is refused with a clear error."""
    code, message = observed[other_runtime]
    assert code == "InvalidRuntimeException"
    assert "nodejs24.x" in message


@scenarios
def malformed(world: World) -> object:
    source = "def handler(event, context): return context.client_context.custom"
    probe = function(source)
    complaints = []
    for changes in ({"payload": b"{"}, {"client_context": "no"}):
        try:
            world.runtime.invoke(replace(probe, **changes))
        except InvocationRefused as refusal:
            complaints.append(f"{refusal.status} {refusal.code}: {refusal.message}")
    return complaints, world.answer(probe, client_context=json.dumps({"custom": {"ü": "x"}}, indent=1))


def test_caller_cannot_send_what_is_no_json(observed: Observed) -> None:
    """InvalidRequestContentException for payload and client context; valid ones arrive whatever their layout."""
    complaints, context = observed[malformed]
    code = "400 InvalidRequestContentException"
    assert complaints[0].startswith(f"{code}: Could not parse request body into json: ")
    assert complaints[1] == f"{code}: Client context must be a valid Base64-encoded JSON object."
    assert context == {"ü": "x"}


@scenarios
def own_client(world: World) -> object:
    source = """
        import http.client

        def handler(event, context):
            connection = http.client.HTTPConnection("169.254.100.1", 9001)
            answers = []
            for method, path in event:
                connection.request(method, "/2018-06-01/runtime/" + path, body=b"{}")
                response = connection.getresponse()
                answers.append([response.status, response.read().decode()])
            return answers
    """
    calls = [["POST", "invocation/other/response"], ["POST", "init/error"], ["GET", "nothing"]]
    return world.answer(function(source), calls)


def test_function_cannot_confuse_the_runtime_api(observed: Observed) -> None:
    """Another invocation's id, a late initialisation error and unknown paths are refused."""
    assert [status for status, _ in observed[own_client]] == [400, 403, 404]


@scenarios
def answered(world: World) -> object:
    source = """
        import datetime, decimal

        def handler(event, context):
            loop = []
            loop.append(loop)
            if event == "interrupt":
                raise KeyboardInterrupt
            return {
                "decimal": decimal.Decimal("1.50"),
                "nan": float("nan"),
                "none": None,
                "set": {1},
                "loop": loop,
                "time": datetime.datetime(2026, 1, 1),
            }[event]
    """
    probe = function(source, name="answers")
    echo = function("def handler(event, context): return event", name="echo")
    return {
        "answers": {name: world.invoke(probe, name).payload for name in ("decimal", "nan", "none")},
        "marshalled": {
            name: as_observed(world.invoke(probe, name))["payload"] for name in ("set", "loop", "time")
        },
        "letters": [world.invoke(echo, "é😀", runtime=f"python3.{minor}").payload for minor in (11, 12, 13)],
        "interrupted": as_observed(world.invoke(probe, "interrupt")),
    }


def test_function_can_answer_what_its_runtime_can_write(observed: Observed) -> None:
    """As the runtime's client writes JSON: letters unescaped since Python 3.12; else Runtime.MarshalError."""
    found = observed[answered]
    assert found["answers"] == {"decimal": b"1.50", "nan": b"NaN", "none": b"null"}
    escaped = b'"\\u00e9\\ud83d\\ude00"'
    assert found["letters"] == [escaped, '"é😀"'.encode(), '"é😀"'.encode()]
    texts = {name: (one["errorType"], one["errorMessage"]) for name, one in found["marshalled"].items()}
    unable = "Unable to marshal response: "
    assert texts == {
        "set": ("Runtime.MarshalError", f"{unable}Object of type set is not JSON serializable"),
        "loop": ("Runtime.MarshalError", f"{unable}Circular reference detected"),
        "time": ("Runtime.MarshalError", f"{unable}Object of type datetime is not JSON serializable"),
    }
    assert found["interrupted"]["payload"]["errorType"] == "Runtime.ExitError"
    assert "KeyboardInterrupt" in found["interrupted"]["log"]
    assert "vpclab" not in found["interrupted"]["log"], "a traceback is the function's and its client's own"


@scenarios
def filled(world: World) -> object:
    source = """
        def handler(event, context):
            with open("/tmp/file", "wb") as file:
                for _ in range(event):
                    file.write(bytes(1 << 20))
    """
    probe = function(source, name="fills", ephemeral_storage_mb=8)
    return [as_observed(world.invoke(probe, megabytes))["payload"] for megabytes in (7, 12)]


def test_function_cannot_store_more_than_its_ephemeral_storage(observed: Observed) -> None:
    """As a full disk says so."""
    fits, full = observed[filled]
    assert fits is None
    assert (full["errorType"], full["errorMessage"]) == ("OSError", "[Errno 28] No space left on device")
