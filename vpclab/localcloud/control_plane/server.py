"""A threaded HTTP/1.1 server for a WSGI application on a socket that already listens.

Why not the one of a library: the socket may live in another network namespace, so it must be handed over;
clients keep hundreds of connections alive (werkzeug's server closes each after one request); a far end costs
one thread while idle (cheroot's pool is started in full per listener); and the TLS handshake of a slow
client must not hold up the next one, so it happens in the connection's own thread.
"""

import io
import logging
import re
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from http import HTTPStatus
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TypeAlias
from urllib.parse import unquote_to_bytes

from vpclab.localcloud.control_plane import body_memory
from vpclab.localcloud.control_plane.request_head import LONGEST_LINE, RequestHead

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication

_LOG = logging.getLogger(__name__)

Peer: TypeAlias = tuple[str, int]

IDLE_SECONDS = 300.0
"""How long a kept-alive connection may be silent: longer than any client of ours keeps its pool."""

HANDSHAKE_SECONDS = 10.0

LARGEST_BODY = 256 * 1024 * 1024
"""Bytes of a request's body, held in memory: more than a deployment package, less than a machine."""

CONNECTIONS_OF_A_CLIENT = 2048
"""That one address may have open to one server, because each costs a thread; further ones are closed at once."""

REFUSED_ACCEPT_SECONDS = 0.1
"""How long to wait after accept(2) failed: mostly for want of descriptors, which only others can give back."""

_BODY_PIECE = 1024 * 1024
_LONGEST_LENGTH = 20
_DIGITS = re.compile(r"[0-9]+", re.ASCII)
_HEXADECIMAL = re.compile(rb"[0-9A-Fa-f]+")
_NO_CONTENT = frozenset({"204", "304"})
_S3_METADATA = "x-amz-meta-"
_PRESERVED_NAMES = "moto.preserved_header_names"  # moto's own key for S3 metadata names that contain "_"


class Facts(Protocol):
    """Says what else the environ of a connection carries, from its client's and its own address."""

    def __call__(self, peer: Peer, local: Peer) -> Mapping[str, object]:
        """Asked once per connection."""


def _nothing_else(peer: Peer, local: Peer) -> Mapping[str, object]:  # noqa: ARG001 - as Facts has it
    return {}


class WsgiServer:
    """Serves ``application`` on ``listening`` with one thread per connection, until ``close``.

    The server owns the socket from here on. With ``tls`` every connection is wrapped first; name-dependent
    certificates are the context's ``sni_callback``. ``facts`` adds to the environ of every request of a
    connection, for example where it came from.
    """

    def __init__(
        self,
        listening: socket.socket,
        application: "WSGIApplication",
        *,
        tls: ssl.SSLContext | None = None,
        facts: Facts = _nothing_else,
    ) -> None:
        self.application = application
        self.tls = tls
        self.facts = facts
        self._listening = listening
        address = listening.getsockname()
        self.address: Peer = (address[0], address[1])
        self._connections: set[socket.socket] = set()
        self._clients: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._acceptor = threading.Thread(
            target=self._accept, name=f"accept {self.address[0]}:{self.address[1]}", daemon=True
        )

    def start(self) -> Self:
        """Begin to accept, in a thread; returns at once."""
        self._acceptor.start()
        return self

    def close(self) -> None:
        """Stop accepting and cut every open connection. Safe to call twice."""
        with self._lock:
            if self._closing.is_set():
                return
            self._closing.set()
            connections = list(self._connections)
        for one in (self._listening, *connections):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)  # wakes accept() and recv() at once; close() alone does not
        self._listening.close()
        if self._acceptor.ident is not None:
            self._acceptor.join(timeout=2)

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, peer = self._listening.accept()
            except OSError as error:
                if self._closing.is_set():
                    return
                if self._listening.fileno() < 0:
                    return
                _LOG.warning("cannot accept on %s:%s: %s", *self.address, error)
                self._closing.wait(REFUSED_ACCEPT_SECONDS)
                continue
            with self._lock:
                if self._closing.is_set():
                    connection.close()
                    return
                if self._clients[peer[0]] >= CONNECTIONS_OF_A_CLIENT:
                    connection.close()
                    continue
                self._clients[peer[0]] += 1
                self._connections.add(connection)
            try:
                threading.Thread(target=self._serve, args=(connection, (peer[0], peer[1])), daemon=True).start()
            except RuntimeError as error:  # no more threads: this client's loss, not everybody's
                _LOG.warning("cannot serve a client of %s:%s: %s", *self.address, error)
                self._forget(peer[0], connection)

    def _serve(self, connection: socket.socket, peer: Peer) -> None:
        wrapped = connection
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls is not None:
                connection.settimeout(HANDSHAKE_SECONDS)
                wrapped = self.tls.wrap_socket(connection, server_side=True)
                with self._lock:
                    self._connections.discard(connection)  # wrap_socket detached it
                    self._connections.add(wrapped)
                    if self._closing.is_set():
                        return
            _Handler(wrapped, peer, self)
        except OSError as error:  # ssl.SSLError, timeouts and resets are OSErrors: the client's business
            _LOG.debug("connection of %s:%s ended: %s", *peer, error)
        finally:
            self._forget(peer[0], connection, wrapped)

    def _forget(self, client: str, *connections: socket.socket) -> None:
        """Close a connection that the client had, by all its objects."""
        with self._lock:
            self._connections.difference_update(connections)
            self._clients[client] -= 1
            if not self._clients[client]:
                del self._clients[client]
        for one in connections:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


class _BodyError(Exception):
    """A body that cannot be taken; after it nothing on the connection makes sense."""

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status = status


class _Handler(RequestHead):
    """The requests of one connection, one after the other."""

    protocol_version = "HTTP/1.1"
    server_version = "vpclab"
    timeout = IDLE_SECONDS
    wbufsize = 0  # the response is one sendall

    def __init__(self, connection: socket.socket, peer: Peer, wsgi: WsgiServer) -> None:
        self._wsgi = wsgi
        address = connection.getsockname()
        self._local: Peer = (address[0], address[1])
        self._facts = wsgi.facts(peer, self._local)
        super().__init__(connection, peer, wsgi)  # type: ignore[arg-type]  # it only stores it

    def handle_one_request(self) -> None:
        try:
            self.raw_requestline = self.rfile.readline(LONGEST_LINE + 1)
        except TimeoutError:
            self.close_connection = True
            return
        if len(self.raw_requestline) > LONGEST_LINE:
            self.requestline = self.request_version = self.command = ""
            self.send_error(HTTPStatus.REQUEST_URI_TOO_LONG)
            return
        if not self.raw_requestline:
            self.close_connection = True
            return
        if not self.parse_request():
            return
        with body_memory.EVERYBODYS.share() as share:
            try:
                body = self._body(share)
            except _BodyError as error:
                self.close_connection = True
                self.send_error(error.status, str(error))
                return
            self._send(*self._run(self._environ(body)))

    def _body(self, share: body_memory.Share) -> bytes:
        """The whole body, so that the next request starts where this one ends.

        Raises:
            _BodyError: it is malformed, incomplete or too large.
        """
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._chunks(share)
        length = self.headers.get("Content-Length") or "0"
        if _DIGITS.fullmatch(length) is None:
            raise _BodyError(HTTPStatus.BAD_REQUEST, "Content-Length is no number")
        body = bytearray()
        self._take(body, length, 10, share)
        return bytes(body)

    def _chunks(self, share: body_memory.Share) -> bytes:
        body = bytearray()
        while True:
            line = self.rfile.readline(1024).split(b";", 1)[0].strip()
            if _HEXADECIMAL.fullmatch(line) is None:
                raise _BodyError(HTTPStatus.BAD_REQUEST, "a chunk has no length")
            if not line.strip(b"0"):
                while self.rfile.readline(LONGEST_LINE).strip():
                    pass  # trailers
                return bytes(body)
            self._take(body, line.decode(), 16, share)
            self.rfile.readline(2)

    def _take(self, body: bytearray, digits: str, base: int, share: body_memory.Share) -> None:
        """Read on as many bytes as ``digits`` say, taking memory for what came, not for what was announced."""
        whole = len(body) + int(digits, base) if len(digits) < _LONGEST_LENGTH else LARGEST_BODY + 1
        if whole > LARGEST_BODY:
            text = f"a request may have {LARGEST_BODY} bytes of body here"
            raise _BodyError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, text)
        while len(body) < whole:
            piece = self.rfile.read(min(whole - len(body), _BODY_PIECE))
            if not piece:
                raise _BodyError(HTTPStatus.BAD_REQUEST, "the body ended early")
            try:
                share.grow(len(body) + len(piece))
            except body_memory.BodyMemoryError:
                text = "other requests take all the memory for bodies: reduce your request rate"
                raise _BodyError(HTTPStatus.SERVICE_UNAVAILABLE, text) from None
            body += piece

    def _environ(self, body: bytes) -> dict[str, object]:
        raw = self.path
        path, _, query = raw.partition("?")
        if path.startswith(("http://", "https://")):  # absolute form, RFC 9112 section 3.2.2
            path = "/" + path.partition("://")[2].partition("/")[2]
        environ: dict[str, object] = {
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http" if self._wsgi.tls is None else "https",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": _Errors(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "REQUEST_URI": raw,
            "RAW_URI": raw,
            "REMOTE_ADDR": self.client_address[0],
            "REMOTE_PORT": self.client_address[1],
            "SERVER_NAME": self._local[0],
            "SERVER_PORT": str(self._local[1]),
            "SERVER_PROTOCOL": self.request_version,
        }
        preserved: dict[str, str] = {}
        for name, value in self.headers.items():
            if "_" in name:
                if not name.lower().startswith(_S3_METADATA):
                    continue  # X_Foo must not pass for X-Foo
                preserved["HTTP_" + name.upper().replace("-", "_")] = name
            key = "HTTP_" + name.upper().replace("-", "_")
            environ[key] = f"{environ[key]},{value}" if key in environ else value
        environ[_PRESERVED_NAMES] = preserved
        for key in ("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING"):
            environ.pop(key, None)
        if (content_type := self.headers.get("Content-Type")) is not None:
            environ["CONTENT_TYPE"] = content_type
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.update(self._facts)
        return environ

    def _run(self, environ: dict[str, object]) -> tuple[str, list[tuple[str, str]], bytes]:
        status: str = ""
        headers: list[tuple[str, str]] = []
        written: list[bytes] = []

        def start_response(
            new_status: str, new_headers: list[tuple[str, str]], exc_info: object = None
        ) -> Callable[[bytes], object]:
            nonlocal status, headers
            del exc_info  # nothing has been sent yet: a second call simply replaces the first
            status, headers = new_status, list(new_headers)
            return written.append

        try:
            body = _joined(self._wsgi.application, environ, start_response, written)
        except Exception:  # noqa: BLE001 - whatever the application did, the client gets an answer
            _LOG.exception("%s %s failed", self.command, self.path)
            return "500 Internal Server Error", [("Content-Type", "text/plain")], b"internal error: see the log\n"
        return status, headers, body

    def _send(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
        names = {name.lower() for name, _ in headers}
        code = status.split(" ", 1)[0]
        lines = [f"HTTP/1.1 {status}"]
        lines += [f"{name}: {value}" for name, value in headers]
        if "content-length" not in names and code not in _NO_CONTENT:
            lines.append(f"Content-Length: {len(body)}")
        if "date" not in names:
            lines.append(f"Date: {self.date_time_string()}")
        if self.close_connection:
            lines.append("Connection: close")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        has_body = self.command != "HEAD" and code not in _NO_CONTENT
        self.connection.sendall(head + body if has_body else head)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        _LOG.debug(format, *args)


class _Errors(io.TextIOBase):
    """``wsgi.errors``: what an application writes there is logged."""

    def write(self, text: str, /) -> int:
        if text.strip():
            _LOG.warning("%s", text.rstrip())
        return len(text)


def _joined(
    application: "WSGIApplication",
    environ: dict[str, object],
    start_response: "StartResponse",
    written: list[bytes],
) -> bytes:
    answer: Iterable[bytes] = application(environ, start_response)
    try:
        body = list(answer)
        return b"".join(written + body)
    finally:
        close = getattr(answer, "close", None)
        if close is not None:
            close()
