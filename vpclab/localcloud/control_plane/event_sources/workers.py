"""Threads for what happens beside the API's requests, now or after a while."""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

_MOST_THREADS = 64

_LOG = logging.getLogger(__name__)


class Workers:
    """Runs calls in threads that exist only from the first call on. After ``close`` nothing new begins."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_MOST_THREADS, thread_name_prefix="lambda events")
        self._condition = threading.Condition()
        self._later: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = itertools.count()
        self._clock: threading.Thread | None = None
        self._is_closed = False

    def submit(self, call: Callable[[], object]) -> None:
        """Run ``call`` soon; what it raises is logged."""
        with self._condition:
            if not self._is_closed:
                self._pool.submit(_logged, call)

    def apart(self, call: Callable[[], object]) -> None:
        """Run ``call`` in a thread of its own: it waits for others, which must not wait for it to get a thread."""
        with self._condition:
            if not self._is_closed:
                threading.Thread(target=_logged, args=(call,), name="lambda events apart", daemon=True).start()

    def later(self, seconds: float, call: Callable[[], object]) -> None:
        """Run ``call`` after ``seconds``."""
        with self._condition:
            if self._is_closed:
                return
            heapq.heappush(self._later, (time.monotonic() + seconds, next(self._numbers), call))
            if self._clock is None:
                self._clock = threading.Thread(target=self._watch, name="lambda events later", daemon=True)
                self._clock.start()
            self._condition.notify_all()

    def close(self) -> None:
        """Forget what has not begun. What runs is not waited for."""
        with self._condition:
            self._is_closed = True
            self._later.clear()
            self._condition.notify_all()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _watch(self) -> None:
        with self._condition:
            while not self._is_closed:
                if not self._later:
                    self._condition.wait()
                    continue
                left = self._later[0][0] - time.monotonic()
                if left > 0:
                    self._condition.wait(left)
                    continue
                _, _, call = heapq.heappop(self._later)
                self._pool.submit(_logged, call)


def _logged(call: Callable[[], object]) -> None:
    try:
        call()
    except Exception:  # noqa: BLE001 - nobody waits for it: its log
        _LOG.exception("work for an event ended early")
