"""One attempt to reach something: the stage it is in, what it has seen, how long it took."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from .outcome import Outcome, Stage, outcome_of


class Attempt:
    """What a probe writes into while it works.

    ``stage`` is the step under way; ``evidence`` holds JSON values only.
    """

    def __init__(self) -> None:
        self.stage: Stage | None = None
        self.evidence: dict[str, Any] = {}


Arguments = Mapping[str, Any]
Probe = Callable[[Attempt, Arguments], Outcome | None]
"""A probe returns its outcome, or None where only somebody else can know; it raises what went wrong."""


def answer(probe: Probe, arguments: Arguments) -> dict[str, Any]:
    """Run one probe and put what happened into the answer's form.

    ``outcome`` is a word of the vocabulary, or None where the probe could not run or cannot know; ``stage``
    names the step that failed, None when none did; ``error`` has the failure in the library's own words;
    ``elapsed_seconds`` covers the whole attempt.
    """
    attempt = Attempt()
    began = time.monotonic()
    error: str | None = None
    stage: Stage | None = None
    try:
        outcome = probe(attempt, arguments)
    except Exception as failure:  # noqa: BLE001 - every failure is an answer; none may hide the other probes'
        outcome = outcome_of(failure)
        error = f"{type(failure).__name__}: {failure}"
        stage = attempt.stage
    return {
        "outcome": outcome,
        "stage": stage,
        "error": error,
        "elapsed_seconds": round(time.monotonic() - began, 3),
        "evidence": attempt.evidence,
    }
