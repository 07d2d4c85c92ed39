"""The network of an execution environment: a namespace of its own behind an interface that it shares.

As Hyperplane does it: environments have private link-local addresses, the interface translates them to its own.
"""

import itertools
import logging
import queue
import socket
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from ipaddress import IPv4Network

from vpclab.localcloud.data_plane import links, netlink
from vpclab.localcloud.data_plane.errors import DataPlaneError
from vpclab.localcloud.data_plane.kernel import HeldNamespace, write_sysctls
from vpclab.localcloud.data_plane.ranges import ENVIRONMENTS, EVERYWHERE, GATEWAY, RUNTIME_API
from vpclab.localcloud.data_plane.topology import MAIN_TABLE, QUIET
from vpclab.localcloud.namespace import NetworkNamespace

_LOG = logging.getLogger(__name__)

_LOOPBACK_INDEX = 1
_INSIDE_INDEX = 2
_BACKLOG = 16
_LAST_RESORT = 1000

MOST_ENVIRONMENTS = ENVIRONMENTS.num_addresses - 2

ENVIRONMENT_SYSCTLS = (
    *QUIET,
    # Source ports of functions (VPC guide, network ACLs, "Ephemeral ports"), wider than Linux's own choice.
    ("ipv4/ip_local_port_range", "1024 65535"),
    # What was closed with its last segment unanswered keeps the namespace, and its link, after the environment.
    ("ipv4/tcp_orphan_retries", "1"),
)


@dataclass(frozen=True, slots=True, eq=False)
class EnvironmentNetwork:
    """Where one execution environment runs.

    ``runtime_api`` listens on 169.254.100.1:9001 inside ``namespace``; ``nameservers`` are for its resolv.conf;
    ``interface_id`` is None in the VPC that AWS owns.
    """

    namespace: NetworkNamespace
    interface_id: str | None
    nameservers: tuple[str, ...]
    runtime_api: socket.socket


@dataclass(slots=True)
class PreparedNamespace:
    """A namespace with everything but its way out, and a netlink channel into it."""

    namespace: NetworkNamespace
    runtime_api: socket.socket
    channel: socket.socket

    def close(self) -> None:
        """Let go of everything."""
        self.channel.close()
        self.runtime_api.close()
        self.namespace.close()


def prepare() -> PreparedNamespace:
    """Make a namespace with the Runtime API's address on loopback, and a socket that listens there."""
    namespace = NetworkNamespace.create("environment")
    host, port = RUNTIME_API

    def inside() -> PreparedNamespace:
        write_sysctls(ENVIRONMENT_SYSCTLS)
        channel = netlink.channel()
        netlink.send_over(
            channel,
            [
                netlink.address(_LOOPBACK_INDEX, host),
                # Loopback swallows what has nowhere else to go: should the way out be taken away while functions
                # run, they see time-outs, as in AWS, and never "Network is unreachable".
                netlink.set_route(MAIN_TABLE, EVERYWHERE, "unicast", _LOOPBACK_INDEX, metric=_LAST_RESORT),
            ],
        )
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        listening.bind((str(host), port))
        listening.listen(_BACKLOG)
        return PreparedNamespace(namespace, listening, channel)

    try:
        return namespace.call(inside)
    except BaseException:
        namespace.close()
        raise


class NamespacePool:
    """Prepares namespaces ahead of need in a thread, so that attaching takes as little time as possible."""

    def __init__(self, size: int, make: Callable[[], PreparedNamespace] = prepare) -> None:
        self._make = make
        self._ready: queue.Queue[PreparedNamespace] = queue.Queue()
        self._wanted = threading.Semaphore(size)
        self._closing = False
        self._thread = threading.Thread(target=self._fill, name="environment-namespaces", daemon=True)
        self._thread.start()

    def take(self) -> PreparedNamespace:
        """Return a prepared namespace, or make one when none is ready."""
        try:
            prepared = self._ready.get_nowait()
        except queue.Empty:
            return self._make()
        self._wanted.release()
        return prepared

    def close(self) -> None:
        """Stop preparing and let go of what is ready."""
        self._closing = True
        self._wanted.release()
        self._thread.join()
        while not self._ready.empty():
            self._ready.get_nowait().close()

    def _fill(self) -> None:
        while True:
            self._wanted.acquire()
            if self._closing:
                return
            try:
                self._ready.put(self._make())
            except Exception:  # noqa: BLE001 - logged, and met again by who needs one
                # Whoever needs one makes it, and hears what is wrong.
                _LOG.exception("no namespace could be prepared for an execution environment")


class Attachments:
    """Which environment is behind which interface's namespace, and by which link and address."""

    def __init__(self) -> None:
        self._taken: set[int] = set()
        self._attached: dict[int, tuple[HeldNamespace, int, str]] = {}
        self._serial = itertools.count(1)

    def attach(self, behind: HeldNamespace, environment: EnvironmentNetwork, channel: socket.socket) -> None:
        """Connect the environment's namespace, which ``channel`` reaches, to ``behind``, which forwards for it.

        Raises:
            DataPlaneError: there are no more addresses, or the kernel refused a link.
        """
        number = self._free_number()
        address = ENVIRONMENTS.network_address + number
        link = f"{links.ENVIRONMENT_PREFIX}-{next(self._serial)}"
        index = behind.new_index(link)
        self._taken.add(number)
        self._attached[id(environment)] = (behind, number, link)
        behind.send_often(
            [
                netlink.add_veth(
                    link,
                    index,
                    links.GROUP_ENVIRONMENT,
                    peer_name=links.INSIDE,
                    peer_index=_INSIDE_INDEX,
                    peer_group=0,
                    peer_namespace=environment.namespace.fileno(),
                ),
                netlink.neighbour(index, address),
                netlink.set_route(MAIN_TABLE, IPv4Network(address), "unicast", index),
            ]
        )
        netlink.send_over(
            channel,
            [
                netlink.set_up(_INSIDE_INDEX),
                netlink.address(_INSIDE_INDEX, address),
                netlink.neighbour(_INSIDE_INDEX, GATEWAY),
                netlink.set_route(MAIN_TABLE, EVERYWHERE, "unicast", _INSIDE_INDEX, GATEWAY),
            ],
        )
        behind.send_often([netlink.activate(index)])

    def detach(self, environment: EnvironmentNetwork, held: Collection[NetworkNamespace]) -> None:
        """Cut the link, if the namespace that it leads to is still among the ``held`` ones.

        The kernel takes it down with the environment's namespace, when that is let go.
        """
        attached = self._attached.pop(id(environment), None)
        if attached is None:
            return
        behind, number, link = attached
        index = behind.indices.pop(link, None)
        if index is not None and behind.namespace in held:
            address = IPv4Network(ENVIRONMENTS.network_address + number)
            behind.send_often([netlink.give_up(index), netlink.delete_route(MAIN_TABLE, address)])
        self._taken.discard(number)

    def _free_number(self) -> int:
        for number in range(1, MOST_ENVIRONMENTS + 1):
            if number not in self._taken:
                return number
        raise DataPlaneError(
            f"{MOST_ENVIRONMENTS} execution environments are attached; there is no address for another one"
        )
