"""Waking who waits for something to arrive at a queue or a stream, so that nobody has to look again and again."""

import threading

_COUNTS = 4096
"""So many counts, however many queues and streams come and go; sharing one wakes a waiter once too often."""


class Arrivals:
    """Counts arrivals by ARN. A waiter says how many it has seen, so that none falls between look and wait."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._counts = [0] * _COUNTS
        self._everywhere = 0
        self._is_closed = False

    @property
    def is_closed(self) -> bool:
        """Whether nothing will ever arrive again."""
        return self._is_closed

    def seen(self, arn: str) -> int:
        """Return what to give to ``wait``: take it before looking whether something is there."""
        with self._condition:
            return self._count(arn)

    def ring(self, arn: str) -> None:
        """Say that something is at ``arn`` that was not there before."""
        with self._condition:
            self._counts[hash(arn) % _COUNTS] += 1
            self._condition.notify_all()

    def ring_everywhere(self) -> None:
        """Say that what could not be taken before perhaps can be now: somebody's permissions changed."""
        with self._condition:
            self._everywhere += 1
            self._condition.notify_all()

    def wait(self, arn: str, seen: int, seconds: float | None) -> None:
        """Return when more than ``seen`` has arrived, after ``seconds`` (None: no limit), or when closed."""
        with self._condition:
            self._condition.wait_for(lambda: self._is_closed or self._count(arn) != seen, timeout=seconds)

    def close(self) -> None:
        """Let everybody go."""
        with self._condition:
            self._is_closed = True
            self._condition.notify_all()

    def _count(self, arn: str) -> int:
        return self._counts[hash(arn) % _COUNTS] + self._everywhere
