"""Waiting for what AWS does in its own time, with a deadline, and given up when the engine is interrupted."""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from vpclab.toolchain.aws_plugin.errors import AwsPluginError

T = TypeVar("T")

LONGEST_WAIT_VARIABLE = "VPCLAB_LONGEST_WAIT_SECONDS"
"""Set where nothing takes long: an emulator that is not done by then never will be."""

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 2.0
SLOWING = 1.5


def longest_wait() -> float:
    """Return the seconds that nothing may take longer than, whatever a resource would be given on AWS."""
    return float(os.environ.get(LONGEST_WAIT_VARIABLE) or "inf")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a request may still take. ``interrupted`` is set when the user has had enough."""

    seconds: float
    interrupted: threading.Event
    _started: float = field(default_factory=time.monotonic)

    def until(self, condition: Callable[[], T | None], what: str) -> T:
        """Return the first answer of ``condition`` that is not None.

        Raises:
            AwsPluginError: naming ``what``, when the time is over or the deployment was interrupted.
        """
        pause = FIRST_PAUSE_SECONDS
        while (answer := condition()) is None:
            if time.monotonic() - self._started > self.seconds:
                raise AwsPluginError(f"{what}: still not so after {self.seconds:.0f} s")
            if self.interrupted.wait(pause):
                raise AwsPluginError(f"{what}: no longer waited for, because the deployment was interrupted")
            pause = min(pause * SLOWING, LONGEST_PAUSE_SECONDS)
        return answer
