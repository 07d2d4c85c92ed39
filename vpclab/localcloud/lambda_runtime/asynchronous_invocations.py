"""Events that were queued: run later, and again after an error ("Asynchronous invocation", "Error handling").

What happens to events that failed every time (a dead-letter queue, a destination) is not modelled: they end.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from vpclab.localcloud.lambda_runtime.invocation import Invocation, InvocationRefused, InvocationResult

_WORKERS = 8

_LOG = logging.getLogger(__name__)


class AsynchronousInvocations:
    """The queue of events. ``run`` invokes synchronously; ``retry_delays`` are in seconds."""

    def __init__(self, run: Callable[[Invocation], InvocationResult], retry_delays: tuple[float, ...]) -> None:
        self._run = run
        self._retry_delays = retry_delays
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="asynchronous invocations")
        self._lock = threading.Lock()
        self._timers: set[threading.Timer] = set()
        self._is_closed = False

    def put(self, invocation: Invocation, attempt: int = 0) -> None:
        """Queue an event; ``attempt`` counts its failures so far."""
        with self._lock:
            if not self._is_closed:
                self._workers.submit(self._try, invocation, attempt)

    def close(self) -> None:
        """Forget what is queued; what runs ends with its environment."""
        with self._lock:
            self._is_closed = True
            timers = list(self._timers)
        for timer in timers:
            timer.cancel()
        self._workers.shutdown(wait=False, cancel_futures=True)

    def _try(self, invocation: Invocation, attempt: int) -> None:
        try:
            result = self._run(invocation)
        except InvocationRefused as refusal:
            _LOG.warning("an event for %s could not run: %s", invocation.function_arn, refusal)
            has_failed = True
        except Exception:  # noqa: BLE001 - the end of a thread: its log
            _LOG.exception("an event for %s could not run", invocation.function_arn)
            has_failed = True
        else:
            has_failed = result.function_error is not None
        retries = min(len(self._retry_delays), invocation.maximum_retry_attempts)
        if has_failed and attempt < retries:
            self._put_later(invocation, attempt)

    def _put_later(self, invocation: Invocation, attempt: int) -> None:
        def put() -> None:
            with self._lock:
                self._timers.discard(timer)
            self.put(invocation, attempt + 1)

        timer = threading.Timer(self._retry_delays[attempt], put)
        timer.daemon = True
        with self._lock:
            if not self._is_closed:
                self._timers.add(timer)
                timer.start()
