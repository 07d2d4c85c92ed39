"""Starting, finding and stopping the local cloud's one process.

``start`` launches ``daemon_process`` and returns when it serves. The process is on its own from then on, unless
it was started with a lifeline: then it ends when its starter does, however that ended.
"""

import contextlib
import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from vpclab.localcloud import daemon_state
from vpclab.localcloud.daemon_state import DaemonStatus

__all__ = ["DaemonError", "DaemonStatus", "start", "status", "stop"]

START_SECONDS = 60.0
STOP_SECONDS = 20.0
LOG_NAME = "daemon.log"
_LOG_TAIL = 1500
_FIRST_OWN = 3
"""The first descriptor that is not a standard stream."""

_lifelines: list[int] = []  # held open on purpose: the kernel closes them with this process


class DaemonError(Exception):
    """The local cloud could not be started or stopped. The text says what stands in the way and what to change."""


def start(
    port: int,
    state: Path,
    *,
    lifeline: bool = False,
    authorization: bool = True,
    settings: Sequence[str] = (),
) -> DaemonStatus:
    """Start the local cloud on ``127.0.0.1:port`` (0: any free port) and return when it serves.

    ``state`` is its directory: note, log, certificates, databases. A note that a killed cloud left is replaced.
    ``authorization``: whether requests are held against policies. ``settings``: ``name=value`` for each of
    ``control_plane.settings`` that shall be another number.

    Raises:
        DaemonError: one already runs from that directory, the port is taken, the directory cannot be written to,
            the kernel lacks something.
    """
    with contextlib.ExitStack() as held:
        try:
            state.mkdir(parents=True, exist_ok=True)
            held.enter_context(daemon_state.starting(state))
        except OSError as refusal:
            raise DaemonError(
                f"the local cloud keeps its log and files in {state}, and cannot: {refusal}. Make that a "
                "directory that you may write to, or name another one in VPCLAB_STATE"
            ) from None
        options = [] if authorization else ["--no-authorization"]
        options += [f"--setting={assignment}" for assignment in settings]
        return _start(port, state, options, lifeline=lifeline)


def _start(port: int, state: Path, options: Sequence[str], *, lifeline: bool) -> DaemonStatus:
    running = status(state)
    if running is not None:
        raise DaemonError(
            f"a local cloud already serves at {running.endpoint} (pid {running.pid}); "
            "use it as it is, or `vpclab cloud stop` first"
        )
    daemon_state.forget(state)
    answers_read, answers_write = _pipe()
    argv = [sys.executable, "-m", "vpclab.localcloud.daemon_process"]
    argv += ["--port", str(port), "--state", str(state.resolve()), "--answers", str(answers_write)]
    argv += options
    passed = [answers_write]
    if lifeline:
        lifeline_read, lifeline_write = _pipe()
        _lifelines.append(lifeline_write)
        argv += ["--lifeline", str(lifeline_read)]
        passed.append(lifeline_read)
    log = state / LOG_NAME
    with log.open("wb") as output:
        launcher = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=passed,
            start_new_session=True,
            cwd="/",
        )
    for fd in passed:
        os.close(fd)
    with os.fdopen(answers_read, "rb", buffering=0) as answers:
        return _await_service(launcher, answers.fileno(), state)


def _pipe() -> tuple[int, int]:
    """A pipe whose ends are none of the standard streams, also where these were closed.

    Else the launched process's log would take the place of its end, and nobody would hear that it serves.
    """
    low = os.pipe()
    try:
        read, write = (fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _FIRST_OWN) for fd in low)
    finally:
        for fd in low:
            os.close(fd)
    return read, write


def status(state: Path) -> DaemonStatus | None:
    """Return the local cloud that runs from that directory, or None."""
    return daemon_state.read(state)


def stop(state: Path) -> DaemonStatus | None:
    """End the local cloud that runs from that directory and wait until it is gone; None if none ran.

    Raises:
        DaemonError: it still runs after the deadline, or it belongs to somebody else.
    """
    running = status(state)
    if running is None:
        daemon_state.forget(state)
        return None
    try:
        os.kill(running.pid, signal.SIGTERM)
        if not _gone(running, STOP_SECONDS):
            os.kill(running.pid, signal.SIGKILL)
            if not _gone(running, STOP_SECONDS):
                raise DaemonError(f"the local cloud (pid {running.pid}) does not end, not even when killed")
    except ProcessLookupError:
        pass
    except PermissionError:
        raise DaemonError(
            f"the local cloud (pid {running.pid}) belongs to another user: stop it as the user that started it"
        ) from None
    daemon_state.forget(state)
    return running


def _gone(running: DaemonStatus, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    with contextlib.suppress(ProcessLookupError):
        handle = os.pidfd_open(running.pid)
        try:
            while daemon_state.birth_of(running.pid) == running.birth:
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                select.select([handle], [], [], left)
        finally:
            os.close(handle)
    return True


def _await_service(launcher: "subprocess.Popen[bytes]", answers: int, state: Path) -> DaemonStatus:
    deadline = time.monotonic() + START_SECONDS
    pending = b""
    pid: int | None = None
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([answers], [], [], left)[0]:
            _end(launcher, pid)
            raise DaemonError(f"the local cloud did not serve within {START_SECONDS:.0f} s.\n{_log_tail(state)}")
        chunk = os.read(answers, 65536)
        if not chunk:
            launcher.wait()
            raise DaemonError(f"the local cloud ended before it served.\n{_log_tail(state)}")
        pending += chunk
        *lines, pending = pending.split(b"\n")
        for line in lines:
            answer = json.loads(line)
            if "error" in answer:
                launcher.wait()
                raise DaemonError(answer["error"])
            pid = answer.get("pid", pid)
            if "serving" in answer and pid is not None:
                launcher.wait()
                note = DaemonStatus(
                    pid=pid, port=answer["serving"], started=time.time(), birth=daemon_state.birth_of(pid) or 0
                )
                daemon_state.write(state, note)
                return note


def _end(launcher: "subprocess.Popen[bytes]", pid: int | None) -> None:
    for one in (pid, launcher.pid if launcher.poll() is None else None):
        if one is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
    launcher.wait()


def _log_tail(state: Path) -> str:
    text = (state / LOG_NAME).read_text(errors="replace")[-_LOG_TAIL:].strip()
    return f"The end of its log ({state / LOG_NAME}):\n{text}" if text else f"Its log is {state / LOG_NAME}"
