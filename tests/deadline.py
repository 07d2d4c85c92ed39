"""Waiting for a condition instead of sleeping."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

POLL_SECONDS = 0.02


def eventually(condition: Callable[[], T], seconds: float, what: str) -> T:
    """Return the first truthy answer of ``condition``; fail, naming ``what``, when ``seconds`` have passed."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            raise AssertionError(f"{what}: still not so after {seconds} s")
        time.sleep(POLL_SECONDS)
