"""The HTTP server that every far end and the control plane share."""

import gc
import http.client
import os
import resource
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil
import pytest
import trustme

from tests.deadline import eventually
from vpclab.localcloud.control_plane import body_memory
from vpclab.localcloud.control_plane import server as http_server
from vpclab.localcloud.control_plane.server import LARGEST_BODY, REFUSED_ACCEPT_SECONDS, Peer, WsgiServer

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


def echo(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Answer with the method, the path, a fact and the body."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    body = environ["wsgi.input"].read()
    fact = environ.get("fact", "-")
    return [f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} {fact} ".encode("latin-1"), body]


def listening() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


@pytest.fixture
def server() -> Iterator[WsgiServer]:
    with WsgiServer(listening(), echo) as running:
        yield running


def test_client_can_send_requests_over_one_connection(server: WsgiServer) -> None:
    """A connection is kept alive, whether or not the application read the body."""
    client = http.client.HTTPConnection(*server.address)
    client.connect()
    first = client.sock
    for body in (b"one", b"two" * 100_000, b""):
        client.request("POST", "/a%20b", body=body)
        assert client.getresponse().read() == b"POST /a b - " + body
    assert client.sock is first
    client.close()


def test_client_can_send_a_chunked_body(server: WsgiServer) -> None:
    """The application sees the chunks joined, and the next request is understood."""
    client = http.client.HTTPConnection(*server.address)
    for _ in range(2):
        client.request("PUT", "/", body=iter([b"ab", b"c"]), encode_chunked=True)
        assert client.getresponse().read() == b"PUT / - abc"
    client.close()


def test_server_can_serve_a_hundred_connections_at_once() -> None:
    """Each of a hundred requests waits until all the others have arrived."""
    everyone = threading.Barrier(100, timeout=20)

    def wait(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        everyone.wait()
        return echo(environ, start_response)

    answers: list[bytes] = []

    def ask(address: Peer) -> None:
        client = http.client.HTTPConnection(*address)
        client.request("GET", "/")
        answers.append(client.getresponse().read())
        client.close()

    with WsgiServer(listening(), wait) as server:
        clients = [threading.Thread(target=ask, args=(server.address,)) for _ in range(100)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
    assert answers == [b"GET / - "] * 100


def test_server_can_speak_tls_while_another_client_stalls() -> None:
    """A client that never finishes its handshake does not hold up the next; facts are per connection."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("sts.example").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)

    def facts(peer: Peer, local: Peer) -> Mapping[str, object]:
        return {"fact": f"{peer[0]}>{local[0]}"}

    with (
        WsgiServer(listening(), echo, tls=context, facts=facts) as server,
        socket.create_connection(server.address),
        socket.create_connection(server.address, timeout=5) as plain,
        trusting.wrap_socket(plain, server_hostname="sts.example") as wrapped,
    ):
        wrapped.sendall(b"GET /x HTTP/1.1\r\nHost: sts.example\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: wrapped.recv(4096), b""))
    assert answer.endswith(b"GET /x 127.0.0.1>127.0.0.1 ")


def test_closing_the_server_can_end_idle_connections(server: WsgiServer) -> None:
    """Stopping leaves no client hanging and frees the port."""
    with socket.create_connection(server.address, timeout=5) as idle:
        idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(4096).startswith(b"HTTP/1.1 200 OK")
        server.close()
        assert idle.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(server.address)


def test_failing_application_cannot_show_a_traceback_to_the_client() -> None:
    """The client gets 500, the log has the rest, and the connection stays usable."""

    def fail(_environ: "WSGIEnvironment", _start_response: "StartResponse") -> Iterable[bytes]:
        raise RuntimeError("private")

    with WsgiServer(listening(), fail) as server:
        client = http.client.HTTPConnection(*server.address)
        for _ in range(2):
            client.request("GET", "/")
            response = client.getresponse()
            assert response.status == 500
            assert b"private" not in response.read()
        client.close()


def answer_to(server: WsgiServer, request: bytes) -> bytes:
    with socket.create_connection(server.address, timeout=5) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\n" + request)
        client.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: client.recv(4096), b""))


CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"Content-Length: many\r\n\r\n", 400),
        (b"Content-Length: -1\r\n\r\n", 400),
        (b"Content-Length: 1_0\r\n\r\n0123456789", 400),
        (b"Content-Length: 5\r\n\r\nhell", 400),
        (f"Content-Length: {LARGEST_BODY + 1}\r\n\r\n".encode(), 413),
        (b"Content-Length: 99999999999999999999999\r\n\r\n", 413),
        (b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", 413),
        (CHUNKED + b"-5\r\nabc", 400),
        (CHUNKED + b"\r\nabc", 400),
        (CHUNKED + b"5\r\nabc", 400),
        (CHUNKED + b"2\r\nab\r\nffffffff\r\nabc", 413),
        (CHUNKED + b"ffffffffffffffffffffff\r\nabc", 413),
    ],
)
def test_body_without_a_sensible_length_cannot_be_served(server: WsgiServer, request_: bytes, status: int) -> None:
    """It is 400 or 413 and the end of the connection: never a closed connection without a word."""
    assert answer_to(server, request_).startswith(f"HTTP/1.1 {status} ".encode())


def test_announced_body_cannot_take_memory_before_it_comes(server: WsgiServer) -> None:
    """Many clients may announce the largest body and send nothing of it."""
    clients = [socket.create_connection(server.address) for _ in range(40)]
    before = psutil.Process().memory_info().vms
    for client in clients:
        client.sendall(f"POST / HTTP/1.1\r\nContent-Length: {LARGEST_BODY}\r\n\r\nx".encode())
    http_client = http.client.HTTPConnection(*server.address)
    http_client.request("GET", "/")
    assert http_client.getresponse().status == 200
    grown = psutil.Process().memory_info().vms - before
    http_client.close()
    for client in clients:
        client.close()
    assert grown < 40 * LARGEST_BODY / 2


def test_bodies_cannot_take_more_memory_together_than_there_is_for_them(
    server: WsgiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One body too many is 503 and the end of its connection; small ones are served, and room comes back."""
    memory = body_memory.BodyMemory(2 * body_memory.FREE_BYTES)
    monkeypatch.setattr(body_memory, "EVERYBODYS", memory)
    large = 3 * body_memory.FREE_BYTES  # counts for two
    head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {large}\r\n\r\n".encode()
    slow = socket.create_connection(server.address)
    slow.sendall(head + bytes(large - 1))
    eventually(lambda: memory.taken >= body_memory.FREE_BYTES, 10, "the first body has its memory")
    with socket.create_connection(server.address) as second:
        second.sendall(head)
        with suppress(OSError):
            second.sendall(bytes(large))
        assert second.recv(4096).startswith(b"HTTP/1.1 503 ")
    client = http.client.HTTPConnection(*server.address)
    client.request("POST", "/", body=b"small")
    assert client.getresponse().read() == b"POST / - small"
    eventually(lambda: memory.taken == body_memory.FREE_BYTES, 10, "what the second had taken is free again")
    slow.sendall(b"x")
    assert slow.recv(4096).startswith(b"HTTP/1.1 200 ")
    slow.close()
    eventually(lambda: memory.taken == 0, 10, "its memory is free again")
    client.request("POST", "/", body=bytes(large))
    assert client.getresponse().read() == b"POST / - " + bytes(large)
    client.close()


def test_bodies_can_take_more_memory_together_without_their_bound(
    server: WsgiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the sum that refuses the second body, and not something else."""
    monkeypatch.setattr(body_memory, "EVERYBODYS", body_memory.BodyMemory(1 << 40))
    large = 3 * body_memory.FREE_BYTES
    head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {large}\r\n\r\n".encode()
    with socket.create_connection(server.address) as slow, socket.create_connection(server.address) as second:
        slow.sendall(head + bytes(large - 1))
        second.sendall(head + bytes(large))
        assert second.recv(4096).startswith(b"HTTP/1.1 200 ")


def test_client_cannot_take_every_thread(server: WsgiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address may have so many connections to a server; one more is closed, and works when one has ended."""
    monkeypatch.setattr(http_server, "CONNECTIONS_OF_A_CLIENT", 2)

    def is_served() -> bool:
        with socket.create_connection(server.address) as client, suppress(OSError):
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            return client.recv(4096).startswith(b"HTTP/1.1 200 ")
        return False

    held = [socket.create_connection(server.address) for _ in range(2)]
    eventually(lambda: not is_served(), 10, "both places are taken")
    held.pop().close()
    eventually(is_served, 10, "a place is free")
    held.pop().close()


def test_server_cannot_spin_while_it_has_no_descriptors(
    server: WsgiServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Where accept(2) fails, the server waits between its attempts, and serves again when it can."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    gc.collect()  # what other tests left may not give descriptors back meanwhile
    taken = [os.open(os.devnull, os.O_RDONLY)]

    def refused_three_times() -> bool:
        with suppress(OSError):
            while True:  # also those that somebody else has given back since
                taken.append(os.dup(taken[0]))
        return len(caplog.records) >= 3

    with socket.socket() as client:
        resource.setrlimit(resource.RLIMIT_NOFILE, (taken[0] + 8, hard))
        try:
            refused_three_times()
            began = time.monotonic()
            client.connect(server.address)
            eventually(refused_three_times, 10, "accept has failed three times")
            assert len(caplog.records) <= 3 + (time.monotonic() - began) / REFUSED_ACCEPT_SECONDS
        finally:
            for fd in taken:
                os.close(fd)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        client.settimeout(10)
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 200 OK")
