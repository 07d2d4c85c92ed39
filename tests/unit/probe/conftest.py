"""Far ends on loopback: one that listens and says nothing, one that nobody serves, one that speaks HTTPS."""

import http.server
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from lambdas.probe import connection
from lambdas.probe.attempt import Probe, answer

LOOPBACK = "127.0.0.1"


@pytest.fixture
def silent_port() -> Iterator[int]:
    with socket.create_server((LOOPBACK, 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def closed_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port whose queue of new connections is full, so that the kernel drops the next SYN."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen(0)
        waiting = []
        for _ in range(4):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
            waiting.append(client)
        yield listener.getsockname()[1]
        for client in waiting:
            client.close()


@pytest.fixture
def short_deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("connect", "resolve"):
        function = getattr(connection, name)
        monkeypatch.setitem(function.__kwdefaults__, "seconds", 0.3)
    monkeypatch.setattr(connection, "TLS_SECONDS", 0.3)


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> trustme.CA:
    """A certificate authority that this process trusts, as a function trusts its runtime's bundle."""
    authority = trustme.CA()
    bundle = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    return authority


class AnsweringServer(http.server.ThreadingHTTPServer):
    """Answers with ``status`` and ``body``, or with the client's address where there is no body."""

    daemon_threads = True
    status = 200
    body: str | None = None

    def __init__(self, *arguments: Any) -> None:  # noqa: ANN401 - passed on
        super().__init__(*arguments)
        self.callers: list[tuple[str, int]] = []

    def handle_error(self, *_: object) -> None:
        """Stay quiet: a client that hangs up is what some tests are about."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: AnsweringServer

    # Keeps connections alive, as AWS does.
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.callers.append(self.client_address)
        body = (self.server.body or self.client_address[0]).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - the name that the base class looks for

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@pytest.fixture
def http_server() -> Iterator[AnsweringServer]:
    yield from _served(AnsweringServer((LOOPBACK, 0), _Handler))


@pytest.fixture
def https_server() -> Iterator[Callable[[trustme.CA], AnsweringServer]]:
    """Start HTTPS servers whose certificates an authority of the test's choice signed."""
    servers: list[Iterator[AnsweringServer]] = []

    def start(authority: trustme.CA) -> AnsweringServer:
        server = AnsweringServer((LOOPBACK, 0), _Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        servers.append(_served(server))
        return next(servers[-1])

    yield start
    for served in servers:
        next(served, None)


def _served(server: AnsweringServer) -> Iterator[AnsweringServer]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def ask() -> Callable[..., dict[str, Any]]:
    """Run one probe with its arguments given by name."""

    def run(probe: Probe, **arguments: object) -> dict[str, Any]:
        return answer(probe, arguments)

    return run
