"""What a network costs to compile and to apply, and what a change costs, at 10, 100 and 1,000 interfaces.

    .venv/bin/python -m benchmarks.network_scale [INTERFACES ...]

One VPC with four subnets, an internet gateway, a NAT gateway and one group for every ten interfaces, each of which
has a host behind it. The changes are to one route, to one rule of one group, and one interface more. Each is timed
until the data plane has followed, and until the first datagram that needed it has arrived (a process of its own
sends one every 0.2 ms). Medians in milliseconds, and those of the largest network divided by those of the
smallest: what costs as much as the whole network grows with it, what costs as much as was touched does not.
Processor time is our own and nft's, in user and kernel mode, and means something on a busy machine as well.
"""

import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path

from benchmarks.table import machine, middle, milliseconds, show
from tests.data_plane.networks import Draft, anywhere, from_group, route
from vpclab.localcloud import private_world
from vpclab.localcloud.data_plane import DataPlane
from vpclab.localcloud.data_plane.nat_limits import NatLimits
from vpclab.localcloud.data_plane.vpc_facts import facts_by_vpc
from vpclab.localcloud.data_plane.vpc_topology import vpc_topology
from vpclab.network.model import DatabaseInstance, Network, TargetKind

SIZES = (10, 100, 1000)
ROUNDS = 9
SECONDS = 300.0
SUBNETS = 4
EVERYWHERE = "0.0.0.0/0"
HOST = "198.51.100.7"
PORT = 4433
FUNCTION, DATABASE = "eni-00001", "eni-00002"
DATABASE_ADDRESS = "10.0.8.16"

Rows = dict[str, list[float]]


def main(sizes: tuple[int, ...]) -> None:
    """Measure each size in a private world of its own, and print."""
    print(machine())
    found = {size: private_world.run(partial(measure, size), SECONDS) for size in sizes}
    first, last = sizes[0], sizes[-1]
    rows = [
        [
            name,
            *(f"{middle(found[size][name]):.2f}" for size in sizes),
            f"{middle(found[last][name]) / middle(found[first][name]):.1f} x",
        ]
        for name in found[first]
    ]
    show("milliseconds at so many interfaces", ["", *(f"{size:,}" for size in sizes), f"{last} : {first}"], rows)


def measure(size: int) -> Rows:
    """Build a network of that size and change it, again and again."""
    rows: Rows = {}

    def note(name: str, value: float) -> None:
        rows.setdefault(name, []).append(value)

    draft = vpc(size)
    everything = frozenset(draft.interfaces)
    for _ in range(3):
        facts = facts_by_vpc(draft.network(), everything)["vpc-a"]
        note("compile", milliseconds(partial(vpc_topology, facts, NatLimits())))
    data_plane = DataPlane(lambda _drop: None, prepared_environments=0)
    network = described(draft)
    note("build all", milliseconds(partial(data_plane.reconcile, network)))
    with probing(data_plane, DATABASE, DATABASE_ADDRESS) as first_packet:
        data_plane.reconcile(with_rule(draft, admitted=False))
        for _ in range(ROUNDS):
            same, closed, opened = (with_rule(draft, admitted=admitted) for admitted in (False, False, True))
            note("nothing changed", milliseconds(partial(data_plane.reconcile, same)))
            followed, arrived, busy = first_packet(partial(data_plane.reconcile, opened))
            note("rule of a group added", followed)
            note("... first packet", arrived)
            note("... processor time", busy)
            note("rule of a group removed", milliseconds(partial(data_plane.reconcile, closed)))
    with probing(data_plane, "internet", HOST) as first_packet:
        data_plane.reconcile(with_route(draft, there=False))
        for _ in range(ROUNDS):
            without, routed = (with_route(draft, there=there) for there in (False, True))
            followed, arrived, busy = first_packet(partial(data_plane.reconcile, routed))
            note("route added", followed)
            note("...  first packet", arrived)
            note("...  processor time", busy)
            note("route removed", milliseconds(partial(data_plane.reconcile, without)))
    for number in range(ROUNDS):
        interface, address = f"eni-new-{number}", f"10.0.15.{200 + number}"
        draft.interface(interface, "subnet-3", address, "sg-1")  # whose members it admits
        network = described(draft)
        started, idle = time.monotonic(), processor()
        data_plane.reconcile(network)
        note("interface added", 1000 * (time.monotonic() - started))
        busy = processor() - idle
        answers(data_plane, interface, address)
        note("...   first packet", 1000 * (time.monotonic() - started))
        note("...   processor time", busy)
        del draft.interfaces[interface]
        network = described(draft)
        note("interface removed", milliseconds(partial(data_plane.reconcile, network)))
    data_plane.close()
    return rows


def processor() -> float:
    """Return how many milliseconds of processor time this process and its children that ended have taken."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (time.process_time() + ended.ru_utime + ended.ru_stime)


def vpc(size: int) -> Draft:
    """Describe a VPC with so many interfaces, besides the NAT gateway's."""
    draft = Draft()
    draft.vpc("vpc-a")
    draft.internet_gateway("igw-a", "vpc-a")
    draft.table("rtb-public", "vpc-a", route(EVERYWHERE, TargetKind.INTERNET_GATEWAY, "igw-a"))
    draft.table("rtb-private", "vpc-a")
    for number in range(SUBNETS):
        draft.subnet(f"subnet-{number}", "vpc-a", f"10.0.{4 * number}.0/22", table="rtb-private")
    draft.subnet("subnet-public", "vpc-a", "10.0.100.0/24", table="rtb-public")
    draft.nat_gateway("nat-a", "subnet-public", "10.0.100.5", public="203.0.113.9")
    groups = max(2, size // 10)
    for number in range(groups):
        draft.group(f"sg-{number}", "vpc-a", ingress=(from_group(f"sg-{number}"), anywhere("tcp", 443)))
    draft.group("sg-closed", "vpc-a", ingress=())
    for number in range(size):
        subnet = number % SUBNETS
        address = IPv4Address(f"10.0.{4 * subnet}.16") + number // SUBNETS
        group = "sg-closed" if f"eni-{number:05}" == DATABASE else f"sg-{number % groups}"
        draft.interface(f"eni-{number:05}", f"subnet-{subnet}", str(address), group)
    return draft


def with_rule(draft: Draft, *, admitted: bool) -> Network:
    """Return the network with, or without, the rule that admits the function to the database."""
    draft.group("sg-closed", "vpc-a", ingress=(from_group("sg-1", "udp", PORT),) if admitted else ())
    return described(draft)


def with_route(draft: Draft, *, there: bool) -> Network:
    """Return the network with, or without, the route to the NAT gateway."""
    routes = (route(EVERYWHERE, TargetKind.NAT_GATEWAY, "nat-a"),) if there else ()
    draft.routes("rtb-private", *routes)
    return described(draft)


def described(draft: Draft) -> Network:
    """Return new facts, as the API's inventory does, with a host behind each interface."""
    network = draft.network()
    fresh = tuple(replace(interface) for interface in network.network_interfaces)
    hosts = tuple(
        DatabaseInstance(one.id, f"arn:{one.id}", one.vpc_id, one.id, 5432, one.id, "postgres", "17", "", "")
        for one in fresh
        if one.id != "eni-nat-a"
    )
    return replace(network, network_interfaces=fresh, databases=hosts)


@contextmanager
def probing(
    data_plane: DataPlane, place: str, address: str
) -> Iterator[Callable[[Callable[[], None]], tuple[float, float, float]]]:
    """Yield what makes a change while the function sends to ``place``.

    It returns the milliseconds until the change had been followed, until the first packet had arrived, and of
    processor time.
    """
    namespaces = data_plane.namespaces()
    receiver = namespaces[place if place == "internet" else f"eni/{place}"].bind_udp(address, PORT)
    sender = namespaces[f"eni/{FUNCTION}"].call(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    descriptors = (sender.fileno(), receiver.fileno())
    program = [sys.executable, str(Path(__file__).with_name("first_packet.py")), *map(str, descriptors)]
    with (
        sender,
        receiver,
        subprocess.Popen(
            [*program, address, str(PORT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=descriptors,
            text=True,
            bufsize=1,
        ) as process,
    ):
        orders, reports = process.stdin, process.stdout
        if orders is None or reports is None:
            raise AssertionError

        def first_packet(change: Callable[[], None]) -> tuple[float, float, float]:
            orders.write("\n")
            reports.readline()
            started, idle = time.monotonic(), processor()
            change()
            followed, busy = time.monotonic(), processor() - idle
            arrived = float(reports.readline())
            return 1000 * (followed - started), 1000 * (arrived - started), busy

        yield first_packet
        orders.close()


def answers(data_plane: DataPlane, interface: str, address: str) -> None:
    """Have the function send to that interface until a datagram has arrived."""
    namespaces = data_plane.namespaces()
    with (
        namespaces[f"eni/{interface}"].bind_udp(address, PORT) as receiver,
        namespaces[f"eni/{FUNCTION}"].call(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sender,
    ):
        receiver.settimeout(0.05)
        while True:
            sender.sendto(b"?", (address, PORT))
            try:
                receiver.recv(64)
            except TimeoutError:
                continue
            return


if __name__ == "__main__":
    main(tuple(int(argument) for argument in sys.argv[1:]) or SIZES)
