import json
import signal
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpclab.localcloud.lambda_runtime import report
from vpclab.localcloud.lambda_runtime.environment_variables import of_environment
from vpclab.localcloud.lambda_runtime.environments import key_of
from vpclab.localcloud.lambda_runtime.invocation import Archive, Invocation

INVOCATION = Invocation(
    function_arn="arn:aws:lambda:eu-west-1:123456789012:function:probe",
    role_arn="arn:aws:iam::123456789012:role/probe",
    code=Archive("AAAA", b""),
    handler="app.handler",
    runtime="python3.13",
    payload=b"{}",
    request_id="id",
    log_group="/aws/lambda/probe",
    environment={"OWN": "1", "AWS_REGION": "elsewhere", "TZ": "Europe/Berlin", "AWS_ACCESS_KEY_ID": "ASIA1"},
)


@pytest.mark.parametrize(
    ("wait_status", "ending"),
    [
        (0, "Runtime exited without providing a reason"),
        (1 << 8, "Runtime exited with error: exit status 1"),
        (255 << 8, "Runtime exited with error: exit status 255"),
        (signal.SIGKILL, "Runtime exited with error: signal: killed"),
        (None, "Runtime exited with error: signal: killed"),
        (signal.SIGABRT, "Runtime exited with error: signal: aborted"),
    ],
)
def test_caller_can_read_how_the_runtime_ended(wait_status: int | None, ending: str) -> None:
    """Runtime.ExitError, as the service words exit statuses and signals."""
    failure = report.exited(INVOCATION, wait_status)
    assert json.loads(failure.payload) == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: id Error: {ending}",
    }


@given(duration=st.floats(0, 900), init=st.none() | st.floats(0, 10))
def test_billed_duration_can_cover_what_was_used(duration: float, init: float | None) -> None:
    """Rounded up to a millisecond, initialisation included."""
    line = report.report(INVOCATION, duration, 40, init, None)
    fields = dict(part.split(": ") for part in line.split("\t") if part)
    used = duration * 1000 + (init or 0.0) * 1000
    billed = int(fields["Billed Duration"].removesuffix(" ms"))
    assert billed - 1 < used <= billed
    assert ("Init Duration" in fields) == (init is not None)


def test_environment_can_have_its_variables_by_rank() -> None:
    """A function may set TZ; it cannot change what Lambda reserves."""
    variables = of_environment(INVOCATION, "stream", "token")
    assert (variables["OWN"], variables["TZ"]) == ("1", "Europe/Berlin")
    assert variables["AWS_REGION"] == variables["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert variables["AWS_LAMBDA_FUNCTION_NAME"] == "probe"
    assert variables["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"
    assert variables["AWS_LAMBDA_LOG_STREAM_NAME"] == "stream"
    assert variables["AWS_LAMBDA_METADATA_TOKEN"] == "token"


def test_invocations_can_share_an_environment_whatever_their_credentials() -> None:
    """Event, request and credentials differ between invocations of one environment; configuration does not."""
    other = {**INVOCATION.environment, "AWS_ACCESS_KEY_ID": "ASIA2"}
    assert key_of(INVOCATION) == key_of(replace(INVOCATION, environment=other, payload=b"1", request_id="2"))
    changed: tuple[dict[str, Any], ...] = (
        {"memory_mb": 256},
        {"interfaces": ("eni-1",)},
        {"environment": {}},
        {"version": "2"},
    )
    for changes in changed:
        assert key_of(INVOCATION) != key_of(replace(INVOCATION, **changes))
