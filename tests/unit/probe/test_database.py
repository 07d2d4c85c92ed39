"""The database probe's failures, against real sockets on loopback."""

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lambdas.probe import connection, database

Ask = Callable[..., dict[str, Any]]

LOGIN = {"host": "localhost", "user": "postgres", "password": "secret", "dbname": "postgres"}


def test_a_query_cannot_reach_a_closed_port(ask: Ask, closed_port: int) -> None:
    """A database that stopped listening is ``refused``: its host was reached."""
    answer = ask(database.probe, **LOGIN, port=closed_port)
    assert (answer["outcome"], answer["stage"]) == ("refused", "tcp")


@pytest.mark.usefixtures("short_deadlines")
def test_a_query_cannot_wait_for_dropped_packets(ask: Ask, deaf_port: int) -> None:
    """A dropped SYN is ``timed_out`` at stage ``tcp``, with the address that the name had."""
    answer = ask(database.probe, **LOGIN, port=deaf_port)
    assert (answer["outcome"], answer["stage"]) == ("timed_out", "tcp")
    assert answer["evidence"]["addresses"] == ["127.0.0.1"]


def test_a_query_cannot_wait_for_a_mute_server(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, silent_port: int
) -> None:
    """A server that accepts and says nothing is ``timed_out`` at stage ``tls``."""
    monkeypatch.setattr(database, "ANSWER_SECONDS", 0.3)
    assert connection.ANSWER_SECONDS > 1
    answer = ask(database.probe, **LOGIN, port=silent_port)
    assert (answer["outcome"], answer["stage"]) == ("timed_out", "tls")


@pytest.fixture
def plain_text_port() -> Iterator[int]:
    """A server that answers the request for TLS with no."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            client, _ = listener.accept()
            with client:
                client.recv(8)
                client.sendall(b"N")

        server = threading.Thread(target=serve, daemon=True)
        server.start()
        yield listener.getsockname()[1]
        server.join()


def test_a_query_cannot_fall_back_to_plain_text(ask: Ask, plain_text_port: int) -> None:
    """A server without TLS gets no password: that is an error at stage ``tls``."""
    answer = ask(database.probe, **LOGIN, port=plain_text_port)
    assert (answer["outcome"], answer["stage"]) == (None, "tls")
    assert "refuses SSL" in answer["error"]
