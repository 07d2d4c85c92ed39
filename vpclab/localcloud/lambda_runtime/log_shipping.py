"""The log of one execution environment: what the service writes, what the function prints, and how it is shipped.

The service ships it, from its own side: nothing here uses the function's network. "Sending Lambda function logs
to CloudWatch Logs" and "Using the Lambda log format": the stream's name, and the lines INIT_START, START, END and
REPORT.
"""

import contextlib
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

from vpclab.localcloud.lambda_runtime.invocation import Invocation, LogEvent, ShipLogs

TAIL_BYTES = 4 * 1024
LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
"""Application log levels, the most detailed first."""
LARGEST_EVENT = 256 * 1024
LARGEST_OUTPUT = 4 * 1024 * 1024
"""Bytes of output that one invocation may log here; what is beyond is dropped, and the log says so."""
EVENT_OVERHEAD = 26
"""Bytes that an event counts for beside its message (PutLogEvents): a flood of short lines is a flood too."""

_FRAME_HEAD = 16
_FRAME_MAGIC = b"\xa5\x5a\x00"  # of every frame type of awslambdaric's telemetry framing


def stream_name(version: str, now: datetime | None = None) -> str:
    """Return ``YYYY/MM/DD/[version]<32 hex digits>``."""
    return f"{(now or datetime.now(UTC)):%Y/%m/%d}/[{version}]{uuid4().hex}"


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


class EnvironmentLog:
    """Gathers the events of one environment between shipments. ``clock`` gives milliseconds since the epoch.

    With ``least_level``, which functions that log in JSON have, printed lines below it are dropped ("Log-level
    filtering"); the runtime client does so with its own records.
    """

    def __init__(self, version: str, clock: Callable[[], int] = now_ms, *, least_level: str | None = None) -> None:
        self._least_level = least_level
        self.stream = stream_name(version)
        self._clock = clock
        self._events: list[LogEvent] = []
        self._line = bytearray()
        self._frames = bytearray()
        self._bytes = 0
        self._dropped = 0

    def platform(self, text: str) -> None:
        """Add a line of the service's own."""
        self._end_line()
        self._events.append(LogEvent(self._clock(), f"{text}\n"))

    def output(self, received: bytes) -> None:
        """Add what the function wrote to standard output or standard error: an event per line."""
        *lines, rest = received.split(b"\n")
        for line in lines:
            self._line += line
            self._end_line(ended=True)
        self._line += rest
        while len(self._line) >= LARGEST_EVENT:
            part = bytes(self._line[:LARGEST_EVENT])
            del self._line[:LARGEST_EVENT]
            self._add(part)

    def telemetry(self, received: bytes) -> None:
        """Add what the runtime client's log framing carries: an event per frame, however many lines it has.

        A frame is a type (4 bytes), the message's length (4), its time in microseconds (8), and the message.
        """
        self._frames += received
        while len(self._frames) >= _FRAME_HEAD:
            length = int.from_bytes(self._frames[4:8], "big")
            if self._frames[:3] != _FRAME_MAGIC or length > LARGEST_OUTPUT:
                self._frames.clear()  # not the runtime client, then: the descriptor is not for the function's use
                return
            if len(self._frames) < _FRAME_HEAD + length:
                return
            message = bytes(self._frames[_FRAME_HEAD : _FRAME_HEAD + length])
            del self._frames[: _FRAME_HEAD + length]
            self._end_line()
            self._add(message if message.endswith(b"\n") else message + b"\n")

    def take(self) -> list[LogEvent]:
        """Return the events since the last call, in order of time, and start anew."""
        self._end_line()
        if self._dropped:
            self._events.append(
                LogEvent(
                    self._clock(), f"[{self._dropped} bytes of output beyond {LARGEST_OUTPUT} were dropped]\n"
                )
            )
        events, self._events = self._events, []
        self._bytes = self._dropped = 0
        return events

    def _end_line(self, *, ended: bool = False) -> None:
        if self._line or ended:
            line, self._line = bytes(self._line), bytearray()
            if self._least_level is None or _rank(_level(line)) >= _rank(self._least_level):
                self._add(line + b"\n")

    def _add(self, message: bytes) -> None:
        size = len(message) + EVENT_OVERHEAD
        if self._bytes + size > LARGEST_OUTPUT:
            self._dropped += len(message)
            return
        self._bytes += size
        text = message.decode("utf-8", "replace").replace("\r", "\n")
        self._events.append(LogEvent(self._clock(), text))


def _level(line: bytes) -> str:
    """The level that a line says it has, if it is an object in JSON; INFO is given to all others."""
    if line.startswith(b"{"):
        with contextlib.suppress(ValueError, RecursionError):
            level = str(json.loads(line).get("level", "")).upper()
            return level if level in LEVELS else "INFO"
    return "INFO"


def _rank(level: str) -> int:
    return LEVELS.index(level)


def tail(events: list[LogEvent]) -> bytes:
    """Return the last 4 KiB of the log, as ``LogType=Tail`` gives it."""
    kept: list[bytes] = []
    size = 0
    for event in reversed(events):
        if size >= TAIL_BYTES:
            break
        kept.append(event.message.encode())
        size += len(kept[-1])
    return b"".join(reversed(kept))[-TAIL_BYTES:]


def ship(ship_logs: ShipLogs, invocation: Invocation, log: EnvironmentLog) -> bytes:
    """Ship what ``log`` has gathered; return its tail. Where the role may not write, the events are lost."""
    events = log.take()
    ship_logs(
        function_arn=invocation.function_arn,
        role_arn=invocation.role_arn,
        log_group=invocation.log_group,
        log_stream=log.stream,
        events=events,
    )
    return tail(events)
