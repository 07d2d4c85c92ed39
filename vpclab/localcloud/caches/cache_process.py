"""One Valkey process: started in its interface's namespace, ready once it answers PING."""

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING

from vpclab.localcloud import server_sandbox
from vpclab.localcloud.caches.configuration import DATA, SOCKET, SOCKETS, USER, command_line
from vpclab.localcloud.caches.distribution import INSTALLED_AT, installed
from vpclab.localcloud.server_process import STARTING_SECONDS, ServerError, ServerProcess, end

if TYPE_CHECKING:
    from vpclab.localcloud.namespace import NetworkNamespace

_POLL_SECONDS = 0.02
_ANSWER_SECONDS = 5.0
_LOG_TAIL_BYTES = 2000


@dataclass(frozen=True, slots=True)
class CacheSpecification:
    """Everything that makes a process the one that is wanted; ``name`` is the node's ARN."""

    name: str
    address: IPv4Address
    port: int
    namespace: "NetworkNamespace"


class CacheProcess(ServerProcess[CacheSpecification]):
    """Runs one node until ``stop``. When it dies it is started again, empty: nothing is kept on disk."""

    def __init__(
        self,
        specification: CacheSpecification,
        directory: Path,
        ready: Callable[[], None],
        predecessor: threading.Thread | None = None,
    ) -> None:
        super().__init__(specification, predecessor)
        self._directory = directory
        self._ready = ready

    def _run_once(self) -> None:
        distribution = installed()
        data, sockets, root = (self._directory / one for one in ("data", "sockets", "root"))
        for directory in (data, sockets):
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir(mode=0o700, parents=True)
        root.mkdir(exist_ok=True)
        network = self.specification.namespace.fileno()
        command = server_sandbox.command(
            command_line(str(self.specification.address), self.specification.port),
            user=USER,
            mount_point=root,
            readable={distribution: INSTALLED_AT},
            writable={data: DATA, sockets: SOCKETS},
            network=network,
        )
        with (self._directory / "valkey.log").open("ab") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[network]
            )
        try:
            self._look_after(process, sockets)
        finally:
            end(process, signal.SIGTERM)

    def _look_after(self, process: "subprocess.Popen[bytes]", sockets: Path) -> None:
        deadline = time.monotonic() + STARTING_SECONDS
        while not answers(sockets):
            if self._stopping.is_set():
                return
            if process.poll() is not None:
                raise ServerError(f"Valkey ended while starting: {self._log_tail()}")
            if time.monotonic() > deadline:
                raise ServerError(f"Valkey did not start in {STARTING_SECONDS:.0f} s: {self._log_tail()}")
            self._stopping.wait(_POLL_SECONDS)
        self.state = "available"
        self._ready()
        if self._until_it_ends(process, lambda: None):
            raise ServerError(f"Valkey ended by itself: {self._log_tail()}")

    def _log_tail(self) -> str:
        log = self._directory / "valkey.log"
        return log.read_bytes()[-_LOG_TAIL_BYTES:].decode(errors="replace").strip() if log.exists() else "no log"


def answers(sockets: Path) -> bool:
    """Whether a node answers PING on its local socket. Its path may be 107 bytes, so a descriptor shortens it."""
    with suppress(OSError):
        directory = os.open(sockets, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(_ANSWER_SECONDS)
                connection.connect(f"/proc/self/fd/{directory}/{SOCKET}")
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
        finally:
            os.close(directory)
    return False
