"""DNS over UDP and TCP: one thread serves every resolver address of the local cloud.

Sockets live in other network namespaces and are served from here, so that a resolver costs a few descriptors, and
no packet of a stranger can hold up another's: nothing blocks, every buffer and every wait is bounded.
"""

import logging
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

_LOG = logging.getLogger(__name__)

TCP_IDLE_SECONDS = 10.0
TCP_CONNECTIONS = 64
"""At most so many at once per resolver; further ones are closed at once."""

_LARGEST_TCP_QUERY = 4096
_DATAGRAM = 65535
_DATAGRAMS_AT_A_TIME = 64


class Answerer:
    """How a resolver answers: a function of the query and of whether it came over TCP; None is silence."""

    def __init__(self, answer: Callable[[bytes, bool], bytes | None]) -> None:
        self._answer = answer

    def __call__(self, query: bytes, *, over_tcp: bool) -> bytes | None:
        """Answer, or log why not: no packet may end the resolver."""
        try:
            return self._answer(query, over_tcp)
        except Exception:  # noqa: BLE001 - whatever a packet brought about
            _LOG.exception("a DNS query of %d bytes could not be answered", len(query))
            return None


@dataclass(eq=False)
class _Resolver:
    """One resolver: who answers, on which sockets, and how many TCP connections are open."""

    answerer: Answerer
    sockets: list[socket.socket] = field(default_factory=list)
    connections: int = 0


@dataclass(eq=False)
class _Connection:
    """A TCP connection: what has been received of its next query, and when it was last heard."""

    resolver: _Resolver
    last_heard: float
    received: bytearray = field(default_factory=bytearray)


class ResolverHandle:
    """An open resolver; ``close`` ends it."""

    def __init__(self, server: "ResolverServer", resolver: _Resolver) -> None:
        self._server = server
        self._resolver = resolver

    def close(self) -> None:
        """Close its sockets and connections. Safe to call twice."""
        self._server.remove(self._resolver)


class ResolverServer:
    """The thread that serves all resolvers; starts with the first one."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._lock = threading.RLock()  # held while a socket is touched, so that none is closed under a read
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_read.setblocking(False)
        self._selector.register(self._wake_read, selectors.EVENT_READ, None)
        self._connections: dict[socket.socket, _Connection] = {}
        self._closed = False
        self._thread: threading.Thread | None = None

    def open(
        self, datagrams: Sequence[socket.socket], streams: Sequence[socket.socket], answerer: Answerer
    ) -> ResolverHandle:
        """Serve bound UDP sockets and listening TCP sockets, which belong to the server from here on."""
        resolver = _Resolver(answerer)
        with self._lock:
            for one, receive in [(one, self._receive) for one in datagrams] + [
                (one, self._accept) for one in streams
            ]:
                one.setblocking(False)
                resolver.sockets.append(one)
                self._selector.register(one, selectors.EVENT_READ, (receive, resolver))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="resolver", daemon=True)
                self._thread.start()
        self._wake()
        return ResolverHandle(self, resolver)

    def remove(self, resolver: _Resolver) -> None:
        """Close what belongs to a resolver."""
        with self._lock:
            mine = [one for one, connection in self._connections.items() if connection.resolver is resolver]
            for connection in mine:
                self._end(connection)
            for one in resolver.sockets:
                self._forget(one)
            resolver.sockets.clear()

    def close(self) -> None:
        """End the thread and every socket."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._wake()
        if self._thread is not None:
            self._thread.join(timeout=5)
        with self._lock:
            for key in list(self._selector.get_map().values()):
                if isinstance(key.fileobj, socket.socket):
                    self._forget(key.fileobj)
            self._connections.clear()
            self._selector.close()
            self._wake_write.close()

    def _run(self) -> None:
        """Serve until closed. Whatever ends the serving, the next packet is served again."""
        while not self._closed:
            try:
                self._serve()
            except BaseException:  # noqa: BLE001 - names of the whole cloud depend on this thread
                _LOG.exception("the resolver was interrupted, and goes on")

    def _serve(self) -> None:
        while not self._closed:
            for key, _ in self._selector.select(1.0 if self._connections else None):
                with self._lock:
                    one = key.fileobj
                    if key.data is None or not isinstance(one, socket.socket) or one.fileno() < 0:
                        self._drain_wake()
                        continue
                    handle, subject = key.data
                    try:
                        handle(one, subject)
                    except OSError as error:
                        _LOG.debug("resolver: %s", error)
                        if one in self._connections:
                            self._end(one)
            self._end_idle()

    def _receive(self, one: socket.socket, resolver: _Resolver) -> None:
        for _ in range(_DATAGRAMS_AT_A_TIME):
            try:
                query, client = one.recvfrom(_DATAGRAM)
            except BlockingIOError:
                return
            response = resolver.answerer(query, over_tcp=False)
            if response is not None:
                with suppress(OSError):  # its send buffer is full or the client is gone: it asks again
                    one.sendto(response, client)

    def _accept(self, one: socket.socket, resolver: _Resolver) -> None:
        accepted, _ = one.accept()
        if resolver.connections >= TCP_CONNECTIONS:
            accepted.close()
            return
        accepted.setblocking(False)
        connection = _Connection(resolver, time.monotonic())
        resolver.connections += 1
        self._connections[accepted] = connection
        self._selector.register(accepted, selectors.EVENT_READ, (self._read, connection))

    def _read(self, one: socket.socket, connection: _Connection) -> None:
        received = one.recv(_LARGEST_TCP_QUERY)
        connection.last_heard = time.monotonic()
        connection.received += received
        while len(connection.received) >= 2:  # noqa: PLR2004 - the length field of RFC 1035, section 4.2.2
            (length,) = struct.unpack_from("!H", connection.received)
            if length > _LARGEST_TCP_QUERY:
                self._end(one)
                return
            if len(connection.received) < 2 + length:
                break
            query = bytes(connection.received[2 : 2 + length])
            del connection.received[: 2 + length]
            response = connection.resolver.answerer(query, over_tcp=True)
            if response is None or one.send(struct.pack("!H", len(response)) + response) != len(response) + 2:
                self._end(one)
                return
        if not received:
            self._end(one)

    def _end(self, one: socket.socket) -> None:
        connection = self._connections.pop(one, None)
        if connection is not None:
            connection.resolver.connections -= 1
        self._forget(one)

    def _end_idle(self) -> None:
        with self._lock:
            oldest = time.monotonic() - TCP_IDLE_SECONDS
            for one in [one for one, each in self._connections.items() if each.last_heard < oldest]:
                self._end(one)

    def _forget(self, one: socket.socket) -> None:
        with suppress(KeyError, ValueError):
            self._selector.unregister(one)
        one.close()

    def _wake(self) -> None:
        with suppress(OSError):
            self._wake_write.send(b"!")

    def _drain_wake(self) -> None:
        with suppress(OSError):
            self._wake_read.recv(4096)
