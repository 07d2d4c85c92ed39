"""Just enough of HTTP/1.1 to serve a runtime client over one connection, without ever blocking.

The peer is a function's process and may be hostile: what it sends is bounded, and what it does not read is kept
back without holding a thread.
"""

import contextlib
import socket
from dataclasses import dataclass
from http import HTTPStatus

LARGEST_BODY = 6 * 1024 * 1024 + 100
"""Bytes of a response payload ("Lambda quotas": 6 MB, and the small allowance that the service's error names)."""
_LARGEST_HEAD = 2 * 1024 * 1024  # the runtime client puts an X-Ray cause of up to 1 MiB into a header
_LONGEST_CHUNK_LINE = 4 * 1024
_CHUNK = 256 * 1024
_UNREAD = 1024 * 1024
_HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Request:
    """A request. ``size`` is the length of the body as sent; of one over ``LARGEST_BODY`` the body is dropped."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    size: int


class ProtocolError(Exception):
    """The peer does not speak HTTP/1.1 as clients do; the connection is of no further use."""


class HttpConnection:
    """A connection that a runtime client opened. All methods return at once."""

    def __init__(self, accepted: socket.socket) -> None:
        accepted.setblocking(False)
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = accepted
        self._incoming = bytearray()
        self._outgoing = bytearray()
        self._head: tuple[str, str, dict[str, str]] | None = None
        self._head_size = 0
        self._body = bytearray()
        self._size = 0
        self.was_reset = False
        """Whether the peer had closed it with bytes of ours unread: the kernel says so with a reset."""

    def fileno(self) -> int:
        """Its descriptor."""
        return self._socket.fileno()

    @property
    def held(self) -> int:
        """Bytes that are kept for this connection: of requests that are not complete, of answers not taken."""
        return self._head_size + len(self._incoming) + len(self._body) + len(self._outgoing)

    @property
    def wants_to_read(self) -> bool:
        """Whether more requests are welcome: not from a peer that leaves our answers unread."""
        return len(self._outgoing) <= LARGEST_BODY + _UNREAD

    @property
    def wants_to_write(self) -> bool:
        """Whether the peer has not taken everything yet."""
        return bool(self._outgoing)

    def receive(self) -> list[Request] | None:
        """Read what is there; return the requests that are complete, or None when the peer has gone.

        Raises:
            ProtocolError: the bytes make no request.
        """
        try:
            received = self._socket.recv(_CHUNK)
        except BlockingIOError:
            return []
        except OSError:
            self.was_reset = True
            return None
        if not received:
            self.was_reset = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0
            return None
        self._incoming += received
        requests = []
        while (request := self._next_request()) is not None:
            requests.append(request)
        return requests

    def respond(self, status: HTTPStatus, headers: dict[str, str], body: bytes) -> None:
        """Queue a response and send what the peer takes at once."""
        lines = [
            f"HTTP/1.1 {status.value} {status.phrase}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        head = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""])
        self._outgoing += head.encode("latin-1", "replace") + body
        self.flush()

    def flush(self) -> None:
        """Send what the peer takes now."""
        with contextlib.suppress(BlockingIOError):
            try:
                while self._outgoing:
                    del self._outgoing[: self._socket.send(self._outgoing)]
            except (BrokenPipeError, ConnectionResetError):
                self._outgoing.clear()
                self.was_reset = True

    def close(self) -> None:
        """Let go of the connection."""
        self._socket.close()

    def _next_request(self) -> Request | None:
        if self._head is None:
            self._head = self._take_head()
        if self._head is None:
            return None
        method, path, headers = self._head
        chunked = headers.get("transfer-encoding", "").lower() == "chunked"
        is_complete = self._take_chunks() if chunked else self._take_body(_length(headers))
        if not is_complete:
            return None
        request = Request(method, path, headers, bytes(self._body), self._size)
        self._head, self._head_size, self._size = None, 0, 0
        self._body.clear()
        return request

    def _take_head(self) -> tuple[str, str, dict[str, str]] | None:
        end = self._incoming.find(_HEAD_END)
        if end < 0:
            if len(self._incoming) > _LARGEST_HEAD:
                raise ProtocolError("the head of a request does not end")
            return None
        first, *lines = self._incoming[:end].decode("latin-1").split("\r\n")
        self._head_size = end + len(_HEAD_END)
        del self._incoming[: self._head_size]
        words = first.split(" ")
        if len(words) != 3:  # noqa: PLR2004 - method, target, version
            raise ProtocolError(f"not a request line: {first[:80]!r}")
        headers = {
            name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
        }
        if headers.get("expect", "").lower() == "100-continue":
            self._outgoing += b"HTTP/1.1 100 Continue\r\n\r\n"
            self.flush()
        return words[0], words[1], headers

    def _take_body(self, length: int) -> bool:
        self._keep(self._incoming[: length - self._size])
        return self._size == length

    def _take_chunks(self) -> bool:
        while True:
            end = self._incoming.find(b"\r\n")
            if end < 0:
                if len(self._incoming) > _LONGEST_CHUNK_LINE:
                    raise ProtocolError("the line of a chunk's length does not end")
                return False
            try:
                length = int(self._incoming[:end].split(b";")[0], 16)
            except ValueError:
                raise ProtocolError("a chunk has no length") from None
            whole = end + 2 + length + 2
            if not 0 <= length <= LARGEST_BODY:
                raise ProtocolError("a chunk is larger than any response, or smaller than none")
            if len(self._incoming) < whole:
                return False
            chunk = self._incoming[end + 2 : whole - 2]
            del self._incoming[: end + 2]
            self._keep(chunk)
            del self._incoming[:2]
            if length == 0:
                return True

    def _keep(self, part: bytearray) -> None:
        """Move ``part``, which starts the incoming bytes, to the body, unless that is too large already."""
        del self._incoming[: len(part)]
        self._size += len(part)
        if self._size <= LARGEST_BODY:
            self._body += part
        else:
            self._body.clear()


def _length(headers: dict[str, str]) -> int:
    try:
        length = int(headers.get("content-length") or 0)
    except ValueError:
        raise ProtocolError("Content-Length is no number") from None
    if length < 0:
        raise ProtocolError("Content-Length is negative")
    return length
