"""The wording of what the service says about an environment and an invocation: log lines and error payloads.

Shapes after "Using the Lambda log format" and behaviours seen in published logs.
"""

import hashlib
import json
import math
import os
import signal
import sys
from dataclasses import dataclass
from datetime import UTC, datetime

from vpclab.localcloud.lambda_runtime.invocation import Invocation

TIMED_OUT = "Sandbox.Timedout"
EXITED = "Runtime.ExitError"
OUT_OF_MEMORY = "Runtime.OutOfMemory"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an environment or an invocation failed: ``error_type``, the payload of the answer, and for the log."""

    error_type: str
    payload: bytes
    line: str | None = None


def runtime_version(runtime: str, region: str) -> tuple[str, str]:
    """A runtime's version and its ARN, which is of the interpreter that really runs."""
    digest = hashlib.sha256(sys.version.encode()).hexdigest()
    version = runtime.replace("python", "python:")
    return f"{version}.v{sys.version_info.micro}", f"arn:aws:lambda:{region}::runtime:{digest}"


def init_start(invocation: Invocation) -> str:
    """The first line of an environment."""
    version, arn = runtime_version(invocation.runtime, invocation.region)
    return f"INIT_START Runtime Version: {version}\tRuntime Version ARN: {arn}"


def init_report(seconds: float, phase: str, error_type: str) -> str:
    """The line about an initialisation that failed in ``phase`` (``init`` or ``invoke``)."""
    status = "timeout" if error_type == TIMED_OUT else f"error\tError Type: {error_type}"
    return f"INIT_REPORT Init Duration: {seconds * 1000:.2f} ms\tPhase: {phase}\tStatus: {status}"


def billed_ms(duration: float, init_duration: float | None) -> int:
    """Milliseconds that are billed: initialisation too, as for every function since August 2025."""
    return math.ceil(duration * 1000 + (init_duration or 0.0) * 1000)


def report(
    invocation: Invocation,
    duration: float,
    memory_mb: int | None,
    init_duration: float | None,
    failure: Failure | None,
) -> str:
    """The REPORT line. Durations in seconds."""
    duration_ms = duration * 1000
    init_ms = (init_duration or 0.0) * 1000
    fields = [
        f"REPORT RequestId: {invocation.request_id}",
        f"Duration: {duration_ms:.2f} ms",
        f"Billed Duration: {billed_ms(duration, init_duration)} ms",
        f"Memory Size: {invocation.memory_mb} MB",
        f"Max Memory Used: {memory_mb or 0} MB",
    ]
    if init_duration is not None:
        fields.append(f"Init Duration: {init_ms:.2f} ms")
    if failure is not None and failure.error_type == TIMED_OUT:
        fields.append("Status: timeout")
    elif failure is not None:
        fields.append(f"Status: error\tError Type: {failure.error_type}")
    return "\t".join([*fields, ""])


def timed_out(invocation: Invocation) -> Failure:
    """What a function is answered that did not answer within its timeout."""
    text = f"Task timed out after {invocation.timeout:.2f} seconds"
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3]
    return Failure(
        TIMED_OUT,
        _payload(TIMED_OUT, f"RequestId: {invocation.request_id} Error: {text}"),
        f"{now}Z {invocation.request_id} {text}\n",
    )


def init_timed_out(invocation: Invocation) -> Failure:
    """An initialisation that did not end in time."""
    return Failure(TIMED_OUT, _payload(TIMED_OUT, f"RequestId: {invocation.request_id} Error: Init timed out"))


def exited(invocation: Invocation, wait_status: int | None) -> Failure:
    """What is answered when the runtime's process ended by itself; ``wait_status`` as of waitpid(2)."""
    text = f"RequestId: {invocation.request_id} Error: {_ending(wait_status)}"
    return Failure(EXITED, _payload(EXITED, text), f"{text}\n{EXITED}")


def out_of_memory(invocation: Invocation) -> Failure:
    """What is answered when the function used more memory than it is configured with."""
    text = f"RequestId: {invocation.request_id} Error: Runtime exited with error: signal: killed"
    return Failure(OUT_OF_MEMORY, _payload(OUT_OF_MEMORY, text), f"{text}\n{OUT_OF_MEMORY}")


def _ending(wait_status: int | None) -> str:
    code = -signal.SIGKILL if wait_status is None else os.waitstatus_to_exitcode(wait_status)
    if code == 0:
        return "Runtime exited without providing a reason"
    if code > 0:
        return f"Runtime exited with error: exit status {code}"
    name = (signal.strsignal(-code) or f"signal {-code}").lower()
    return f"Runtime exited with error: signal: {name}"


def _payload(error_type: str, message: str) -> bytes:
    return json.dumps({"errorType": error_type, "errorMessage": message}, separators=(",", ":")).encode()
