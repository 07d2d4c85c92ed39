"""Lambda's Invoke: what reaches the function, what the caller is told, and what is refused."""

import base64
import json
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from tests.deadline import eventually
from tests.integration.control_plane_world import (
    ACCOUNT,
    REGION,
    VPC_ACCESS,
    World,
    package,
    refused,
)
from vpclab.localcloud.control_plane.event_sources import invocation_rate
from vpclab.localcloud.lambda_runtime.invocation import InvocationRefused, InvocationResult

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"


def test_invocation_can_carry_what_the_function_needs(here: World) -> None:
    """Code, handler, limits, environment with the role's own session, log group and the caller's payload."""
    role = here.role("r", VPC_ACCESS)
    here.functions.create_function(
        FunctionName="f",
        Role=role,
        Runtime="python3.12",
        Handler="index.handler",
        Code={"ZipFile": package()},
        Timeout=7,
        MemorySize=256,
        Environment={"Variables": {"COLOUR": "blue"}},
        LoggingConfig={"LogGroup": "/mine"},
    )
    context = base64.b64encode(json.dumps({"custom": {"a": "b"}}).encode()).decode()
    answer = here.functions.invoke(FunctionName="f", Payload=b'{"x": 1}', ClientContext=context)
    assert json.loads(answer["Payload"].read()) == {"x": 1}
    [made] = here.effects.invocations
    assert (made.function_arn, made.invoked_arn, made.version) == (ARN, ARN, "$LATEST")
    assert (made.role_arn, made.handler, made.runtime) == (role, "index.handler", "python3.12")
    assert (made.timeout, made.memory_mb, made.log_group) == (7.0, 256, "/mine")
    assert made.code.zip_file == package() or len(made.code.zip_file) > 0
    assert made.client_context == '{"custom": {"a": "b"}}'
    assert made.request_id == answer["ResponseMetadata"]["RequestId"]
    assert made.environment["COLOUR"] == "blue"
    assert made.environment["AWS_REGION"] == REGION
    given = made.environment
    key, token, secret = (given[f"AWS_{name}"] for name in ("ACCESS_KEY_ID", "SESSION_TOKEN", "SECRET_ACCESS_KEY"))
    inside = here.client("sts", REGION, key, token, secret)
    identity = inside.get_caller_identity()
    assert identity["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/r/f"
    here.functions.invoke(FunctionName="f")
    assert here.effects.invocations[1].environment == made.environment


def test_invocation_can_name_a_version(here: World) -> None:
    """By qualifier, by alias, in the name, in an ARN; the version that ran is in the answer."""
    here.function("f", here.role())
    here.functions.publish_version(FunctionName="f")
    here.functions.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    for given, version in (
        ({"FunctionName": "f"}, "$LATEST"),
        ({"FunctionName": "f", "Qualifier": "$LATEST"}, "$LATEST"),
        ({"FunctionName": "f", "Qualifier": "1"}, "1"),
        ({"FunctionName": "f:live"}, "1"),
        ({"FunctionName": f"{ACCOUNT}:function:f"}, "$LATEST"),
        ({"FunctionName": ARN}, "$LATEST"),
        ({"FunctionName": f"{ARN}:live"}, "1"),
    ):
        assert here.functions.invoke(**given)["ExecutedVersion"] == version, given
    assert here.effects.invocations[-1].invoked_arn == f"{ARN}:live"
    for given in ({"FunctionName": "nope"}, {"FunctionName": "f", "Qualifier": "9"}):
        with refused("ResourceNotFoundException", "Function not found: arn:aws:lambda:"):
            here.functions.invoke(**given)


def test_invocation_can_be_of_three_kinds(here: World) -> None:
    """RequestResponse 200, Event 202 without a payload and run later, DryRun 204 without running."""
    here.function("f", here.role())
    kinds = {
        kind: here.functions.invoke(FunctionName="f", InvocationType=kind, Payload=b"1")
        for kind in ("RequestResponse", "Event", "DryRun")
    }
    assert {kind: answer["StatusCode"] for kind, answer in kinds.items()} == {
        "RequestResponse": 200,
        "Event": 202,
        "DryRun": 204,
    }
    assert [answer["Payload"].read() for answer in kinds.values()] == [b"1", b"", b""]
    eventually(lambda: len(here.effects.invocations) == 2, 10, "the event was run")
    ids = [kinds[kind]["ResponseMetadata"]["RequestId"] for kind in ("RequestResponse", "Event")]
    assert [one.request_id for one in here.effects.invocations] == ids


def test_invocation_can_tell_how_the_function_failed(here: World) -> None:
    """X-Amz-Function-Error with 200; the tail of the log when asked for; refusals of the runtime as they are."""
    here.function("f", here.role())
    here.effects.answer = lambda one: InvocationResult(
        200, b'{"errorMessage": "x"}', "Unhandled", b"END", one.version
    )
    told = here.functions.invoke(FunctionName="f", LogType="Tail")
    assert (told["StatusCode"], told["FunctionError"]) == (200, "Unhandled")
    assert base64.b64decode(told["LogResult"]) == b"END"
    assert "LogResult" not in here.functions.invoke(FunctionName="f")
    for wrong, name in (({"InvocationType": "Wait"}, "invocationType"), ({"LogType": "Head"}, "logType")):
        with refused("ValidationException", f"at '{name}' failed to satisfy .* enum value set"):
            here.functions.invoke(FunctionName="f", **wrong)

    def refuse(_: object) -> InvocationResult:
        raise InvocationRefused("ENINotReadyException", "not ready", status=502)

    here.effects.answer = refuse
    with refused("ENINotReadyException", "not ready"):
        here.functions.invoke(FunctionName="f")


def test_invocation_cannot_carry_too_much(here: World) -> None:
    """6 MB for synchronous invocations, 1 MB for events."""
    here.function("f", here.role())
    with refused("RequestEntityTooLargeException", "smaller than 6291456 bytes"):
        here.functions.invoke(FunctionName="f", Payload=b" " * (6 * 1024 * 1024 + 1))
    with refused("RequestEntityTooLargeException", r"1048577 byte payload is too large .*\(limit 1048576 bytes\)"):
        here.functions.invoke(FunctionName="f", InvocationType="Event", Payload=b" " * (1024 * 1024 + 1))
    assert here.effects.invocations == []
    largest = b'"' + b"x" * (1024 * 1024 - 2) + b'"'
    assert here.functions.invoke(FunctionName="f", InvocationType="Event", Payload=largest)["StatusCode"] == 202


@pytest.mark.parametrize(
    ("operation", "given"),
    [
        ("invoke", {"TenantId": "x"}),
        ("invoke", {"DurableExecutionName": "x"}),
        ("invoke_with_response_stream", {}),
        ("invoke_async", {"InvokeArgs": b"{}"}),
        ("create_function_url_config", {"AuthType": "NONE"}),
        ("put_provisioned_concurrency_config", {"Qualifier": "1", "ProvisionedConcurrentExecutions": 1}),
        ("put_runtime_management_config", {"UpdateRuntimeOn": "Auto"}),
        ("put_function_event_invoke_config", {"Qualifier": "1", "MaximumRetryAttempts": 1}),
    ],
)
def test_function_cannot_be_used_in_ways_that_are_not_modelled(
    here: World, operation: str, given: dict[str, Any]
) -> None:
    """Each is refused with what is missing, and nothing is recorded of it or run."""
    here.function("f", here.role())
    here.functions.publish_version(FunctionName="f")
    with refused("UnsupportedOperation", "not modelled is"):
        getattr(here.functions, operation)(FunctionName="f", **given)
    assert here.effects.invocations == []


def test_invocation_can_tell_which_state_stands_in_its_way(here: World) -> None:
    """409 while the function is being created, for a dry run too."""
    role, seen = here.role(), []

    def during() -> None:
        here.effects.network_changed = lambda: None  # type: ignore[method-assign]
        told = here.functions.get_function_configuration(FunctionName="f")
        seen.append((told["State"], told["StateReasonCode"], told["StateReason"]))
        for kind in ("RequestResponse", "Event", "DryRun"):
            with refused("ResourceConflictException", "currently in the following state: Pending"):
                here.functions.invoke(FunctionName="f", InvocationType=kind)

    here.effects.network_changed = during  # type: ignore[method-assign]
    here.function("f", role)
    assert seen == [("Pending", "Creating", "The function is being created.")]
    told = here.functions.get_function_configuration(FunctionName="f")
    assert (told["State"], "StateReason" in told) == ("Active", False)


def test_reserved_concurrency_can_throttle(here: World) -> None:
    """At 0 nothing runs; at 1 a second invocation is refused while the first one runs."""
    here.function("f", here.role())
    here.functions.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    with refused("TooManyRequestsException"):
        here.functions.invoke(FunctionName="f")
    here.functions.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=1)
    running, finish = threading.Event(), threading.Event()

    def wait(_: object) -> InvocationResult:
        running.set()
        finish.wait(10)
        return InvocationResult(200, b"")

    here.effects.answer = wait
    first = threading.Thread(target=lambda: here.functions.invoke(FunctionName="f"))
    first.start()
    assert running.wait(10)
    with refused("TooManyRequestsException"):
        here.functions.invoke(FunctionName="f")
    finish.set()
    first.join()
    here.functions.invoke(FunctionName="f")


def test_rate_of_invocations_cannot_exceed_ten_for_each_reserved_unit(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of synchronous ones; events know concurrency alone; a function that reserves nothing has the account's."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(invocation_rate, "time", SimpleNamespace(monotonic=lambda: clock.now))
    for name in ("f", "unreserved"):
        here.function(name, here.role(name))
    here.functions.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=2)

    def burst(name: str = "f") -> list[str]:
        reasons = []
        for _ in range(25):
            try:
                here.functions.invoke(FunctionName=name)
            except here.functions.exceptions.TooManyRequestsException as refusal:
                reasons.append(refusal.response["Reason"])
        return reasons

    assert burst() == ["ReservedFunctionInvocationRateLimitExceeded"] * 5
    clock.now += 0.5
    assert burst() == ["ReservedFunctionInvocationRateLimitExceeded"] * 15
    assert burst("unreserved") == []
    here.effects.invocations.clear()
    here.functions.invoke(FunctionName="f", InvocationType="Event")
    eventually(lambda: len(here.effects.invocations) == 1, 10, "the event was run")
