"""Listeners and resolvers in namespaces of their own, as root and as an ordinary user."""

import http.client
import socket
import ssl
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import dns.message
import dns.query
import dns.rcode
import pytest

from tests.integration.lambda_world import in_private_world
from tests.unit.far_ends.networks import DATABASE_NAME, NETWORK, S3_GATEWAY, STS_NAME, VPC, with_vpc
from vpclab.localcloud.far_ends import CertificateAuthority, FarEnds
from vpclab.localcloud.far_ends.resolver import TCP_CONNECTIONS
from vpclab.localcloud.namespace import NetworkNamespace
from vpclab.localcloud.request_source import ENVIRON_KEY

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

    from vpclab.network.model import Network

T = TypeVar("T")

STS = "sts.us-east-1.amazonaws.com"
S3 = "s3.us-east-1.amazonaws.com"
ROUTER, INTERNET, SERVICE = f"vpc/{VPC.id}", "internet", "lambda-service"
GATEWAY, ENDPOINT = f"gateway-endpoint/{S3_GATEWAY.id}", "eni/eni-sts-a"
CLIENT = "203.0.113.5"
"""Every namespace has this address too, for clients to come from."""

LOCAL = {
    INTERNET: ("198.51.100.0/24", "192.0.2.0/24"),
    SERVICE: ("169.254.169.253/32",),
    ROUTER: ("10.0.0.2/32", "169.254.169.253/32"),
    GATEWAY: ("192.0.2.128/26",),
    ENDPOINT: ("10.0.1.20/32",),
}


@dataclass
class World:
    far_ends: FarEnds
    namespaces: dict[str, NetworkNamespace]
    trust: str

    def reconcile(self, network: "Network" = NETWORK, without: str | None = None) -> None:
        self.far_ends.reconcile(network, {key: one for key, one in self.namespaces.items() if key != without})

    def https(self, key: str, address: str, name: str, *, port: int = 443) -> str:
        """The body of a GET over TLS to an address, asked for by name."""
        return self.namespaces[key].call(lambda: https(address, name, self.trust, port))

    def connect(self, key: str, address: str, port: int) -> str:
        """`connected`, or the name of the error."""

        def attempt() -> str:
            socket.create_connection((address, port), timeout=5).close()
            return "connected"

        return outcome(lambda: self.namespaces[key].call(attempt))

    def resolve(self, key: str, server: str, name: str, *, over_tcp: bool = False) -> list[str]:
        ask = dns.query.tcp if over_tcp else dns.query.udp
        query = dns.message.make_query(name, "A")
        response = self.namespaces[key].call(lambda: ask(query, server, timeout=5))
        if response.rcode() != dns.rcode.NOERROR:
            return [dns.rcode.to_text(response.rcode())]
        return sorted(str(record) for records in response.answer for record in records)


def https(address: str, name: str, trust: str, port: int) -> str:
    context = ssl.create_default_context(cafile=trust)
    client = http.client.HTTPSConnection(name, port, context=context)
    plain = socket.create_connection((address, port), timeout=10, source_address=(CLIENT, 0))
    try:
        client.sock = context.wrap_socket(plain, server_hostname=name)
    except OSError:
        plain.close()
        raise
    try:
        client.request("GET", "/")
        return client.getresponse().read().decode()
    finally:
        client.close()


def control_plane(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    start_response("200 OK", [])
    return [f"{environ['HTTP_HOST']} {environ[ENVIRON_KEY]}".encode()]


@contextmanager
def far_ends() -> Iterator[World]:
    namespaces = {key: NetworkNamespace.create(key) for key in LOCAL}
    for key, ranges in LOCAL.items():
        for one in (*ranges, f"{CLIENT}/32"):
            namespaces[key].run(["ip", "route", "add", "local", one, "dev", "lo"])
    with tempfile.TemporaryDirectory() as directory:
        authority = CertificateAuthority(Path(directory))
        world = World(FarEnds(control_plane, authority), namespaces, str(authority.bundle))
        world.reconcile()
        try:
            yield world
        finally:
            world.far_ends.close()


def outcome(attempt: Callable[[], str]) -> str:
    """What an attempt returned, or the name of the error that it failed with."""
    try:
        return attempt()
    except OSError as error:
        return type(error).__name__


def internet_answers(world: World) -> None:
    """Each host says whom it saw, by HTTP and HTTPS, by name and by address."""
    for address, name in (("198.51.100.1", "example.com"), ("198.51.100.200", "198.51.100.200")):
        assert world.https(INTERNET, address, name) == f"{CLIENT}\n"

    def plain() -> bytes:
        client = http.client.HTTPConnection("198.51.100.254", 80, timeout=10, source_address=(CLIENT, 0))
        client.request("GET", "/")
        try:
            return client.getresponse().read()
        finally:
            client.close()

    assert world.namespaces[INTERNET].call(plain) == f"{CLIENT}\n".encode()


def internet_refuses(world: World) -> None:
    """A host has no certificate for another's name, and AWS's addresses no port 80."""
    assert outcome(lambda: world.https(INTERNET, "198.51.100.1", STS)) == "SSLError"
    assert outcome(lambda: world.https(INTERNET, "192.0.2.1", "example.com")) == "SSLError"
    assert world.connect(INTERNET, "192.0.2.1", 80) == "ConnectionRefusedError"


def public_apis_answer(world: World) -> None:
    """Every AWS name is served at AWS's addresses, with the source that was seen and no endpoint."""
    for name in (STS, S3, f"bucket.{S3}", "sts.amazonaws.com", "logs.eu-west-1.amazonaws.com"):
        answer = world.https(INTERNET, "192.0.2.7", name)
        assert answer == f"{name} RequestSource(address='{CLIENT}', vpc_id=None, endpoint_id=None)"


def endpoint_answers(world: World) -> None:
    """An interface endpoint serves its service, by its own and by its endpoint-specific name, and nothing else."""
    for name in (STS, STS_NAME):
        answer = world.https(ENDPOINT, "10.0.1.20", name)
        assert answer == f"{STS} RequestSource(address='{CLIENT}', vpc_id='{VPC.id}', endpoint_id='vpce-1')"
    for name in (S3, "sts.eu-west-1.amazonaws.com", "sts.amazonaws.com"):
        assert outcome(partial(world.https, ENDPOINT, "10.0.1.20", name)) == "SSLError"


def gateway_endpoint_answers(world: World) -> None:
    """A gateway endpoint serves S3 of its Region all over the prefix list; us-east-1 has the global name too."""
    for name, address in (
        (S3, "192.0.2.129"),
        (f"bucket.{S3}", "192.0.2.190"),
        ("s3.amazonaws.com", "192.0.2.150"),
    ):
        assert "endpoint_id='vpce-2'" in world.https(GATEWAY, address, name)
    for name in ("s3.eu-west-1.amazonaws.com", STS):
        assert outcome(partial(world.https, GATEWAY, "192.0.2.129", name)) == "SSLError"


def resolvers_answer(world: World) -> None:
    """VPC plus two and 169.254.169.253 answer for the VPC, the others for those outside it."""
    for server in ("10.0.0.2", "169.254.169.253"):
        for over_tcp in (False, True):
            assert world.resolve(ROUTER, server, STS, over_tcp=over_tcp) == ["10.0.1.20", "10.0.2.20"]
            assert world.resolve(ROUTER, server, "no.such.name", over_tcp=over_tcp) == ["NXDOMAIN"]
    outside = world.resolve(SERVICE, "169.254.169.253", STS)
    assert outside == world.resolve(INTERNET, "198.51.100.53", STS)
    assert outside[0].startswith("192.0.2.")
    assert world.resolve(SERVICE, "169.254.169.253", DATABASE_NAME) == ["10.0.1.9"]


def resolver_follows(world: World) -> None:
    """The next query meets the new network; the resolver of a VPC without DNS support is silent, not refusing."""
    world.reconcile(replace(NETWORK, databases=()))
    assert world.resolve(ROUTER, "10.0.0.2", DATABASE_NAME) == ["NXDOMAIN"]
    world.reconcile(with_vpc(enable_dns_support=False))
    query = dns.message.make_query(STS, "A")
    silent = world.namespaces[ROUTER].call(lambda: outcome_of_udp(query, "10.0.0.2"))
    assert silent == "TimeoutError"
    world.reconcile()
    assert world.resolve(ROUTER, "10.0.0.2", DATABASE_NAME) == ["10.0.1.9"]


def outcome_of_udp(query: dns.message.Message, server: str) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.connect((server, 53))  # connected, so that an ICMP answer is an error
        asking.settimeout(0.5)
        asking.send(query.to_wire())
        return outcome(lambda: asking.recv(512).hex())


def resolver_survives(world: World) -> None:
    """Nonsense and silent connections leave it answering; of these it keeps only so many."""

    def nonsense() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            for size in (0, 1, 11, 12, 500, 9000):
                datagrams.sendto(b"\xff" * size, ("10.0.0.2", 53))
        for content in (b"", b"\x00", b"\xff\xff", b"\x00\x05hello", b"\x00\x00" * 50):
            with socket.create_connection(("10.0.0.2", 53), timeout=5) as stream:
                stream.sendall(content)
        idle = [socket.create_connection(("10.0.0.2", 53), timeout=5) for _ in range(TCP_CONNECTIONS + 1)]
        assert idle[-1].recv(1) == b"", "one connection too many stayed open"
        for one in idle:
            one.close()

    world.namespaces[ROUTER].call(nonsense)
    assert world.resolve(ROUTER, "10.0.0.2", DATABASE_NAME) == ["10.0.1.9"]


def listeners_follow(world: World) -> None:
    """Listeners go with their endpoint or namespace, and come again; nothing changes when nothing changed."""

    def inside() -> str:
        return world.connect(ENDPOINT, "10.0.1.20", 443)

    before = open_listeners(world)
    world.reconcile()
    assert open_listeners(world) == before
    world.reconcile(replace(NETWORK, vpc_endpoints=()))
    assert inside() == "ConnectionRefusedError"
    world.reconcile()
    assert inside() == "connected"
    world.reconcile(without=ENDPOINT)
    assert inside() == "ConnectionRefusedError"
    world.reconcile()
    world.namespaces[ENDPOINT] = NetworkNamespace.create("the same interface, materialised again")
    for one in ("10.0.1.20/32", f"{CLIENT}/32"):
        world.namespaces[ENDPOINT].run(["ip", "route", "add", "local", one, "dev", "lo"])
    world.reconcile()
    assert "vpce-1" in world.https(ENDPOINT, "10.0.1.20", STS)


def open_listeners(world: World) -> Mapping[str, int]:
    return {key: id(one) for key, (_, one) in world.far_ends._open.items()}  # noqa: SLF001


def everything_closes(world: World) -> None:
    """After `close`, twice, no port answers."""
    world.far_ends.close()
    world.far_ends.close()
    for key, address, port in (
        (INTERNET, "198.51.100.1", 80),
        (GATEWAY, "192.0.2.130", 443),
        (ROUTER, "10.0.0.2", 53),
    ):
        assert world.connect(key, address, port) == "ConnectionRefusedError"


SCENARIOS = (
    internet_answers,
    internet_refuses,
    public_apis_answer,
    endpoint_answers,
    gateway_endpoint_answers,
    resolvers_answer,
    resolver_follows,
    resolver_survives,
    listeners_follow,
    everything_closes,
)


@pytest.mark.parametrize("rootless", [False, True], ids=["root", "ordinary user"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_far_ends_can_be_met(scenario: Callable[[World], None], *, rootless: bool) -> None:
    """What each scenario's docstring says."""

    def run() -> None:
        with far_ends() as world:
            scenario(world)

    in_private_world(run, rootless=rootless, seconds=60)
