import json
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from vpclab.localcloud.lambda_runtime import trace_daemon
from vpclab.localcloud.lambda_runtime.trace_daemon import TraceDaemon

HEADER = b'{"format": "json", "version": 1}\n'


class Loopback:
    """A namespace that gives a socket of the own one."""

    bound: socket.socket

    def fileno(self) -> int:
        return -1

    def bind_udp(self, _address: str, _port: int) -> socket.socket:
        self.bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.bound.bind(("127.0.0.1", 0))
        return self.bound


@pytest.fixture
def ends() -> Iterator[tuple[TraceDaemon, socket.socket]]:
    namespace = Loopback()
    with closing(TraceDaemon(namespace)) as daemon, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(namespace.bound.getsockname())
        yield daemon, client


def test_daemon_can_take_segments_and_nothing_else(ends: tuple[TraceDaemon, socket.socket]) -> None:
    daemon, client = ends
    for datagram in (b"no header", HEADER + b'{"id": "1"}', b"[]\nx", HEADER + b" "):
        client.send(datagram)
    assert [json.loads(one) for one in daemon.take()] == [{"id": "1"}]
    assert daemon.take() == []


def test_function_cannot_have_segments_pile_up(ends: tuple[TraceDaemon, socket.socket]) -> None:
    """As many as may be sent, each as large as may be, would be 128 MB in the service's memory."""
    daemon, client = ends
    for _ in range(2 * trace_daemon.MOST_CHARACTERS // 60_000):
        client.send(HEADER + b"x" * 60_000)
        daemon.receive()
    taken = daemon.take()
    assert trace_daemon.MOST_CHARACTERS - 60_000 < sum(map(len, taken)) <= trace_daemon.MOST_CHARACTERS
    client.send(HEADER + b"next")
    assert daemon.take() == ["next"]
