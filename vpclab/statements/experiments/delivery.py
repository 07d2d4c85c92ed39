"""Waits for what a function prints of what was delivered to it."""

from dataclasses import dataclass

from vpclab.statements.ending import Ending
from vpclab.statements.log_group import search
from vpclab.statements.target import Target
from vpclab.statements.trial import Trial

LOCAL_SECONDS = 90.0
AWS_SECONDS = 120.0
"""How long a delivery may take, which may have to start a function first."""

HELD_BACK_SECONDS = 3.0
"""On this machine, how long to wait for what is known to be held back."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A line with ``text``, printed after ``since`` (seconds since the epoch), in a log group."""

    log_group: str
    text: str
    since: float


def wait_for_line(target: Target, what: str, expected: Expected, *, seconds: float | None = None) -> Trial:
    """Wait for a line. ``seconds``: other than the usual time for a delivery."""
    if seconds is None:
        seconds = LOCAL_SECONDS if target.is_on_loopback else AWS_SECONDS
    line = search(target, expected.log_group, expected.text, expected.since, seconds=seconds)
    evidence = {"log_group": expected.log_group, "text": expected.text}
    if line is None:
        return Trial(what, Ending.ABSENT, evidence=evidence)
    return Trial(what, Ending.DONE, evidence={**evidence, "log_stream": line.log_stream, "message": line.message})
