"""What every command prints with: progress and complaints go to standard error, answers to standard output."""

import sys
import threading
import time
from collections.abc import Callable

CANNOT = 1
INTERRUPTED = 130

_lock = threading.Lock()
_COLOURS = {"default": 36, "private-nat": 32, "public": 33, "endpoints": 35, "private-nat-instance": 34}


def say(line: str) -> None:
    """Tell progress."""
    with _lock:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def complain(text: str) -> None:
    """Tell why something could not be done."""
    say(f"{_paint('vpclab:', 31)} {text}")


def answer(text: str) -> None:
    """Print what was asked for."""
    with _lock:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


def prefixed(variant: str, width: int = 20) -> Callable[[str], None]:
    """Return a ``say`` that marks each line with the variant that it is about."""
    mark = _paint(f"{variant:<{width}}", _COLOURS.get(variant, 37))
    return lambda line: say(f"{mark} | {line}")


class Stopwatch:
    """Remembers how long named parts of a run took, in seconds, in the order in which they ended."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self.parts: list[tuple[str, float]] = []

    def lap(self, name: str) -> None:
        """Say that the part ``name``, which began at the last lap, is over."""
        now = time.monotonic()
        self.parts.append((name, now - self._started))
        self._started = now

    @property
    def total(self) -> float:
        """Seconds of all parts."""
        return sum(seconds for _name, seconds in self.parts)


def _paint(text: str, colour: int) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m" if sys.stderr.isatty() else text
