"""The hosts of the simulated internet."""

import http.client
import socket
import threading
from collections.abc import Iterator
from typing import cast

import pytest

from vpclab.localcloud.control_plane.server import WsgiServer
from vpclab.localcloud.far_ends.internet import ListeningSockets, what_is_my_address

HOSTS = ("127.0.0.2", "127.0.0.3")


@pytest.fixture
def port() -> Iterator[int]:
    first = socket.create_server((HOSTS[0], 0))
    port = first.getsockname()[1]
    listening = ListeningSockets([first, socket.create_server((HOSTS[1], port))])
    with WsgiServer(cast("socket.socket", listening), what_is_my_address):
        yield port
    assert listening.fileno() == -1


def ask(host: str, port: int, method: str = "GET") -> tuple[int, bytes]:
    client = http.client.HTTPConnection(host, port, source_address=("127.0.0.9", 0), timeout=10)
    try:
        client.request(method, "/any/path")
        response = client.getresponse()
        return response.status, response.read()
    finally:
        client.close()


def test_each_host_can_say_whom_it_sees(port: int) -> None:
    """The body is the source address and a newline."""
    for host in HOSTS:
        assert ask(host, port) == (200, b"127.0.0.9\n")
    assert ask(HOSTS[0], port, "HEAD") == (200, b"")


def test_hosts_cannot_be_written_to(port: int) -> None:
    """Other methods are refused by HTTP: the host was reached."""
    assert ask(HOSTS[0], port, "POST")[0] == 405


def test_other_addresses_cannot_be_connected_to(port: int) -> None:
    """An address between them that has no host refuses."""
    with pytest.raises(ConnectionRefusedError):
        ask("127.0.0.4", port)


def test_sockets_can_be_closed_while_somebody_accepts() -> None:
    """A waiting accept ends with an OSError; closing twice does nothing."""
    listening = ListeningSockets([socket.create_server(("127.0.0.1", 0))])
    outcomes: list[str] = []

    def accept() -> None:
        try:
            listening.accept()
        except OSError:
            outcomes.append("ended")

    thread = threading.Thread(target=accept)
    thread.start()
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    listening.close()
    thread.join(timeout=10)
    assert outcomes == ["ended"]
    with pytest.raises(OSError, match="closed"):
        listening.accept()
