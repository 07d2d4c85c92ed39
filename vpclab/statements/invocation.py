"""Invokes a probe function and turns its answers into observations."""

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from vpclab.statements.error import VerificationError
from vpclab.statements.observation import Observation, Outcome
from vpclab.statements.target import Target

READY_SECONDS = 60.0
"""How long a function may take to become invocable after it was made or changed."""

POLL_SECONDS = 0.1

_NOT_YET = ("ResourceConflictException", "TooManyRequestsException")


@dataclass(frozen=True, slots=True)
class Invocation:
    """What came back: an observation per label, and the last 4 KiB of the function's log."""

    observations: Mapping[str, Observation]
    log_tail: str


def invoke(target: Target, function_name: str, probes: Mapping[str, Mapping[str, Any]]) -> Invocation:
    """Run ``probes`` (label to arguments) inside the function and wait for the answers.

    Raises:
        VerificationError: the function failed, or answered what no probe answers.
    """
    answer = _answer(target, function_name, json.dumps({"probes": probes}))
    payload = answer["Payload"].read().decode()
    log_tail = base64.b64decode(answer.get("LogResult") or "").decode("utf-8", "replace")
    if answer.get("FunctionError"):
        raise VerificationError(f"{function_name} failed ({answer['FunctionError']}): {payload[:500]}")
    try:
        answers = json.loads(payload)["answers"]
        observations = {label: observation_of(answers[label]) for label in probes}
    except (ValueError, KeyError, TypeError) as failure:
        raise VerificationError(
            f"{function_name} answered {payload[:200]!r}, which is no probe's answer ({failure}); "
            "deploy the probe anew"
        ) from None
    return Invocation(observations, log_tail)


def observation_of(answer: Mapping[str, Any]) -> Observation:
    """Read one answer of the probe; one without an outcome is an error."""
    outcome = answer["outcome"]
    return Observation(
        outcome=Outcome(outcome) if outcome else Outcome.ERROR,
        evidence=dict(answer.get("evidence") or {}),
        stage=answer.get("stage"),
        error=answer.get("error"),
        elapsed_seconds=answer.get("elapsed_seconds"),
    )


def _answer(target: Target, function_name: str, payload: str) -> dict[str, Any]:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            found: dict[str, Any] = target.client("lambda").invoke(
                FunctionName=function_name, LogType="Tail", Payload=payload
            )
        except ClientError as failure:
            if failure.response["Error"]["Code"] not in _NOT_YET or time.monotonic() > deadline:
                raise
        else:
            return found
        time.sleep(POLL_SECONDS)
