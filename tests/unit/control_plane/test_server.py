"""The HTTP server that every far end and the control plane share."""

import http.client
import socket
import ssl
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import pytest
import trustme

from vpclab.localcloud.control_plane.server import Peer, WsgiServer

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


def test_malformed_length_cannot_be_served(server: WsgiServer) -> None:
    """A body whose length makes no sense is 400 and the end of the connection."""
    with socket.create_connection(server.address, timeout=5) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n")
        answer = b"".join(iter(lambda: client.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 400")
