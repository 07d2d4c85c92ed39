"""The data plane: whatever the network's facts say, the kernel does from the next packet on."""

import time
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address
from threading import RLock

from vpclab.localcloud.data_plane import links
from vpclab.localcloud.data_plane.drop import Drop, Whereabouts, describe, parse_header, parse_prefix
from vpclab.localcloud.data_plane.environment import (
    Attachments,
    EnvironmentNetwork,
    NamespacePool,
    PreparedNamespace,
)
from vpclab.localcloud.data_plane.errors import DataPlaneError
from vpclab.localcloud.data_plane.followed_vpcs import FollowedVpcs
from vpclab.localcloud.data_plane.kernel import HeldNamespace, Kernel
from vpclab.localcloud.data_plane.nat_limits import NatLimits
from vpclab.localcloud.data_plane.packet_log import LoggedPacket, PacketLog
from vpclab.localcloud.data_plane.parties import Parties
from vpclab.localcloud.data_plane.ranges import RESOLVER
from vpclab.localcloud.data_plane.shared_topology import internet_topology, lambda_service_topology
from vpclab.localcloud.data_plane.topology import (
    INTERNET,
    LAMBDA_SERVICE,
    NamespaceTopology,
    Topology,
    interface_key,
    vpc_key,
)
from vpclab.localcloud.data_plane.vpc_facts import VpcFacts, facts_by_vpc
from vpclab.localcloud.data_plane.vpc_topology import vpc_topology
from vpclab.localcloud.namespace import NetworkNamespace
from vpclab.localcloud.network_refusal import NetworkRefusal
from vpclab.network.model import AMAZON_PROVIDED_DNS, Network, NetworkInterface

PREPARED_ENVIRONMENTS = 4
_AWS_LIMITS = NatLimits()


class DataPlane:
    """The networks of the local cloud. Must be made inside a private world (``private_world``).

    Args:
        record_drop: called, in a thread of the data plane, with each packet that something refused.
        prepared_environments: how many namespaces to keep ready for ``attach_environment``.
        nat_limits: what NAT gateways can hold.

    """

    def __init__(
        self,
        record_drop: Callable[[Drop], None],
        *,
        prepared_environments: int = PREPARED_ENVIRONMENTS,
        nat_limits: NatLimits = _AWS_LIMITS,
    ) -> None:
        self._record_drop = record_drop
        self._nat_limits = nat_limits
        self._lock = RLock()
        self._network = Network()
        self._held_interfaces: set[str] = set()
        self._internet: tuple[list[VpcFacts], NamespaceTopology] | None = None
        self._lambda_service = lambda_service_topology()
        self._vpc_of: dict[str, str] = {}
        self._interface_of_link: dict[str, dict[str, str]] = {}
        self._attachments = Attachments()
        self._log = PacketLog(self._heard)
        self._kernel = Kernel(self._watch, lambda held: self._log.unwatch(held.key))
        self._vpcs = FollowedVpcs(self._kernel, self._shared, self._compile)
        self._parties = Parties(lambda interface_id: self._kernel.held(interface_key(interface_id)).namespace)
        self._pool = NamespacePool(prepared_environments)
        try:
            self._apply()
        except BaseException:
            self.close()
            raise

    def reconcile(self, network: Network) -> None:
        """Have the kernel follow ``network``; when this returns, the next packet meets it.

        Only VPCs whose facts changed are compiled, and only differences are applied. A VPC that cannot follow
        stays as it was, and is tried again by the next call.

        Raises:
            NetworkRefusal: some VPCs could not follow; all others did.
            DataPlaneError, NamespaceError: the kernel refused what belongs to no VPC.
        """
        with self._lock:
            self._network = network
            refused = self._apply()
            if refused:
                facts = {vpc_id: self._facts(vpc_id) for vpc_id in refused}
                raise NetworkRefusal(
                    refused,
                    {
                        vpc_id: frozenset({vpc_id}).union(*(one.identifiers() for one in found))
                        for vpc_id, found in facts.items()
                    },
                    {
                        vpc_id: frozenset().union(*(one.prefix_list_ids() for one in found))
                        for vpc_id, found in facts.items()
                    },
                )

    def namespaces(self) -> Mapping[str, NetworkNamespace]:
        """Return the namespaces: ``internet``, ``lambda-service``, ``vpc/<id>``, ``eni/<id>`` for interfaces with
        something behind them, and ``gateway-endpoint/<id>``.
        """  # noqa: D205 - one sentence
        with self._lock:
            return self._kernel.namespaces()

    def materialise(self, interface_id: str) -> NetworkNamespace:
        """Have a namespace behind an interface for a host that the caller runs in it, for as long as it exists.

        Raises:
            DataPlaneError: the network has no such interface.
        """
        with self._lock:
            return self._materialised(interface_id).namespace

    def attach_environment(self, interface_id: str | None) -> EnvironmentNetwork:
        """Make the network of a new execution environment behind ``interface_id``; None: the VPC that AWS owns.

        Raises:
            DataPlaneError: the network has no such interface, or the kernel refused.
        """
        prepared = self._pool.take()
        try:
            with self._lock:
                return self._attached(prepared, interface_id)
        except BaseException:
            prepared.close()
            raise

    def detach_environment(self, environment: EnvironmentNetwork) -> None:
        """Take an environment's network down. Its processes should have ended; safe to call twice."""
        with self._lock:
            self._attachments.detach(environment, self._kernel.namespaces().values())
        environment.runtime_api.close()
        environment.namespace.close()

    def close(self) -> None:
        """Let go of everything; the kernel takes it down."""
        self._pool.close()
        with self._lock:
            self._kernel.close()
        self._log.close()

    def _apply(self) -> dict[str, str]:
        """Have the kernel follow; return why which VPC could not."""
        return self._vpcs.follow(facts_by_vpc(self._network, self._held_interfaces))

    def _compile(self, facts: VpcFacts, before: tuple[VpcFacts, Topology] | None) -> Topology:
        vpc_id = facts.vpc.id
        self._interface_of_link[vpc_key(vpc_id)] = {
            links.interface_link(interface_id): interface_id for interface_id in facts.materialised
        }
        self._vpc_of.update(dict.fromkeys(facts.materialised, vpc_id))
        return vpc_topology(facts, self._nat_limits, before)

    def _facts(self, vpc_id: str) -> list[VpcFacts]:
        """A VPC as the API has it and as the kernel does."""
        wanted = facts_by_vpc(self._network, self._held_interfaces).get(vpc_id)
        return [facts for facts in (wanted, self._vpcs.facts(vpc_id)) if facts is not None]

    def _shared(self, vpcs: list[VpcFacts]) -> Topology:
        facts = [facts for facts in vpcs if facts.internet_gateway is not None]
        if self._internet is None or self._internet[0] != facts:
            self._internet = (facts, internet_topology(facts))
        return {LAMBDA_SERVICE: self._lambda_service, INTERNET: self._internet[1]}

    def _interface(self, interface_id: str) -> NetworkInterface:
        for interface in self._network.network_interfaces:
            if interface.id == interface_id:
                return interface
        raise DataPlaneError(
            f"nothing can be put behind {interface_id}: the network has no such interface; was it deleted?"
        )

    def _materialised(self, interface_id: str) -> HeldNamespace:
        key = interface_key(interface_id)
        if interface_id not in self._held_interfaces or key not in self._kernel.namespaces():
            interface = self._interface(interface_id)
            self._held_interfaces.add(interface_id)
            refused = self._apply()
            if key not in self._kernel.namespaces():
                cause = refused.get(interface.vpc_id, "its VPC does not exist")
                raise DataPlaneError(f"nothing can be put behind {interface_id}: {cause}")
        return self._kernel.held(key)

    def _attached(self, prepared: PreparedNamespace, interface_id: str | None) -> EnvironmentNetwork:
        nameservers: tuple[str, ...] = (str(RESOLVER),)
        if interface_id is None:
            behind = self._kernel.held(LAMBDA_SERVICE)
        else:
            behind, nameservers = self._materialised(interface_id), self._nameservers(interface_id)
        environment = EnvironmentNetwork(prepared.namespace, interface_id, nameservers, prepared.runtime_api)
        try:
            self._attachments.attach(behind, environment, prepared.channel)
        except BaseException:
            self._attachments.detach(environment, (behind.namespace,))
            raise
        prepared.channel.close()
        return environment

    def _nameservers(self, interface_id: str) -> tuple[str, ...]:
        facts = self._vpcs.facts(self._interface(interface_id).vpc_id)
        if facts is None:
            raise DataPlaneError(f"{interface_id} is in a VPC that the network could not follow")
        return tuple(
            str(facts.resolver()) if server == AMAZON_PROVIDED_DNS else str(IPv4Address(server))
            for server in facts.vpc.domain_name_servers
        )

    def _watch(self, held: HeldNamespace) -> None:
        self._log.watch(held.key, held.namespace)

    def _heard(self, key: str, packet: LoggedPacket) -> None:
        refusal, header = parse_prefix(packet.prefix), parse_header(packet.payload)
        if refusal is None or header is None:
            return
        kind, _, identifier = key.partition("/")
        vpc_id: str | None = None
        interface_id: str | None = None
        if kind == "eni":
            vpc_id, interface_id = self._vpc_of.get(identifier), identifier
        elif kind == "vpc":
            vpc_id = identifier
            interface_id = self._interface_by_link(key, packet, inbound=refusal.direction == "ingress")
        parties = self._parties.of(header, self._vpcs.facts(vpc_id or ""), self._vpcs.all_facts())
        self._record_drop(describe(refusal, header, time.time(), Whereabouts(vpc_id, interface_id, *parties)))

    def _interface_by_link(self, key: str, packet: LoggedPacket, *, inbound: bool) -> str | None:
        try:
            held = self._kernel.held(key)
        except DataPlaneError:  # gone since the packet was refused
            return None
        interfaces = self._interface_of_link.get(key, {})
        indices = (packet.out_index, packet.in_index) if inbound else (packet.in_index, packet.out_index)
        for index in indices:
            interface_id = interfaces.get(held.link(index) or "")
            if interface_id is not None:
                return interface_id
        return None
