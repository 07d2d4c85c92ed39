"""The simulated internet: every host answers HTTP and HTTPS with the source address that it saw.

That address is the evidence of an egress path: an Elastic IP tells of a NAT gateway, an address of AWS's own of a
function without VpcConfig.
"""

import selectors
import socket
import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from vpclab.localcloud.far_ends.addresses import INTERNET, PUBLIC_RESOLVERS
from vpclab.localcloud.far_ends.names import is_internet_name

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

_METHODS = ("GET", "HEAD")


def what_is_my_address(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Answer GET and HEAD of any path with the client's address and a newline, as checkip.amazonaws.com does."""
    if environ["REQUEST_METHOD"] not in _METHODS:
        start_response("405 Method Not Allowed", [("Allow", ", ".join(_METHODS)), ("Content-Type", "text/plain")])
        return [b"this host answers GET and HEAD\n"]
    start_response("200 OK", [("Content-Type", "text/plain;charset=UTF-8"), ("Cache-Control", "no-store")])
    return [f"{environ['REMOTE_ADDR']}\n".encode()]


def certificate_names(name: str) -> tuple[str, ...] | None:
    """Return the names on the certificate of a simulated host; None: no such host."""
    return (name,) if is_internet_name(name) else None


def default_certificate_names() -> tuple[str, ...]:
    """Return the names for a client that names none, because it was given an address: all the addresses."""
    return tuple(str(host) for host in (*INTERNET, *PUBLIC_RESOLVERS))


class ListeningSockets:
    """Many listening sockets that accept like one; for addresses of a range whose other addresses must refuse.

    It has what a server asks of its socket: ``accept``, ``getsockname``, ``shutdown``, ``fileno``, ``close``.
    """

    def __init__(self, sockets: list[socket.socket]) -> None:
        self._sockets = sockets
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = socket.socketpair()
        self._lock = threading.Lock()
        self._accepting = False
        self._closed = False
        for one in sockets:
            one.setblocking(False)
            self._selector.register(one, selectors.EVENT_READ)
        self._selector.register(self._wake_read, selectors.EVENT_READ)

    def accept(self) -> tuple[socket.socket, tuple[str, int]]:
        """Wait for a connection to any of them.

        Raises:
            OSError: it was shut down.
        """
        with self._lock:
            if self._closed:
                raise OSError("closed")
            self._accepting = True
        try:
            while True:
                for key, _ in self._selector.select():
                    ready = key.fileobj
                    if ready is self._wake_read or not isinstance(ready, socket.socket):
                        raise OSError("shut down")
                    with suppress(BlockingIOError):
                        connection, peer = ready.accept()
                        connection.setblocking(True)
                        return connection, peer
        finally:
            with self._lock:
                self._accepting = False
                self._release_if_done()

    def getsockname(self) -> tuple[str, int]:
        """Return the first address and the port."""
        name = self._sockets[0].getsockname()
        return name[0], name[1]

    def fileno(self) -> int:
        """Return a descriptor while open, -1 after."""
        return -1 if self._closed else self._wake_read.fileno()

    def shutdown(self, how: int) -> None:
        """Wake whoever accepts."""
        del how
        with self._lock:
            if not self._closed:
                self._wake_write.send(b"!")

    def close(self) -> None:
        """Close all. Call ``shutdown`` before, or an ``accept`` in another thread goes on waiting."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            for one in self._sockets:
                one.close()
            self._release_if_done()

    def _release_if_done(self) -> None:
        """Let go of the selector and its wake-up call, but never under a waiting ``accept``."""
        if self._closed and not self._accepting:
            self._selector.close()
            self._wake_read.close()
            self._wake_write.close()
