"""What the service itself says in a function's log, as lines of text or as objects in JSON.

"Using Lambda's JSON log format with system logs" and "Log-level filtering": the events, and the level of each. In
JSON nothing is said of failures beside the events' status and errorType; in text a line of its own says it.
"""

import json
from datetime import UTC, datetime

from vpclab.localcloud.lambda_runtime import report
from vpclab.localcloud.lambda_runtime.invocation import JSON, UNHANDLED, Invocation
from vpclab.localcloud.lambda_runtime.log_shipping import EnvironmentLog
from vpclab.localcloud.lambda_runtime.report import TIMED_OUT, Failure

_LEVELS = ("DEBUG", "INFO", "WARN")
_PHASE: dict[str, object] = {"initializationType": "on-demand"}


class SystemLog:
    """Writes to ``log`` in the format, and from the level on, that the function is configured with."""

    def __init__(self, log: EnvironmentLog, invocation: Invocation) -> None:
        self._log = log
        self._invocation = invocation
        self._is_json = invocation.log_format == JSON

    def init_start(self) -> None:
        """An environment is new."""
        invocation = self._invocation
        if not self._is_json:
            self._log.platform(report.init_start(invocation))
            return
        version, arn = report.runtime_version(invocation.runtime, invocation.region)
        record: dict[str, object] = {
            "phase": "init",
            "runtimeVersion": version,
            "runtimeVersionArn": arn,
            "functionName": invocation.function_name,
            "functionVersion": invocation.version,
        }
        self._event("INFO", "initStart", _PHASE | record)

    def init_report(self, seconds: float, phase: str, error_type: str | None) -> None:
        """An initialisation is over; in text only a failed one is told."""
        if not self._is_json:
            if error_type is not None:
                self._log.platform(report.init_report(seconds, phase, error_type))
            return
        level = "DEBUG" if error_type is None else "WARN"
        ended = _PHASE | {"phase": phase} | _status(error_type)
        self._event(level, "initRuntimeDone", ended)
        self._event(level, "initReport", ended | {"metrics": {"durationMs": _milliseconds(seconds)}})

    def start(self) -> None:
        """An invocation begins."""
        invocation = self._invocation
        if not self._is_json:
            self._log.platform(f"START RequestId: {invocation.request_id} Version: {invocation.version}")
            return
        self._event("INFO", "start", {"requestId": invocation.request_id, "version": invocation.version})

    def failure(self, failure: Failure) -> None:
        """The service ended an invocation, or found its runtime gone."""
        if not self._is_json:
            self._log.platform(failure.line or "")

    def end(
        self,
        *,
        duration: float,
        init_duration: float | None,
        memory_mb: int | None,
        failure: Failure | None,
        error_type: str | None,
    ) -> None:
        """An invocation is over. Durations in seconds; ``error_type`` also where the handler raised."""
        invocation = self._invocation
        if not self._is_json:
            self._log.platform(f"END RequestId: {invocation.request_id}")
            self._log.platform(report.report(invocation, duration, memory_mb, init_duration, failure))
            return
        status = _status(error_type)
        request: dict[str, object] = {"requestId": invocation.request_id}
        metrics: dict[str, object] = {
            "durationMs": _milliseconds(duration),
            "billedDurationMs": report.billed_ms(duration, init_duration),
            "memorySizeMB": invocation.memory_mb,
            "maxMemoryUsedMB": memory_mb or 0,
        }
        if init_duration is not None:
            metrics["initDurationMs"] = _milliseconds(init_duration)
        done = request | status | {"metrics": {"durationMs": _milliseconds(duration)}}
        self._event("DEBUG" if error_type is None else "WARN", "runtimeDone", done)
        self._event("INFO" if error_type is None else "WARN", "report", request | {"metrics": metrics} | status)

    def _event(self, level: str, kind: str, record: dict[str, object]) -> None:
        if _LEVELS.index(level) < _LEVELS.index(self._invocation.system_log_level):
            return
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._log.platform(json.dumps({"time": now, "type": f"platform.{kind}", "record": record}))


def _status(error_type: str | None) -> dict[str, object]:
    if error_type is None:
        return {"status": "success"}
    if error_type == TIMED_OUT:
        return {"status": "timeout"}
    if error_type == UNHANDLED:  # the handler raised, and the runtime client named no type
        return {"status": "error"}
    return {"status": "error", "errorType": error_type}


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 2)
