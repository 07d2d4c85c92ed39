"""Bringing the kernel in line with the API, once for many callers.

Each mutating call waits until a reconciliation that *began after it* has ended, so that the next packet meets the
new state. Calls that arrive while one runs share the next one: level-triggered, not one run per call.
"""

import threading
from collections.abc import Callable


class Reconciliation:
    """Runs ``reconcile`` so that each ``request`` sees the effect of what was true when it was made."""

    def __init__(self, reconcile: Callable[[], None]) -> None:
        self._reconcile = reconcile
        self._condition = threading.Condition()
        self._requested = 0
        self._covered = 0
        self._completed = 0
        self._running = False
        self._error: Exception | None = None

    @property
    def waiting(self) -> int:
        """How many calls wait for a reconciliation that has not begun."""
        with self._condition:
            return self._requested - self._covered

    def request(self) -> None:
        """Return when a reconciliation that began after this call has ended; raise what it raised."""
        with self._condition:
            self._requested += 1
            mine = self._requested
            while self._running and self._completed < mine:
                self._condition.wait()
            if self._completed >= mine:
                if self._error is not None:
                    raise self._error
                return
            self._running = True
            covers = self._covered = self._requested
        error: Exception | None = None
        try:
            self._reconcile()
        except Exception as caught:  # noqa: BLE001 - every waiter must hear of it
            error = caught
        with self._condition:
            self._completed = covers
            self._running = False
            self._error = error
            self._condition.notify_all()
        if error is not None:
            raise error
