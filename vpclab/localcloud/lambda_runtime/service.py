"""The Lambda service's data plane: running a function and waiting for its answer."""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from vpclab.localcloud.lambda_runtime import log_shipping, report
from vpclab.localcloud.lambda_runtime.code_store import CodeStore
from vpclab.localcloud.lambda_runtime.environments import Environments, Place
from vpclab.localcloud.lambda_runtime.invocation import (
    UNHANDLED,
    EnvironmentNetworks,
    Invocation,
    InvocationRefused,
    InvocationResult,
    PutTraceSegments,
    ShipLogs,
)
from vpclab.localcloud.lambda_runtime.limits import DEFAULT_LIMITS, Limits
from vpclab.localcloud.lambda_runtime.report import Failure
from vpclab.localcloud.lambda_runtime.sandboxes import SandboxError, Sandboxes
from vpclab.localcloud.lambda_runtime.system_log import SystemLog
from vpclab.localcloud.lambda_runtime.tracing import InvocationTrace
from vpclab.localcloud.memory_cgroup import CloudCgroup

if TYPE_CHECKING:
    from vpclab.localcloud.lambda_runtime.runtime_api import Answer


class LambdaRuntime:
    """Runs functions. ``trust`` is the bundle of authorities they trust; ``directory`` is for unpacked code.

    Without ``put_trace_segments`` no function is traced, whatever its configuration. With ``cgroups``, memory is
    bounded by them, too.
    """

    def __init__(  # noqa: PLR0913 - the places it brings together
        self,
        data_plane: EnvironmentNetworks,
        ship_logs: ShipLogs,
        trust: Path,
        directory: Path,
        limits: Limits = DEFAULT_LIMITS,
        *,
        put_trace_segments: PutTraceSegments | None = None,
        cgroups: CloudCgroup | None = None,
    ) -> None:
        self._ship_logs = ship_logs
        self._put_trace_segments = put_trace_segments
        self._limits = limits
        store = CodeStore(directory / "code")
        self._sandboxes = Sandboxes(directory / "root", store.directory, trust, cgroups)
        self._environments = Environments(data_plane, self._sandboxes, store, limits)

    def invoke(self, invocation: Invocation) -> InvocationResult:
        """Invoke a function and wait for its answer.

        Raises:
            InvocationRefused: an error of the Invoke API; the function did not run.
        """
        if not invocation.runtime.startswith("python3."):
            raise InvocationRefused(
                "InvalidRuntimeException",
                f"the local cloud runs Python functions, not {invocation.runtime}: choose a python3.x runtime",
                status=502,
            )
        if not invocation.is_traced or self._put_trace_segments is None:
            return self._run(_checked(replace(invocation, is_traced=False)))
        trace = InvocationTrace.begin(invocation.trace_id)
        return self._run(_checked(replace(invocation, trace_id=trace.header)), trace)

    def function_changed(self, function_arn: str) -> None:
        """Have no later invocation run in an environment that was made before."""
        self._environments.function_changed(function_arn)

    def status(self) -> dict[str, int]:
        """For the cloud's status: how many environments wait for an invocation, and how many have one."""
        idle, busy = self._environments.count()
        return {"idle": idle, "busy": busy}

    def close(self) -> None:
        """End everything that runs."""
        self._environments.close()
        self._sandboxes.close()

    def _run(self, invocation: Invocation, trace: InvocationTrace | None = None) -> InvocationResult:
        while True:
            place, is_new = self._environments.acquire(invocation)
            try:
                result = self._invoke_in(place, invocation, trace, is_new=is_new)
            except SandboxError as trouble:
                self._environments.discard(place)
                raise InvocationRefused("ServiceException", str(trouble), status=500) from None
            except BaseException:
                self._environments.discard(place)
                raise
            if result is not None:
                return result

    def _invoke_in(
        self, place: Place, invocation: Invocation, trace: InvocationTrace | None, *, is_new: bool
    ) -> InvocationResult | None:
        """Invoke in this environment; None when it turned out to be gone before the function got the event."""
        log = SystemLog(place.environment.log, invocation)
        init_duration: float | None = None
        failure: Failure | None = None
        if is_new:
            self._sandboxes.wait_until_ready()
        started = time.monotonic()
        if is_new:
            log.init_start()
            failure = place.environment.initialise(invocation, started + self._limits.initialisation)
            init_duration = time.monotonic() - started
            log.init_report(init_duration, "init", failure.error_type if failure else None)
            started = time.monotonic()
            if failure is not None:
                init_duration = None
                failure = self._initialise_again(place, invocation, started)
        log.start()
        answer: Answer | Failure | None = failure
        if answer is None:
            answer = place.environment.invoke(invocation, started + invocation.timeout)
        elif failure is not None and failure.error_type == report.TIMED_OUT:
            log.failure(failure)
        if answer is None:
            self._environments.discard(place)
            return None
        failure = answer if isinstance(answer, Failure) else None
        log.end(
            duration=time.monotonic() - started,
            init_duration=init_duration,
            memory_mb=place.environment.peak_memory_mb,
            failure=failure,
            error_type=answer.error_type,
        )
        tail = log_shipping.ship(self._ship_logs, invocation, place.environment.log)
        is_error = answer.error_type is not None
        if trace is not None:
            sent = place.environment.take_segments()
            self._send_trace(invocation, [*trace.segments(invocation, failed=is_error), *sent])
        if failure is None:
            place.environment.freeze()
            self._environments.release(place)
        else:
            self._environments.discard(place)
        return InvocationResult(
            200, answer.payload, UNHANDLED if is_error else None, tail, executed_version=invocation.version
        )

    def _send_trace(self, invocation: Invocation, documents: list[str]) -> None:
        """Deliver segments; where the role may not, they are lost, and the function hears nothing of it."""
        if self._put_trace_segments is not None and documents:
            self._put_trace_segments(
                function_arn=invocation.function_arn, role_arn=invocation.role_arn, documents=documents
            )

    def _initialise_again(self, place: Place, invocation: Invocation, started: float) -> Failure | None:
        """Repeat a failed initialisation as part of the invocation, within its timeout, as the service does."""
        failure = place.environment.initialise(invocation, started + invocation.timeout)
        if failure is not None:
            log = SystemLog(place.environment.log, invocation)
            log.init_report(time.monotonic() - started, "invoke", failure.error_type)
            if failure.error_type == report.TIMED_OUT:
                return report.timed_out(invocation)
        return failure


def _checked(invocation: Invocation) -> Invocation:
    """Return the invocation with its client context fit for a header; refuse what Invoke refuses."""
    _parsed(invocation.payload or b"{}", "Could not parse request body into json")
    if invocation.client_context is None:
        return invocation
    context = _parsed(invocation.client_context, "Client context must be a valid Base64-encoded JSON object.")
    return replace(invocation, client_context=json.dumps(context))


def _parsed(text: str | bytes, complaint: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        text = complaint if complaint.endswith(".") else f"{complaint}: {error}"
        raise InvocationRefused("InvalidRequestContentException", text, status=400) from None
