"""Applying a topology to the kernel: level-triggered, each time only the difference.

What was applied without an error is known and not touched again. After an error nothing of that namespace is taken
for granted: the next application adds everything anew, which is harmless, and removes whatever may be left over.
"""

import logging
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which

from vpclab.localcloud.data_plane import netlink
from vpclab.localcloud.data_plane.errors import DataPlaneError, refusals_of
from vpclab.localcloud.data_plane.links import LOOPBACK
from vpclab.localcloud.data_plane.ruleset import Ruleset
from vpclab.localcloud.data_plane.ruleset_change import change
from vpclab.localcloud.data_plane.topology import KernelRoute, NamespaceTopology
from vpclab.localcloud.namespace import NetworkNamespace

_LOG = logging.getLogger(__name__)

_SYSCTLS = Path("/proc/sys/net")
_ADMINISTRATORS_PATH = "/usr/sbin:/usr/local/sbin:/sbin:/usr/bin"

NOTHING = NamespaceTopology()


@dataclass(slots=True)
class HeldNamespace:
    """A namespace, the indices of its links, and what it holds: ``certain`` surely, ``possible`` at most.

    ``table`` is the name of its nftables table.
    """

    key: str
    namespace: NetworkNamespace
    certain: NamespaceTopology = NOTHING
    possible: NamespaceTopology = NOTHING
    indices: dict[str, int] = field(default_factory=lambda: {LOOPBACK: 1})
    table: str | None = None
    _next_index: int = 2
    _channel: socket.socket | None = None

    def new_index(self, link: str) -> int:
        """Return an index for a link that is to be made; the one it has when it was tried before."""
        if link not in self.indices:
            self.indices[link] = self._next_index
            self._next_index += 1
        return self.indices[link]

    def index(self, link: str) -> int:
        """Return the index of a link that is there."""
        try:
            return self.indices[link]
        except KeyError:
            raise DataPlaneError(f"{self.key} has no link {link}") from None

    def send(self, requests: Sequence[netlink.Request]) -> None:
        """Have the kernel carry the requests out in this namespace."""
        if requests:
            self.namespace.call(lambda: netlink.send(requests))

    def send_often(self, requests: Sequence[netlink.Request]) -> None:
        """As ``send``, by a socket that is kept, for a namespace that changes often."""
        if self._channel is None:
            self._channel = self.namespace.call(netlink.channel)
        netlink.send_over(self._channel, requests)

    def close(self) -> None:
        """Let go of the namespace."""
        if self._channel is not None:
            self._channel.close()
        self.namespace.close()

    def link(self, index: int) -> str | None:
        """Return the name of the link with that index."""
        return next((name for name, known in list(self.indices.items()) if known == index), None)


class Kernel:
    """Holds the namespaces. ``created`` hears of each new one that has a ruleset, before anything can pass it."""

    def __init__(self, created: Callable[[HeldNamespace], None], removed: Callable[[HeldNamespace], None]) -> None:
        self._created = created
        self._removed = removed
        self._held: dict[str, HeldNamespace] = {}

    def namespaces(self) -> dict[str, NetworkNamespace]:
        """Return the namespaces by key."""
        return {key: held.namespace for key, held in self._held.items()}

    def held(self, key: str) -> HeldNamespace:
        """Return one namespace with its state.

        Raises:
            DataPlaneError: there is none of that key.
        """
        try:
            return self._held[key]
        except KeyError:
            raise DataPlaneError(f"there is no namespace {key}") from None

    def apply(self, topology: Mapping[str, NamespaceTopology], untouched: frozenset[str] = frozenset()) -> None:
        """Make the kernel hold exactly ``topology``, and leave the ``untouched`` namespaces as they are.

        Rulesets come before links, so that nothing new passes unjudged; what goes is cut off before its namespace
        is let go.

        Raises:
            NamespaceRefusal: the kernel refused something in a namespace; the next call tries it again.
            NamespaceError: it refused to let go of a namespace.
        """
        for key, wanted in topology.items():
            if key not in self._held:
                with refusals_of(key):
                    self._create(key, wanted)
        before = self._begin(topology)
        for key, known in before.items():
            with refusals_of(key):
                _judge(self._held[key], topology[key], known)
        far_ends: dict[str, list[str]] = {key: [] for key in before}
        for key, known in before.items():
            with refusals_of(key):
                self._link(self._held[key], topology[key], known, far_ends)
        gone = [held for key, held in self._held.items() if key not in topology and key not in untouched]
        for held in sorted(gone, key=lambda held: len(held.indices), reverse=True):
            del self._held[held.key]  # the one with the most links first: the others' go with them, all at once
            self._remove(held)
        far_ends = {key: links for key, links in far_ends.items() if key in topology}
        for key, links in far_ends.items():
            with refusals_of(key):
                populate(self._held[key], topology[key], before.get(key, topology[key]), links)
        for key, known in before.items():
            held = self._held[key]
            with refusals_of(key):
                held.send([netlink.activate(held.index(veth.name)) for veth in topology[key].veths - known.veths])
        for key in far_ends:
            self._held[key].certain = self._held[key].possible = topology[key]

    def close(self) -> None:
        """Let go of every namespace."""
        while self._held:
            _, held = self._held.popitem()
            self._removed(held)
            held.close()

    def _begin(self, topology: Mapping[str, NamespaceTopology]) -> dict[str, NamespaceTopology]:
        """Return, for each namespace with something to do, what it surely holds; from here on that is doubtful."""
        changed = {
            key
            for key, wanted in topology.items()
            if self._held[key].certain is not wanted and self._held[key].certain != wanted
        }
        doubtful: set[str] = set()
        for key in changed:
            # A link that is made anew takes with it what either end had.
            names = {veth.name for veth in topology[key].veths - self._held[key].possible.veths}
            for veth in self._held[key].possible.veths - topology[key].veths:
                if veth.name in names:
                    doubtful |= {key, veth.peer_namespace} & topology.keys()
        before: dict[str, NamespaceTopology] = {}
        for key in changed | doubtful:
            held = self._held[key]
            before[key] = NOTHING if key in doubtful else held.certain
            held.possible = _union(held.possible, topology[key])
            held.certain = NOTHING
        return before

    def _create(self, key: str, wanted: NamespaceTopology) -> None:
        held = HeldNamespace(key, NetworkNamespace.create(key))
        try:
            held.namespace.call(lambda: write_sysctls(wanted.sysctls))
            if wanted.ruleset is not None:
                self._created(held)
        except BaseException:
            held.namespace.close()
            raise
        self._held[key] = held

    def _remove(self, held: HeldNamespace) -> None:
        """Cut the namespace off at once; it may live on for as long as a process or a socket is in it."""
        self._removed(held)
        held.send(netlink.delete_links([index for name, index in held.indices.items() if name != LOOPBACK]))
        held.close()

    def _link(
        self,
        held: HeldNamespace,
        wanted: NamespaceTopology,
        before: NamespaceTopology,
        far_ends: dict[str, list[str]],
    ) -> None:
        """Delete and make the links that belong to ``held``; note the far ends to bring up."""
        requests: list[netlink.Request] = []
        gone: list[int] = []
        for veth in held.possible.veths - wanted.veths:
            index = held.indices.pop(veth.name, None)
            if index is not None:
                gone.append(index)
            if veth.peer_namespace in self._held:
                self._held[veth.peer_namespace].indices.pop(veth.peer_name, None)
        requests += netlink.delete_links(gone)
        for veth in wanted.veths - before.veths:
            peer = self._held[veth.peer_namespace]
            requests.append(
                netlink.add_veth(
                    veth.name,
                    held.new_index(veth.name),
                    veth.group,
                    peer_name=veth.peer_name,
                    peer_index=peer.new_index(veth.peer_name),
                    peer_group=veth.peer_group,
                    peer_namespace=peer.namespace.fileno(),
                )
            )
            far_ends.setdefault(peer.key, []).append(veth.peer_name)
        held.send(requests)


def populate(
    held: HeldNamespace, wanted: NamespaceTopology, before: NamespaceTopology, raised: Iterable[str]
) -> None:
    """Bring the far ends of new links up; give ``held`` its addresses, neighbours, routes and rules."""
    requests = [netlink.set_up(held.index(link)) for link in raised]
    requests += [netlink.address(held.index(new.link), new.address) for new in wanted.addresses - before.addresses]
    requests += [
        netlink.neighbour(held.index(new.link), new.address) for new in wanted.neighbours - before.neighbours
    ]
    routes = wanted.routes - before.routes
    requests += [_set_route(held, new) for new in routes]
    requests += [netlink.mark_rule(new.mark, new.table) for new in wanted.rules - before.rules]
    held.send(requests + _removals(held, wanted, routes))


def _judge(held: HeldNamespace, wanted: NamespaceTopology, before: NamespaceTopology) -> None:
    """Bring the ruleset and its memory of connections to what is wanted."""
    if wanted.ruleset is not None and wanted.ruleset != before.ruleset:
        _load(held, wanted.ruleset, before.ruleset)
    if wanted.tracking != before.tracking:
        held.namespace.call(lambda: _write_tracking(wanted.tracking))


def _load(held: HeldNamespace, ruleset: Ruleset, before: Ruleset | None) -> None:
    """Turn the namespace's table from ``before`` into ``ruleset``, or replace whatever is there."""
    nft = which("nft") or which("nft", path=_ADMINISTRATORS_PATH)
    if nft is None:
        raise DataPlaneError("nft is neither on PATH nor in /usr/sbin: install the package nftables")
    if before is None and held.table is not None:
        held.table = _standing_table(held, nft)
    if before is not None and held.table is not None:
        difference = change(held.table, before, ruleset)
        if difference is not None:
            held.namespace.run([nft, "-f", "-"], text_input=difference)
            return
    name = ruleset.name if held.table != ruleset.name else f"{ruleset.name}-2"
    for batch in ruleset.batches(name, held.table):
        held.namespace.run([nft, "-f", "-"], text_input=batch)
    held.table = name


def write_sysctls(sysctls: Iterable[tuple[str, str]]) -> None:
    """Set kernel parameters of the calling thread's network namespace; paths are below /proc/sys/net."""
    for path, value in sysctls:
        parameter = _SYSCTLS / path
        try:
            parameter.write_text(value)
        except FileNotFoundError:
            if not path.startswith("ipv6/"):  # a kernel without IPv6 has none to turn off
                raise DataPlaneError(f"the kernel has no parameter net/{path}") from None


def _standing_table(held: HeldNamespace, nft: str) -> str | None:
    """Return the name of the table that judges. A replacement that seemed to fail may have been made after all."""
    listing = held.namespace.run([nft, "list", "tables", "ip"])
    names = [line.split()[-1] for line in listing.splitlines()]
    return held.table if held.table in names else next(iter(names), None)


def _write_tracking(sysctls: Iterable[tuple[str, str]]) -> None:
    """Set connection tracking's parameters; a kernel that hides them from user namespaces keeps its own."""
    for path, value in sysctls:
        try:
            (_SYSCTLS / path).write_text(value)
        except OSError as refusal:
            _LOG.warning("connection tracking keeps its own net/%s: %s", path, refusal)


def _removals(
    held: HeldNamespace, wanted: NamespaceTopology, routes: Iterable[KernelRoute]
) -> list[netlink.Request]:
    """Delete what is not wanted; a route whose place one of the new ``routes`` has taken is gone by that."""
    old = held.possible
    requests = [netlink.mark_rule(rule.mark, rule.table, delete=True) for rule in old.rules - wanted.rules]
    taken = {(route.table, route.destination) for route in routes}
    gone = {(route.table, route.destination) for route in old.routes - wanted.routes}
    requests += [netlink.delete_route(table, destination) for table, destination in gone - taken]
    requests += [
        netlink.neighbour(held.indices[one.link], one.address, delete=True)
        for one in old.neighbours - wanted.neighbours
        if one.link in held.indices
    ]
    requests += [
        netlink.address(held.indices[one.link], one.address, delete=True)
        for one in old.addresses - wanted.addresses
        if one.link in held.indices
    ]
    return requests


def _set_route(held: HeldNamespace, route: KernelRoute) -> netlink.Request:
    index = None if route.link is None else held.index(route.link)
    return netlink.set_route(route.table, route.destination, route.kind, index, route.via)


def _union(one: NamespaceTopology, other: NamespaceTopology) -> NamespaceTopology:
    return NamespaceTopology(
        veths=one.veths | other.veths,
        addresses=one.addresses | other.addresses,
        neighbours=one.neighbours | other.neighbours,
        routes=one.routes | other.routes,
        rules=one.rules | other.rules,
    )
