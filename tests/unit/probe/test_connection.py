"""TCP, DNS and TLS against real sockets on loopback."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import trustme

from lambdas.probe import dns, internet, tcp

Ask = Callable[..., dict[str, Any]]


def test_tcp_can_connect_to_a_listener(ask: Ask, silent_port: int) -> None:
    """A connection that opens is ``connected``; the evidence has both ends."""
    answer = ask(tcp.probe, host="127.0.0.1", port=silent_port)
    assert (answer["outcome"], answer["stage"], answer["error"]) == ("connected", None, None)
    assert answer["evidence"] == {
        "host": "127.0.0.1",
        "addresses": ["127.0.0.1"],
        "address": "127.0.0.1",
        "port": silent_port,
        "local_address": "127.0.0.1",
    }


def test_tcp_cannot_connect_to_a_closed_port(ask: Ask, closed_port: int) -> None:
    """A host that says no is ``refused``, which is not a time-out."""
    answer = ask(tcp.probe, host="127.0.0.1", port=closed_port)
    assert (answer["outcome"], answer["stage"]) == ("refused", "tcp")
    assert "Connection refused" in answer["error"]


@pytest.mark.usefixtures("short_deadlines")
def test_tcp_cannot_wait_for_a_dropped_packet_past_its_deadline(ask: Ask, deaf_port: int) -> None:
    """A SYN that nobody answers is ``timed_out`` at stage ``tcp``."""
    answer = ask(tcp.probe, host="127.0.0.1", port=deaf_port)
    assert (answer["outcome"], answer["stage"]) == ("timed_out", "tcp")
    assert answer["elapsed_seconds"] >= 0.3


def test_dns_cannot_resolve_an_unknown_name(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A resolver's no is ``name_not_resolved``; the evidence has its error number."""

    def no(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no)
    answer = ask(dns.probe, name="nobody.example.com")
    assert (answer["outcome"], answer["stage"]) == ("name_not_resolved", "dns")
    assert answer["evidence"]["resolver_error"] == socket.EAI_NONAME


@pytest.fixture
def silent_resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    released = threading.Event()

    def say_nothing(*_: object) -> list[object]:
        released.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", say_nothing)
    yield
    released.set()


@pytest.mark.usefixtures("short_deadlines", "silent_resolver")
def test_dns_cannot_wait_for_a_silent_resolver_past_its_deadline(ask: Ask) -> None:
    """A resolver that says nothing is ``name_not_resolved`` too, within the deadline."""
    began = time.monotonic()
    answer = ask(dns.probe, name="example.com")
    assert (answer["outcome"], answer["stage"]) == ("name_not_resolved", "dns")
    assert "within 0.3 s" in answer["error"]
    assert time.monotonic() - began < 30


@pytest.mark.usefixtures("short_deadlines", "authority")
def test_tls_cannot_wait_for_a_mute_far_end_past_its_deadline(ask: Ask, silent_port: int) -> None:
    """A listener that never speaks is ``timed_out`` at stage ``tls``: TCP itself worked."""
    answer = ask(internet.probe, host="localhost", port=silent_port)
    assert (answer["outcome"], answer["stage"]) == ("timed_out", "tls")
    assert answer["evidence"]["local_address"] == "127.0.0.1"


def test_internet_can_report_the_source_that_the_far_end_saw(
    ask: Ask, authority: trustme.CA, https_server: Callable[[trustme.CA], Any]
) -> None:
    """Source, TLS version and certificate come from the far end's answer."""
    port = https_server(authority).server_port
    answer = ask(internet.probe, host="localhost", port=port)
    assert answer["outcome"] == "connected"
    evidence = answer["evidence"]
    assert (evidence["source_seen"], evidence["http_status"]) == ("127.0.0.1", 200)
    assert (evidence["tls_version"], evidence["certificate_verified"]) == ("TLSv1.3", True)


@pytest.mark.usefixtures("authority")
def test_internet_cannot_take_an_impostor_for_the_far_end(
    ask: Ask, https_server: Callable[[trustme.CA], Any]
) -> None:
    """A certificate of an unknown authority is no outcome of the network: it is an error, and named."""
    port = https_server(trustme.CA()).server_port
    answer = ask(internet.probe, host="localhost", port=port)
    assert (answer["outcome"], answer["stage"]) == (None, "tls")
    assert answer["evidence"]["certificate_verified"] is False
    assert "certificate verify failed" in answer["error"]


def test_internet_cannot_take_a_server_error_for_success(
    ask: Ask, authority: trustme.CA, https_server: Callable[[trustme.CA], Any]
) -> None:
    """An answer other than 200 is an error at stage ``http``."""
    server = https_server(authority)
    server.status = 503
    answer = ask(internet.probe, host="localhost", port=server.server_port)
    assert (answer["outcome"], answer["stage"]) == (None, "http")
    assert "503" in answer["error"]
