"""One HTTP exchange with a target, over HTTP or HTTPS, from a node of the load balancer."""

import http.client
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address

from vpclab.localcloud.load_balancers.node import Node

CONNECT_SECONDS = 10.0
"""The load balancer's time-out for a connection to a target (guide, "Troubleshoot", HTTP 504)."""

IDLE_SECONDS = 60.0
"""``idle_timeout.timeout_seconds``, by default."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a target is asked. ``path`` is the request target as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answered:
    """What a target answered."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


def exchange(  # noqa: PLR0913 - a request, where it goes, and how long it may take
    node: Node,
    target: IPv4Address,
    port: int,
    protocol: str,
    asked: Asked,
    *,
    connect_seconds: float = CONNECT_SECONDS,
    idle_seconds: float = IDLE_SECONDS,
) -> Answered:
    """Ask a target and return its answer.

    Raises:
        TimeoutError: no connection, or no answer, in time.
        OSError, http.client.HTTPException: refused, reset, or no HTTP.
    """
    connection = http.client.HTTPConnection(str(target), port)
    try:
        plain = node.connect(target, port, connect_seconds)
        plain.settimeout(idle_seconds)
        connection.sock = plain
        if protocol == "HTTPS":
            connection.sock = _any_certificate().wrap_socket(plain)
        connection.putrequest(asked.method, asked.path, skip_host=True, skip_accept_encoding=True)
        for name, value in asked.headers.items():
            connection.putheader(name, value)
        connection.endheaders(asked.body or None)
        answer = connection.getresponse()
        return Answered(answer.status, answer.reason, tuple(answer.getheaders()), answer.read())
    finally:
        connection.close()


@cache
def _any_certificate() -> ssl.SSLContext:
    """Return a context that trusts anybody: targets are not verified (guide, "Target groups")."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
