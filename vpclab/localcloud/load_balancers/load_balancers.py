"""All load balancers of the local cloud, brought in line with the network after each change."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from vpclab.localcloud.control_plane.server import WsgiServer
from vpclab.localcloud.control_plane.target_health import TargetHealth
from vpclab.localcloud.load_balancers.health_checks import Checked, HealthChecks, Key
from vpclab.localcloud.load_balancers.listener import Choice, ListenerApplication
from vpclab.localcloud.load_balancers.node import Node
from vpclab.localcloud.network_refusal import NetworkRefusal, name_in
from vpclab.network.model import Forward, LoadBalancer, Network, TargetGroup

if TYPE_CHECKING:
    from vpclab.localcloud.namespace import NetworkNamespace

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A listener on a node that should be open."""

    node: Node
    port: int


class LoadBalancers:
    """Listeners and health checks. ``report`` is told how a target is, from threads of ours.

    ``invoke`` runs a function for a target group and returns what it returned; None: it may not, or it failed.
    """

    def __init__(
        self,
        report: Callable[[str, str, TargetHealth], None],
        invoke: Callable[[str, str, bytes], bytes | None],
    ) -> None:
        self._invoke = invoke
        self._checks = HealthChecks(report)
        self._network = Network()
        self._open: dict[tuple[str, str], tuple[_Wanted, WsgiServer]] = {}
        self._lock = threading.Lock()

    def reconcile(self, network: Network, namespaces: "Mapping[str, NetworkNamespace]") -> None:
        """Make listeners and checks follow the network; what a listener does is looked up at each request.

        Raises:
            NetworkRefusal: some could not be opened; the others are, and the next call tries again.
        """
        with self._lock:
            self._network = network
            nodes = {one.arn: _nodes(one, network, namespaces) for one in network.load_balancers}
            wanted = dict(_wanted(network, nodes))
            for key in [key for key, (had, _) in self._open.items() if wanted.get(key) != had]:
                self._open.pop(key)[1].close()
            failures: dict[str, str] = {}
            for key, one in wanted.items():
                if key in self._open:
                    continue
                try:
                    self._open[key] = (one, self._opened(key[0], one))
                except OSError as error:
                    failures[key[0]] = f"could not be opened on {one.node.address}: {error}"
            self._checks.reconcile(dict(_checks(network, nodes)))
            if failures:
                raise NetworkRefusal(failures, {arn: _names(arn) for arn in failures})

    def close(self) -> None:
        """Close everything. Safe to call twice."""
        with self._lock:
            for _, server in self._open.values():
                server.close()
            self._open.clear()
            self._checks.close()

    def _opened(self, listener_arn: str, wanted: _Wanted) -> WsgiServer:
        application = ListenerApplication(wanted.node, partial(self._choice, listener_arn), self._invoke)
        listening = wanted.node.namespace.listen_tcp(str(wanted.node.address), wanted.port)
        return WsgiServer(listening, application).start()

    def _choice(self, listener_arn: str) -> Choice:
        network = self._network
        listener = next(
            (
                listener
                for balancer in network.load_balancers
                for listener in balancer.listeners
                if listener.arn == listener_arn
            ),
            None,
        )
        return Choice(listener, {one.arn: one for one in network.target_groups}, self._checks.is_healthy)


def _names(listener_arn: str) -> frozenset[str]:
    """By what callers are told: the ends of the listener's ARN and of its load balancer's."""
    return frozenset(name_in("elasticloadbalancing", part) for part in listener_arn.split("/")[-2:])


def _nodes(
    balancer: LoadBalancer, network: Network, namespaces: "Mapping[str, NetworkNamespace]"
) -> dict[str, Node]:
    own = set(balancer.network_interface_ids)
    return {
        interface.id: Node(interface.private_ip, namespaces[f"eni/{interface.id}"])
        for interface in network.network_interfaces
        if interface.id in own and f"eni/{interface.id}" in namespaces
    }


def _wanted(
    network: Network, nodes: Mapping[str, Mapping[str, Node]]
) -> Iterator[tuple[tuple[str, str], _Wanted]]:
    for balancer in network.load_balancers:
        for listener in balancer.listeners:
            for interface_id, node in nodes[balancer.arn].items():
                yield (listener.arn, interface_id), _Wanted(node, listener.port)


def _checks(network: Network, nodes: Mapping[str, Mapping[str, Node]]) -> Iterator[tuple[Key, Checked]]:
    """Each target of a group that some listener forwards to, asked from all nodes of all its load balancers."""
    asking: dict[str, dict[str, Node]] = {}
    for balancer in network.load_balancers:
        for listener in balancer.listeners:
            if isinstance(listener.action, Forward):
                for arn, _ in listener.action.weights:
                    asking.setdefault(arn, {}).update(nodes[balancer.arn])
    for group in network.target_groups:
        members = tuple(asking.get(group.arn, {}).values())
        if group.health_check.enabled and members:
            yield from _checks_of(group, members)


def _checks_of(group: TargetGroup, members: tuple[Node, ...]) -> Iterator[tuple[Key, Checked]]:
    for target in group.targets:
        if target.address is not None:
            port = group.health_check.port or target.port or 80
            protocol = group.health_check.protocol or group.protocol
            yield (group.arn, target.id), Checked(group.health_check, protocol, target.address, port, members)
