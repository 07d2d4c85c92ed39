"""The daemon's end of the fork server: start it, ask it for sandboxes, end them."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

from vpclab.localcloud.kernel_file import KernelFile
from vpclab.localcloud.lambda_runtime import sandbox_memory
from vpclab.localcloud.lambda_runtime.sandbox_request import FREEZE, THAW, SandboxRequest
from vpclab.localcloud.memory_cgroup import CloudCgroup, EnvironmentCgroup

_START_SECONDS = 60.0
_FORK_SECONDS = 10.0
_PIPE_BYTES = 64 * 1024
_OWN_PROCESSES = 2  # the sandbox's first, and the function's


class SandboxError(Exception):
    """No sandbox could be made; the text says what stands in the way."""


@dataclass(slots=True)
class Sandbox:
    """A running sandbox. ``pid`` is its first process; ``output``, ``telemetry``, ``status`` are pipes to read.

    ``telling`` is a pipe to its first process. ``cgroup``: its own in ``cgroups``, where there are any.
    """

    pid: int
    process: int
    output: int
    telemetry: int
    status: int
    telling: int
    cgroups: CloudCgroup | None = None
    cgroup: EnvironmentCgroup | None = None
    _status_file: KernelFile | None = None
    _is_open: bool = True
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def peak_memory_mb(self) -> int | None:
        """The most memory that the function's process had resident, in MiB; None when it is gone."""
        with contextlib.suppress(OSError):
            if self._status_file is None:
                self._status_file = self._open_status()
            if self._status_file is not None:
                return -(-self._status_file.number(b"VmHWM:") // 1024) or None
        return None

    def used_memory_mb(self, bound_mb: int, peak_mb: int | None) -> int:
        """The MiB that all processes of the sandbox hold together now: exact when more than ``bound_mb``.

        ``peak_mb``: what ``peak_memory_mb`` has told. Where that is no less, 0 may be returned. Where there is a
        cgroup, memory counts that no process maps.
        """
        if self.cgroup is None:
            return sandbox_memory.used_mb(self.pid, bound_mb)
        held = self.cgroup.held_mb(peak_mb or 0)
        if peak_mb is not None and self.cgroup.processes() == _OWN_PROCESSES:
            return held  # no process's memory is to be added to the function's
        return max(held, sandbox_memory.used_mb(self.pid, bound_mb))

    def has_run_out_of_memory(self) -> bool:
        """Whether the kernel has ended one of its processes for want of memory."""
        return self.cgroup is not None and self.cgroup.has_killed()

    def freeze(self) -> None:
        """Stop every process of the sandbox, soon, until ``thaw``."""
        self._tell(FREEZE)

    def thaw(self) -> None:
        """Have them go on."""
        self._tell(THAW)

    def kill(self) -> None:
        """End every process of the sandbox: the kernel does it with the first one. Any thread may call it."""
        with self._lock:
            if self._is_open:
                self._send(signal.SIGKILL)

    def close(self) -> None:
        """Kill, and let go of the descriptors; safe to call twice."""
        with self._lock:
            if not self._is_open:
                return
            self._is_open = False
            self._send(signal.SIGKILL)
            for fd in (self.process, self.output, self.telemetry, self.status, self.telling):
                os.close(fd)
            if self._status_file is not None:
                self._status_file.close()
        if self.cgroup is not None and self.cgroups is not None:
            self.cgroups.leave(self.cgroup)

    def _open_status(self) -> KernelFile | None:
        """What the kernel tells of the process that runs the function's code, the first process's oldest child."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return KernelFile(Path(f"/proc/{children[0]}/status")) if children else None

    def _tell(self, word: bytes) -> None:
        with contextlib.suppress(BrokenPipeError, BlockingIOError):  # it has ended; it will not read any more
            os.write(self.telling, word)

    def _send(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.process, number)


class Sandboxes:
    """The fork server and its sandboxes. It starts in the background when this object is made.

    With ``cgroups`` each sandbox's memory is bounded by one of its own.
    """

    def __init__(self, mount_point: Path, code: Path, trust: Path, cgroups: CloudCgroup | None = None) -> None:
        self._cgroups = cgroups
        self._arguments = ("--mount-point", str(mount_point), "--code", str(code), "--trust", str(trust))
        mount_point.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: socket.socket | None = None
        self._is_ready = False
        self._connection = self._start()

    def fork(self, request: SandboxRequest, network: int) -> Sandbox:
        """Make a sandbox in the network namespace behind the descriptor ``network``.

        Raises:
            SandboxError: the fork server cannot run here, or the kernel refused a process.
        """
        cgroup = self._cgroup(request)
        pipes = [os.pipe2(os.O_CLOEXEC) for _ in range(3)]
        writers = [write for _, write in pipes]
        told, telling = os.pipe2(os.O_CLOEXEC)
        joining = [] if cgroup is None else [cgroup.joining]
        try:
            pid, process = self._ask(request.encode(), [network, *writers, told, *joining])
        except SandboxError:
            for fd in (telling, *(read for read, _ in pipes)):
                os.close(fd)
            if cgroup is not None and self._cgroups is not None:
                self._cgroups.leave(cgroup)
            raise
        finally:
            for fd in (told, *writers):
                os.close(fd)
        if cgroup is not None:
            cgroup.has_joined()
        for fd in (telling, *(read for read, _ in pipes)):
            os.set_blocking(fd, False)
        (output, _), (telemetry, _), (status, _) = pipes
        return Sandbox(pid, process, output, telemetry, status, telling, self._cgroups, cgroup)

    def wait_until_ready(self) -> None:
        """Wait for the fork server, which starts in the background.

        Raises:
            SandboxError: it cannot run here.
        """
        with self._lock:
            self._answering_connection()

    def close(self) -> None:
        """End the fork server and, with it, every sandbox."""
        with self._lock:
            self._stop()

    def tidy(self) -> None:
        """Remove what sandboxes that were killed have left, now that they have ended."""
        if self._cgroups is not None:
            self._cgroups.tidy()

    def _cgroup(self, request: SandboxRequest) -> EnvironmentCgroup | None:
        if self._cgroups is None:
            return None
        try:
            return self._cgroups.environment(request.memory_mb, request.ephemeral_storage_mb)
        except OSError as refusal:
            raise SandboxError(f"the kernel gave no cgroup for the function's memory: {refusal}") from None

    def _ask(self, message: bytes, descriptors: list[int]) -> tuple[int, int]:
        with self._lock:
            connection = self._answering_connection()
            try:
                socket.send_fds(connection, [message], descriptors)
                answer, received, _, _ = socket.recv_fds(connection, _PIPE_BYTES, 1)
            except OSError as trouble:
                raise self._lost(trouble) from None
        fields = json.loads(answer or '{"error": "it ended"}')
        if "error" in fields:
            raise SandboxError(f"the fork server of functions refused: {fields['error']}")
        return fields["pid"], received[0]

    def _lost(self, trouble: OSError) -> SandboxError:
        self._stop()  # the next request starts another
        return SandboxError(f"the fork server of functions does not answer: {trouble}")

    def _answering_connection(self) -> socket.socket:
        if self._connection is None or self._process is None or self._process.poll() is not None:
            self._stop()
            self._connection = self._start()
        if not self._is_ready:
            self._connection.settimeout(_START_SECONDS)
            try:
                message = self._connection.recv(_PIPE_BYTES)
            except OSError as trouble:
                raise self._lost(trouble) from None
            fields = json.loads(message or '{"error": "it ended while it started"}')
            if "error" in fields:
                raise SandboxError(fields["error"])
            self._connection.settimeout(_FORK_SECONDS)
            self._is_ready = True
        return self._connection

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            program = [sys.executable, "-m", "vpclab.localcloud.lambda_runtime.fork_server"]
            self._process = subprocess.Popen(
                [*program, "--socket", str(theirs.fileno()), *self._arguments],
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        # It is buried when it ends, not when it is asked for the next time.
        threading.Thread(target=self._process.wait, name="end of the fork server", daemon=True).start()
        self._is_ready = False
        return ours

    def _stop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
