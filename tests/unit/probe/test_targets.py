"""The cache and the load balancer, as servers on loopback."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from lambdas.probe import cache, load_balancer
from tests.unit.probe.conftest import LOOPBACK, AnsweringServer

Ask = Callable[..., dict[str, Any]]


@contextmanager
def answering(*answers: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """Serve one client, who gets the next answer whatever it asks for; yield the port and what was asked."""
    asked: list[bytes] = []
    with socket.create_server((LOOPBACK, 0)) as listener:

        def serve() -> None:
            client, _ = listener.accept()
            with client:
                for one in answers:
                    asked.append(client.recv(4096))
                    client.sendall(one)

        serving = threading.Thread(target=serve)
        serving.start()
        yield listener.getsockname()[1], asked
        serving.join(10)


def test_cache_can_keep_a_value(ask: Ask) -> None:
    """PONG, OK, and the value: the commands are arrays of bulk strings, and the value is kept for a minute."""
    with answering(b"+PONG\r\n", b"+OK\r\n", b"$5\r\nvalue\r\n") as (port, asked):
        answer = ask(cache.probe, host=LOOPBACK, port=port, key="k", value="value")
    assert (answer["outcome"], answer["error"]) == ("connected", None)
    assert (answer["evidence"]["ping"], answer["evidence"]["value"]) == ("PONG", "value")
    assert asked == [
        b"*1\r\n$4\r\nPING\r\n",
        b"*5\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nvalue\r\n$2\r\nEX\r\n$2\r\n60\r\n",
        b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n",
    ]


def test_cache_can_deny(ask: Ask) -> None:
    """A cache that asks for a password was reached."""
    with answering(b"-NOAUTH Authentication required.\r\n") as (port, _):
        answer = ask(cache.probe, host=LOOPBACK, port=port)
    assert (answer["outcome"], answer["stage"]) == ("denied_by_service", "cache")


@pytest.mark.parametrize("value", [b"$-1\r\n", b"$5\r\nother\r\n", b"?\r\n"])
def test_cache_that_loses_a_value_cannot_pass(ask: Ask, value: bytes) -> None:
    """What is not the value that was set is an error, and no outcome."""
    with answering(b"+PONG\r\n", b"+OK\r\n", value) as (port, _):
        answer = ask(cache.probe, host=LOOPBACK, port=port, value="value")
    assert answer["outcome"] is None
    assert answer["error"].startswith("CacheAnswerError")


def test_cache_that_hangs_up_cannot_pass(ask: Ask) -> None:
    """A connection that ends early is one that the far end ended."""
    with answering(b"+PO") as (port, _):
        answer = ask(cache.probe, host=LOOPBACK, port=port)
    assert (answer["outcome"], answer["stage"]) == ("refused", "cache")


@pytest.mark.parametrize("probe", [cache.probe, load_balancer.probe])
def test_closed_port_can_be_told(ask: Ask, probe: Any, closed_port: int) -> None:  # noqa: ANN401
    """The host was reached, and nobody listens."""
    answer = ask(probe, host=LOOPBACK, port=closed_port)
    assert (answer["outcome"], answer["stage"]) == ("refused", "tcp")


@pytest.mark.usefixtures("short_deadlines")
@pytest.mark.parametrize("probe", [cache.probe, load_balancer.probe])
def test_dropped_packets_can_be_told(ask: Ask, probe: Any, deaf_port: int) -> None:  # noqa: ANN401
    """Nobody answers."""
    answer = ask(probe, host=LOOPBACK, port=deaf_port)
    assert (answer["outcome"], answer["stage"]) == ("timed_out", "tcp")


def test_load_balancer_can_answer(ask: Ask, http_server: AnsweringServer) -> None:
    """Any answer by HTTP shows that the load balancer was reached; it is evidence."""
    http_server.status, http_server.body = 503, "no healthy targets"
    answer = ask(load_balancer.probe, host=LOOPBACK, port=http_server.server_port)
    assert answer["outcome"] == "connected"
    assert answer["evidence"]["http_status"] == 503
    assert answer["evidence"]["body"] == "no healthy targets"
