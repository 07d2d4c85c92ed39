import fcntl
import itertools
import select
import socket
import termios
from collections.abc import Iterator
from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpclab.localcloud.lambda_runtime.http_connection import (
    LARGEST_BODY,
    HttpConnection,
    ProtocolError,
    Request,
)


def pair() -> tuple[HttpConnection, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        client = socket.create_connection(listening.getsockname())
        accepted, _ = listening.accept()
    return HttpConnection(accepted), client


@pytest.fixture
def ends() -> Iterator[tuple[HttpConnection, socket.socket]]:
    connection, client = pair()
    yield connection, client
    connection.close()
    client.close()


def received(connection: HttpConnection, client: socket.socket, parts: list[bytes]) -> list[Request]:
    requests: list[Request] = []
    for part in parts:
        client.sendall(part)
        while is_on_its_way(connection, client):
            requests += connection.receive() or []
    return requests


def is_on_its_way(connection: HttpConnection, client: socket.socket) -> bool:
    """Whether something that the client sent has not arrived, or not been read."""
    unacknowledged = fcntl.ioctl(client, termios.TIOCOUTQ, bytes(4)) != bytes(4)
    return unacknowledged or bool(select.select([connection], [], [], 0)[0])


REQUEST = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"


@given(cuts=st.lists(st.integers(0, 2 * len(REQUEST) + len(CHUNKED)), max_size=4))
def test_connection_can_receive_requests_however_they_are_cut(cuts: list[int]) -> None:
    """Requests are the same wherever the bytes are split, one after another on one connection."""
    connection, client = pair()
    stream = REQUEST + CHUNKED + REQUEST
    places = [0, *sorted(cuts), len(stream)]
    parts = [stream[start:end] for start, end in itertools.pairwise(places) if start < end]
    requests = received(connection, client, parts)
    requests += received(connection, client, [REQUEST])
    connection.close()
    client.close()
    assert [(request.path, request.body) for request in requests] == [
        ("/a", b"hello"),
        ("/b", b"abcde"),
        ("/a", b"hello"),
        ("/a", b"hello"),
    ]


@pytest.mark.parametrize(
    "nonsense",
    [
        b"hello\r\n\r\n",
        b"POST /a HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"POST /a HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n",
        b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n",
        b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 5000,
    ],
)
def test_connection_cannot_receive_nonsense(ends: tuple[HttpConnection, socket.socket], nonsense: bytes) -> None:
    """What is no HTTP request is a protocol error, after which the connection is closed."""
    connection, client = ends
    client.sendall(nonsense)
    with pytest.raises(ProtocolError):
        connection.receive()


def test_connection_cannot_keep_a_body_that_is_too_large(ends: tuple[HttpConnection, socket.socket]) -> None:
    """The size is known, the bytes are dropped, and the next request is understood."""
    connection, client = ends
    length = LARGEST_BODY + 1
    head = f"POST /big HTTP/1.1\r\nContent-Length: {length}\r\n\r\n".encode()
    piece = b"x" * 65536
    pieces = [piece] * (length // len(piece)) + [b"x" * (length % len(piece))]
    requests = received(connection, client, [head, *pieces, REQUEST])
    assert [(request.path, request.size, len(request.body)) for request in requests] == [
        ("/big", length, 0),
        ("/a", 5, 5),
    ]


def test_connection_can_respond_to_a_peer_that_does_not_read(ends: tuple[HttpConnection, socket.socket]) -> None:
    """What the peer does not take is kept; responding returns at once."""
    connection, client = ends
    body = b"y" * 20_000_000
    connection.respond(HTTPStatus.OK, {"A": "b"}, body)
    assert connection.wants_to_write
    taken = b""
    while len(taken) < len(body):
        taken += client.recv(1 << 20)
        connection.flush()
    assert taken.startswith(b"HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 20000000\r\n\r\nyyy")


def test_connection_can_notice_that_the_peer_has_gone(ends: tuple[HttpConnection, socket.socket]) -> None:
    """None, instead of requests; responding to it is no error."""
    connection, client = ends
    client.close()
    assert connection.receive() is None
    connection.respond(HTTPStatus.OK, {}, b"late")
    connection.respond(HTTPStatus.OK, {}, b"later")


def test_connection_can_ask_for_the_body(ends: tuple[HttpConnection, socket.socket]) -> None:
    """A client that expects 100-continue gets it before it sends the body."""
    connection, client = ends
    client.sendall(b"POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")
    assert connection.receive() == []
    assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
