"""One execution environment: a network, a log stream, and a sandbox whose runtime client it serves.

One invocation at a time. Whoever waits does the work of serving: the thread that initialises or invokes runs the
environment's Runtime API and reads its output meanwhile; between invocations nothing runs for it.
"""

import contextlib
import json
import os
import selectors
import time
from collections.abc import Callable
from secrets import token_hex

from vpclab.localcloud.lambda_runtime import environment_variables, report
from vpclab.localcloud.lambda_runtime.invocation import JSON, AttachedNetwork, Invocation
from vpclab.localcloud.lambda_runtime.log_shipping import EnvironmentLog, now_ms
from vpclab.localcloud.lambda_runtime.metadata import Metadata
from vpclab.localcloud.lambda_runtime.report import Failure
from vpclab.localcloud.lambda_runtime.runtime_api import Answer, Delivery, Handler, RuntimeApi
from vpclab.localcloud.lambda_runtime.sandbox_request import SandboxRequest
from vpclab.localcloud.lambda_runtime.sandboxes import Sandbox, SandboxError, Sandboxes
from vpclab.localcloud.lambda_runtime.system_log import SystemLog
from vpclab.localcloud.lambda_runtime.trace_daemon import TraceDaemon

_MEMORY_WATCH_SECONDS = 0.1
_LAST_WORDS_SECONDS = 1.0
_READ_BYTES = 64 * 1024
_HOSTNAME = "169.254.76.1"


class Environment:
    """An execution environment of one function. ``code`` and ``layers`` name folders of the code store."""

    def __init__(
        self, sandboxes: Sandboxes, network: AttachedNetwork, invocation: Invocation, code: str, layers: str
    ) -> None:
        self.network = network
        least_level = invocation.application_log_level if invocation.log_format == JSON else None
        self.log = EnvironmentLog(invocation.version, least_level=least_level)
        self._sandboxes = sandboxes
        metadata = Metadata(invocation.availability_zone_ids.get(network.interface_id, ""))
        self._request = SandboxRequest(
            code=code,
            layers=layers,
            handler=invocation.handler,
            nameservers=network.nameservers,
            hostname=_HOSTNAME,
            memory_mb=invocation.memory_mb,
            ephemeral_storage_mb=invocation.ephemeral_storage_mb,
            environment=environment_variables.of_environment(invocation, self.log.stream, metadata.token),
        )
        self._selector = selectors.DefaultSelector()
        self._api = RuntimeApi(network.runtime_api, self._selector, metadata)
        self._trace_daemon = TraceDaemon(network.namespace) if invocation.is_traced else None
        if (daemon := self._trace_daemon) is not None:
            self._watch(daemon.fileno(), lambda _: daemon.receive())
        self._sandbox: Sandbox | None = None
        self._has_ended = True
        self._wait_status: int | None = None
        self._status_text = b""
        self.peak_memory_mb: int | None = None
        self._is_out_of_memory = False
        self._is_killed = False
        self._is_frozen = False
        self._has_answered = False
        self._memory_watched = 0.0

    @property
    def is_alive(self) -> bool:
        """Whether the sandbox still runs, as far as its pipe says now."""
        if self._sandbox is not None and not self._has_ended:
            self._read_status(0)
        return not self._has_ended

    def initialise(self, invocation: Invocation, deadline: float) -> Failure | None:
        """Start the runtime client and wait, until ``deadline`` (monotonic seconds), for it to want an invocation.

        After a failure nothing runs, and it can be called again.

        Raises:
            SandboxError: no sandbox could be made here, which says nothing of the function.
        """
        self._stop()
        self._start()
        is_over = self._serve_until(
            lambda: self._api.is_waiting or self._api.init_error is not None or self._is_out_of_memory, deadline
        )
        self._watch_memory()
        if self._api.is_waiting and not self._is_out_of_memory:
            return None
        error_posted = self._api.init_error
        if self._is_out_of_memory:
            failure = report.out_of_memory(invocation)
            SystemLog(self.log, invocation).failure(failure)
        elif error_posted is None and is_over:
            failure = report.exited(invocation, self._wait_status)
            SystemLog(self.log, invocation).failure(failure)
        elif error_posted is not None:
            failure = Failure(error_posted.error_type or "Runtime.Unknown", error_posted.payload)
        else:
            failure = report.init_timed_out(invocation)
        self._stop()
        return failure

    def invoke(self, invocation: Invocation, deadline: float) -> Answer | Failure | None:
        """Deliver an invocation and wait, until ``deadline``, for what the function answers.

        None: a runtime that has answered before was gone before it read the invocation, which another environment
        can therefore take. After a failure the sandbox is gone.
        """
        self._thaw()
        if not self._serve_until(lambda: self._api.is_waiting, deadline):
            return self._fail(invocation, report.timed_out(invocation))
        if not self._api.is_waiting:
            return None if self._has_answered else self._fail_as_exited(invocation)
        self._api.deliver(
            Delivery(
                request_id=invocation.request_id,
                payload=invocation.payload or b"{}",
                deadline_ms=now_ms() + int((deadline - time.monotonic()) * 1000),
                invoked_arn=invocation.invoked_arn or invocation.function_arn,
                trace_id=invocation.trace_id or _trace_id(),
                client_context=invocation.client_context,
            )
        )
        in_time = self._serve_until(lambda: self._api.answer is not None or self._is_out_of_memory, deadline)
        self._drain()
        self._watch_memory()
        if not in_time:
            return self._fail(invocation, report.timed_out(invocation))
        if self._is_out_of_memory:
            return self._fail(invocation, report.out_of_memory(invocation))
        if self._api.answer is None:
            is_lost = self._has_answered and self._was_not_read(deadline)
            return None if is_lost else self._fail_as_exited(invocation)
        self._has_answered = True
        return self._api.answer

    def freeze(self) -> None:
        """Stop what the function left running, until the next invocation."""
        if self._sandbox is not None:
            self._is_frozen = True
            self._sandbox.freeze()

    def take_segments(self) -> list[str]:
        """Return the segment documents that the function has sent since the last call."""
        return [] if self._trace_daemon is None else self._trace_daemon.take()

    def kill(self) -> None:
        """End the sandbox for good, from another thread; the one that waits for it takes it as an exit."""
        self._is_killed = True
        if (sandbox := self._sandbox) is not None:
            sandbox.kill()

    def close(self) -> None:
        """End everything in the environment; its network is the data plane's to take down. Safe to call twice."""
        if self._selector.get_map() is None:
            return
        self._stop()
        self._api.close()
        if self._trace_daemon is not None:
            self._trace_daemon.close()
        self._selector.close()

    def _thaw(self) -> None:
        if self._is_frozen and self._sandbox is not None:
            self._sandbox.thaw()
        self._is_frozen = False

    def _was_not_read(self, deadline: float) -> bool:
        """Whether the runtime ended with the invocation unread: its connection says so, once it is closed."""
        end = min(deadline, time.monotonic() + _LAST_WORDS_SECONDS)
        while self._api.is_delivering and (remaining := end - time.monotonic()) > 0:
            self._serve(remaining)
        return self._api.was_not_read

    def _fail_as_exited(self, invocation: Invocation) -> Failure:
        return self._fail(invocation, report.exited(invocation, self._wait_status))

    def _fail(self, invocation: Invocation, failure: Failure) -> Failure:
        self._measure()
        self._stop()
        SystemLog(self.log, invocation).failure(failure)
        return failure

    def _measure(self) -> None:
        """Note the most memory that one process, or now all together, had."""
        if self._sandbox is not None:
            peak = self._sandbox.peak_memory_mb()
            used = self._sandbox.used_memory_mb(self._request.memory_mb, peak)
            self.peak_memory_mb = max(peak or 0, used, self.peak_memory_mb or 0) or None

    def _start(self) -> None:
        sandbox = self._sandboxes.fork(self._request, self.network.namespace.fileno())
        self._sandbox, self._has_ended, self._wait_status, self._status_text = sandbox, False, None, b""
        self._has_answered = self._is_out_of_memory = False
        self.peak_memory_mb = None
        if self._is_killed:
            sandbox.kill()
        self._watch(sandbox.output, lambda _: self._read(sandbox.output, self.log.output))
        self._watch(sandbox.telemetry, lambda _: self._read(sandbox.telemetry, self.log.telemetry))
        self._watch(sandbox.status, self._read_status)

    def _stop(self) -> None:
        if self._sandbox is None:
            return
        sandbox, self._sandbox = self._sandbox, None
        sandbox.kill()
        for fd, take in ((sandbox.output, self.log.output), (sandbox.telemetry, self.log.telemetry)):
            self._read(fd, take)
        for fd in (sandbox.output, sandbox.telemetry, sandbox.status):
            self._unwatch(fd)
        self._api.reset()
        sandbox.close()
        self._has_ended = True

    def _watch(self, fd: int, handler: Handler) -> None:
        self._selector.register(fd, selectors.EVENT_READ, handler)

    def _unwatch(self, fd: int) -> None:
        with contextlib.suppress(KeyError):
            self._selector.unregister(fd)

    def _serve_until(self, condition: Callable[[], bool], deadline: float) -> bool:
        """Serve until ``condition`` or the sandbox's end; False when ``deadline`` came first."""
        while not condition() and not self._has_ended:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return False
            self._serve(min(remaining, _MEMORY_WATCH_SECONDS))
            if time.monotonic() - self._memory_watched >= _MEMORY_WATCH_SECONDS:
                self._watch_memory()
        return True

    def _serve(self, seconds: float) -> None:
        for key, events in self._selector.select(seconds):
            if key.fd in self._selector.get_map():
                key.data(events)

    def _watch_memory(self) -> None:
        self._measure()
        has_run_out = self._sandbox is not None and self._sandbox.has_run_out_of_memory()
        self._is_out_of_memory = has_run_out or (self.peak_memory_mb or 0) > self._request.memory_mb
        self._memory_watched = time.monotonic()

    def _drain(self) -> None:
        """Read what was printed before the answer was posted."""
        if self._sandbox is not None:
            self._read(self._sandbox.output, self.log.output)
            self._read(self._sandbox.telemetry, self.log.telemetry)

    def _read(self, fd: int, take: Callable[[bytes], None]) -> None:
        """Read what a pipe holds, once around; a flood must not keep this thread from the rest."""
        try:
            received = os.read(fd, _READ_BYTES)
        except BlockingIOError:
            return
        if received:
            take(received)
        else:
            self._unwatch(fd)

    def _read_status(self, _events: int) -> None:
        if self._sandbox is None:
            return
        try:
            received = os.read(self._sandbox.status, _READ_BYTES)
        except BlockingIOError:
            return
        if received:
            self._status_text += received
            return
        self._has_ended = True
        self._unwatch(self._sandbox.status)
        message = json.loads(self._status_text or "{}")
        self._wait_status = message.get("wait_status")
        if "error" in message:
            raise SandboxError(message["error"])


def _trace_id() -> str:
    return f"Root=1-{int(time.time()):08x}-{token_hex(12)};Parent={token_hex(8)};Sampled=0"
