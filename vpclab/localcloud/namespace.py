"""Network namespaces, each held open by a file descriptor: no name, no mount, nothing to clean up.

With ``private_world`` and ``system_calls`` the only place that enters namespaces. The caller is already inside a
private world and therefore holds the capabilities over what it makes here.
"""

import fcntl
import os
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from vpclab.localcloud.system_calls import CLONE_NEWNET, setns, unshare

T = TypeVar("T")

_SIOCSIFFLAGS = 0x8914
_IFF_UP_RUNNING = 0x41
_IP_FREEBIND = 15  # linux/in.h; the socket module of Python 3.11 lacks it


class NamespaceError(Exception):
    """A program that ran inside a network namespace failed; the text is its own complaint."""


class _Errand(threading.Thread, Generic[T]):
    """One call in a thread of its own, because a thread that entered a namespace is best never used again."""

    def __init__(self, enter: Callable[[], None], function: Callable[[], T]) -> None:
        super().__init__(daemon=True)
        self._enter = enter
        self._function = function
        self._answer: T
        self._error: BaseException | None = None

    def run(self) -> None:
        """Enter, call, keep the outcome for ``outcome``."""
        try:
            self._enter()
            self._answer = self._function()
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            self._error = error

    def outcome(self) -> T:
        """Wait; return what the function returned or raise what it raised."""
        self.start()
        self.join()
        if self._error is not None:
            raise self._error
        return self._answer


class NetworkNamespace:
    """A network namespace. It lives until ``close`` and until the last socket or process in it is gone."""

    def __init__(self, label: str, fd: int) -> None:
        self.label = label
        self._fd = fd

    @classmethod
    def create(cls, label: str) -> "NetworkNamespace":
        """Make an empty namespace whose loopback interface is up. ``label`` is for messages only."""

        def opened() -> int:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
                fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh", b"lo", _IFF_UP_RUNNING))
            return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

        return cls(label, _Errand(lambda: unshare(CLONE_NEWNET), opened).outcome())

    def __repr__(self) -> str:
        """Name it as messages do."""
        return f"NetworkNamespace({self.label!r})"

    def fileno(self) -> int:
        """The descriptor, for netlink requests and for setns(2)."""
        if self._fd < 0:
            raise NamespaceError(f"the network namespace {self.label} is closed")
        return self._fd

    def call(self, function: Callable[[], T]) -> T:
        """Run ``function`` in a fresh thread inside the namespace; its exceptions arrive here.

        Sockets and processes that it makes stay in the namespace.
        """
        return _Errand(lambda: setns(self.fileno(), CLONE_NEWNET), function).outcome()

    def listen_tcp(self, address: str, port: int, backlog: int = 128) -> socket.socket:
        """Return a listening TCP socket; the address need not be configured (IP_FREEBIND)."""
        return self.call(lambda: _bound(socket.SOCK_STREAM, address, port, backlog))

    def bind_udp(self, address: str, port: int) -> socket.socket:
        """Return a bound UDP socket; the address need not be configured (IP_FREEBIND)."""
        return self.call(lambda: _bound(socket.SOCK_DGRAM, address, port, 0))

    def run(self, argv: Sequence[str], *, text_input: str | None = None) -> str:
        """Run a program inside the namespace and return what it printed.

        Raises:
            NamespaceError: it ended with another status than 0; the text holds its complaint.
        """
        done = self.call(
            lambda: subprocess.run(
                list(argv), input=text_input, capture_output=True, text=True, check=False, close_fds=True
            )
        )
        if done.returncode != 0:
            raise NamespaceError(f"{argv[0]} in {self.label} failed ({done.returncode}): {done.stderr.strip()}")
        return done.stdout

    def close(self) -> None:
        """Let go of the namespace; safe to call twice."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


def _bound(kind: int, address: str, port: int, backlog: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, kind | socket.SOCK_CLOEXEC)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setsockopt(socket.IPPROTO_IP, _IP_FREEBIND, 1)
        bound.bind((address, port))
        if kind == socket.SOCK_STREAM:
            bound.listen(backlog)
    except OSError:
        bound.close()
        raise
    return bound
