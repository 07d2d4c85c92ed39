"""One PostgreSQL process and the thread that looks after it, from its first start to its end."""

import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pg8000.exceptions

from vpclab.localcloud import server_sandbox
from vpclab.localcloud.databases import administration, template
from vpclab.localcloud.databases.configuration import (
    DATA,
    SOCKETS,
    USER,
    Listening,
    pg_hba_conf,
    postgresql_conf,
)
from vpclab.localcloud.databases.distribution import DatabaseError, Distribution, installed
from vpclab.localcloud.server_process import STARTING_SECONDS, ServerProcess, end

if TYPE_CHECKING:
    from vpclab.localcloud.control_plane.database_credentials import DatabaseCredentials
    from vpclab.localcloud.control_plane.database_settings import DatabaseSettings
    from vpclab.localcloud.namespace import NetworkNamespace

_POLL_SECONDS = 0.02
_LOG_TAIL_BYTES = 2000


class Certificates(Protocol):
    """The part of a certificate authority that a server needs."""

    def issue(self, *names: str) -> tuple[bytes, bytes]:
        """Return private key and chain for names, PEM."""


@dataclass(frozen=True, slots=True)
class DatabaseSpecification:
    """Everything that makes a process the one that is wanted; another value needs another process."""

    name: str
    """What the callbacks and messages call it: the instance's ARN."""

    endpoint_address: str
    address: IPv4Address
    port: int
    namespace: "NetworkNamespace"
    boots: int = 0
    """Another number asks for a restart."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an instance has around it: its own directory, the template's, and whom it asks and tells."""

    directory: Path
    cache: Path
    authority: Certificates
    credentials: "Callable[[], DatabaseCredentials]"
    settings: "Callable[[], DatabaseSettings]"
    ready: Callable[[], None]


class DatabaseProcess(ServerProcess[DatabaseSpecification]):
    """Runs one instance until ``stop``; starts it again when it dies."""

    def __init__(
        self,
        specification: DatabaseSpecification,
        surroundings: Surroundings,
        predecessor: threading.Thread | None = None,
    ) -> None:
        super().__init__(specification, predecessor)
        self._surroundings = surroundings
        self._directory = surroundings.directory
        self._applied: DatabaseCredentials | None = None
        self._force_ssl: bool | None = None

    def _run_once(self) -> None:
        distribution = installed()
        data = self._prepare(distribution)
        (self._directory / "root").mkdir(exist_ok=True)
        sockets = self._directory / "sockets"
        shutil.rmtree(sockets, ignore_errors=True)
        sockets.mkdir(mode=0o700)
        network = self.specification.namespace.fileno()
        command = server_sandbox.command(
            [distribution.program("postgres"), "-D", str(DATA)],
            user=USER,
            mount_point=self._directory / "root",
            readable={distribution.directory: distribution.installed_at},
            writable={data: DATA, sockets: SOCKETS},
            network=network,
        )
        with (self._directory / "postgresql.log").open("ab") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[network]
            )
        try:
            self._look_after(process, sockets)
        finally:
            end(process, signal.SIGINT)  # fast shutdown: clients are told

    def _prepare(self, distribution: Distribution) -> Path:
        data = self._directory / "data"
        if not data.is_dir():
            self._directory.mkdir(parents=True, exist_ok=True)
            partial = self._directory / "data.partial"
            shutil.rmtree(partial, ignore_errors=True)
            template.copy(template.ensure(distribution, self._surroundings.cache), partial)
            partial.rename(data)
        (data / "postmaster.pid").unlink(missing_ok=True)  # its pid meant a process of an ended PID namespace
        key, chain = self._surroundings.authority.issue(self.specification.endpoint_address)
        _write_secret(data / "server.key", key)
        (data / "server.crt").write_bytes(chain)
        self._configure(data, force_ssl=self._surroundings.settings().force_ssl)
        return data

    def _configure(self, data: Path, *, force_ssl: bool) -> None:
        listening = Listening(self.specification.address, self.specification.port, force_ssl)
        (data / "postgresql.conf").write_text(postgresql_conf(listening))
        (data / "pg_hba.conf").write_text(pg_hba_conf(listening))
        self._force_ssl = force_ssl

    def _look_after(self, process: subprocess.Popen[bytes], sockets: Path) -> None:
        """Wait until it accepts connections, set it up, tell; then follow credentials until it ends."""
        port = self.specification.port
        deadline = time.monotonic() + STARTING_SECONDS
        while not administration.accepts_connections(sockets, port):
            if self._stopping.is_set():
                return
            if process.poll() is not None:
                raise DatabaseError(f"PostgreSQL ended while starting: {self._log_tail()}")
            if time.monotonic() > deadline:
                raise DatabaseError(f"PostgreSQL did not start in {STARTING_SECONDS:.0f} s: {self._log_tail()}")
            self._stopping.wait(_POLL_SECONDS)
        self._applied = None
        self._follow(sockets, port)
        self.state = "available"
        self._surroundings.ready()
        if self._until_it_ends(process, lambda: self._follow(sockets, port)):
            raise DatabaseError(f"PostgreSQL ended by itself: {self._log_tail()}")

    def _follow(self, sockets: Path, port: int) -> None:
        """Bring the running server in line with its master user and its settings."""
        try:
            credentials = self._surroundings.credentials()
            force_ssl = self._surroundings.settings().force_ssl
        except KeyError:
            if self._applied is None:
                raise
            return  # the instance is being deleted: the next reconciliation ends us
        if force_ssl != self._force_ssl:
            self._configure(self._directory / "data", force_ssl=force_ssl)
            administration.reload(sockets, port)
        if credentials == self._applied:
            return
        try:
            administration.apply(sockets, port, credentials)
        except pg8000.exceptions.DatabaseError as refusal:
            raise DatabaseError(f"the master user could not be set up: {refusal}") from refusal
        self._applied = credentials

    def _log_tail(self) -> str:
        log = self._directory / "postgresql.log"
        return log.read_bytes()[-_LOG_TAIL_BYTES:].decode(errors="replace").strip() if log.exists() else "no log"


def _write_secret(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(content)
