"""Asking again until an answer is good enough, with a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def poll(ask: Callable[[], T], enough: Callable[[T], object] = bool, *, seconds: float, pause: float) -> T:
    """Return the first answer that is ``enough``, or the last one when ``seconds`` are over.

    Asks at least once; ``pause`` is the seconds between two asks.
    """
    deadline = time.monotonic() + seconds
    while True:
        answer = ask()
        if enough(answer) or time.monotonic() >= deadline:
            return answer
        time.sleep(pause)
