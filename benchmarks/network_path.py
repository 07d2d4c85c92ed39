"""Round trip and throughput on a function's ways out, beside a bare veth pair; one run, in turns.

    .venv/bin/python -m benchmarks.network_path

- two groups: environment, its interface (source NAT), the router (two groups and a network ACL at either end,
  across a subnet boundary), a host behind an interface, as a database is.
- NAT gateway: environment, its interface, the router, the NAT gateway, the router again, the internet gateway's
  translation, a host on the internet.
- veth pair: two namespaces and the pair between them; nothing judges.

A round trip is one small message there and back on an open connection, or as a datagram. Connecting is a handshake
and the first round trip. The far ends are a process of their own, on the same processor as the near ends: where
the scheduler puts them would count for more than the way, and so throughput is what a processor can carry.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from benchmarks.table import machine, middle, milliseconds, show
from tests.data_plane.networks import from_group, private_and_public
from vpclab.localcloud import private_world
from vpclab.localcloud.data_plane import DataPlane, netlink
from vpclab.localcloud.namespace import NetworkNamespace
from vpclab.network.model import InterfaceType

ROUNDS = 20
MESSAGES = 100
BULK_SECONDS = 0.5
BULK_ROUNDS = 5
SECONDS = 180.0
PORT = 5432
MESSAGE = b"?" * 64
CHUNK = bytes(256 * 1024)
MAIN_TABLE = 254
BARE = "veth pair"
KINDS = ("TCP round trip, us", "UDP round trip, us", "connect, us", "MB/s")


@dataclass(frozen=True)
class Way:
    """From a namespace to an address behind which a far end listens, on TCP and UDP."""

    name: str
    near: NetworkNamespace
    far: NetworkNamespace
    address: str

    def stream(self) -> socket.socket:
        """Open a connection."""
        opened = self.near.call(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        opened.settimeout(10)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.connect((self.address, PORT))
        return opened


def main() -> None:
    """Measure in a private world, and print."""
    print(machine())
    found = private_world.run(measure, SECONDS)
    bare = {kind: middle(found[BARE, kind]) for kind in KINDS}
    rows = [
        (
            name,
            *(
                cell
                for kind in KINDS
                for value in [middle(found[name, kind])]
                for cell in (f"{value:.0f}", f"{value / bare[kind]:.2f}")
            ),
        )
        for name in dict.fromkeys(name for name, _ in found)
    ]
    show("medians, and as multiples of the veth pair's", ["", *(h for kind in KINDS for h in (kind, "x"))], rows)


def measure() -> dict[tuple[str, str], list[float]]:
    """Take each measure of each way in turn."""
    found: dict[tuple[str, str], list[float]] = {}
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with ways() as all_ways:
        for number in range(ROUNDS):
            for way in all_ways:
                found.setdefault((way.name, KINDS[0]), []).extend(tcp_round_trips(way))
                found.setdefault((way.name, KINDS[1]), []).extend(udp_round_trips(way))
                found.setdefault((way.name, KINDS[2]), []).append(1000 * milliseconds(partial(connect, way)))
                if number < BULK_ROUNDS:
                    found.setdefault((way.name, KINDS[3]), []).append(bulk(way))
    return found


def tcp_round_trips(way: Way) -> list[float]:
    """Return microseconds for each of some messages on one connection."""
    with way.stream() as opened:
        opened.sendall(b"e")
        return [1000 * milliseconds(lambda: echoed(opened)) for _ in range(MESSAGES)]


def udp_round_trips(way: Way) -> list[float]:
    """Return microseconds for each of some datagrams."""
    with way.near.call(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as asking:
        asking.settimeout(10)
        asking.connect((way.address, PORT))
        return [1000 * milliseconds(lambda: echoed(asking)) for _ in range(MESSAGES)]


def echoed(opened: socket.socket) -> None:
    """Send a message and wait for it to come back."""
    opened.send(MESSAGE)
    opened.recv(len(MESSAGE))


def connect(way: Way) -> None:
    """Connect, and have one message echoed. Entering the namespace for a socket is part of it, on each way."""
    with way.stream() as opened:
        opened.sendall(b"e" + MESSAGE)
        opened.recv(len(MESSAGE))


def bulk(way: Way) -> float:
    """Return how many megabytes a second one connection carries."""
    with way.stream() as opened:
        opened.sendall(b"s")
        started = time.perf_counter()
        while time.perf_counter() - started < BULK_SECONDS:
            opened.sendall(CHUNK)
        opened.shutdown(socket.SHUT_WR)
        total = int(opened.makefile("rb").readline())
        return total / (time.perf_counter() - started) / 1e6


@contextmanager
def ways() -> Iterator[list[Way]]:
    """Make the networks and the far ends."""
    draft = private_and_public()
    draft.group("sg-function", "vpc-a", ingress=())
    draft.group("sg-function-too", "vpc-a", ingress=(), egress=())
    draft.group(
        "sg-database", "vpc-a", ingress=tuple(from_group("sg-function", one, PORT) for one in ("tcp", "udp"))
    )
    draft.group("sg-database-too", "vpc-a", ingress=())
    draft.subnet("subnet-database", "vpc-a", "10.0.3.0/24")
    draft.interface("eni-database", "subnet-database", "10.0.3.10", "sg-database", "sg-database-too")
    function = ("sg-function", "sg-function-too")
    draft.interface("eni-function", "subnet-private", "10.0.1.20", *function, kind=InterfaceType.LAMBDA)
    with ExitStack() as undo:
        data_plane = DataPlane(lambda _drop: None, prepared_environments=0)
        undo.callback(data_plane.close)
        data_plane.reconcile(draft.network())
        database = data_plane.materialise("eni-database")
        environment = data_plane.attach_environment("eni-function")
        undo.callback(data_plane.detach_environment, environment)
        near, far = veth_pair()
        undo.callback(near.close)
        undo.callback(far.close)
        all_ways = [
            Way(BARE, near, far, "10.9.0.2"),
            Way("two groups", environment.namespace, database, "10.0.3.10"),
            Way("NAT gateway", environment.namespace, data_plane.namespaces()["internet"], "198.51.100.7"),
        ]
        undo.enter_context(far_ends(all_ways))
        yield all_ways


def veth_pair() -> tuple[NetworkNamespace, NetworkNamespace]:
    """Make two namespaces with 10.9.0.1 and 10.9.0.2, and a pair between them."""
    near, far = NetworkNamespace.create("near"), NetworkNamespace.create("far")
    pair = netlink.add_veth(
        "eth0", 2, 0, peer_name="eth0", peer_index=2, peer_group=0, peer_namespace=far.fileno()
    )
    near.call(lambda: netlink.send([pair]))
    far.call(lambda: netlink.send([netlink.set_up(2)]))
    for namespace, own, other in ((near, "10.9.0.1", "10.9.0.2"), (far, "10.9.0.2", "10.9.0.1")):
        requests = [
            netlink.address(2, IPv4Address(own)),
            netlink.neighbour(2, IPv4Address(other)),
            netlink.set_route(MAIN_TABLE, IPv4Network(other), "unicast", 2),
        ]
        namespace.call(partial(netlink.send, requests))
    near.call(lambda: netlink.send([netlink.activate(2)]))
    return near, far


@contextmanager
def far_ends(all_ways: list[Way]) -> Iterator[None]:
    """Have a process listen at the end of each way."""
    bound: list[tuple[str, socket.socket]] = []
    for way in all_ways:
        bound += [("tcp", way.far.listen_tcp(way.address, PORT)), ("udp", way.far.bind_udp(way.address, PORT))]
    given = [word for kind, one in bound for word in (kind, str(one.fileno()))]
    program = [sys.executable, str(Path(__file__).with_name("far_end.py")), *given]
    descriptors = [one.fileno() for _, one in bound]
    with subprocess.Popen(program, stdin=subprocess.PIPE, pass_fds=descriptors) as process:
        for _, one in bound:
            one.close()
        try:
            yield
        finally:
            process.kill()


if __name__ == "__main__":
    main()
