"""Between which interfaces a refused packet was under way, gateways' translations undone.

A packet that was refused far from its sender (by the group of an endpoint, or behind a NAT gateway) is of no use
to who looks for what became of a function's packets, unless it says whose it was.
"""

from collections.abc import Callable, Iterable
from ipaddress import IPv4Address

from vpclab.localcloud.data_plane.drop import PacketHeader
from vpclab.localcloud.data_plane.errors import DataPlaneError
from vpclab.localcloud.data_plane.translation import Endpoint, original_source
from vpclab.localcloud.data_plane.vpc_facts import VpcFacts
from vpclab.localcloud.namespace import NamespaceError, NetworkNamespace
from vpclab.network.model import InterfaceType, NetworkInterface


class Parties:
    """Finds the interfaces. ``namespace`` returns what is behind an interface, or raises DataPlaneError."""

    def __init__(self, namespace: Callable[[str], NetworkNamespace]) -> None:
        self._namespace = namespace
        self._known: dict[str, tuple[VpcFacts, dict[IPv4Address, NetworkInterface]]] = {}

    def of(
        self, header: PacketHeader, vpc: VpcFacts | None, others: Iterable[VpcFacts]
    ) -> tuple[str | None, str | None]:
        """Return the ids of the sender's and the receiver's interface, None for one that is in no VPC.

        ``vpc`` is where it was refused; outside, the sender is looked for by its public address, in ``others``.
        """
        source = header.source, header.source_port
        destination = header.destination, header.destination_port
        if vpc is None:
            return self._public(source[0], others), self._public(destination[0], others)
        return (
            self._private(header.protocol, source, destination, vpc),
            self._private(header.protocol, destination, source, vpc),
        )

    def _private(
        self, protocol: str, end: tuple[str, int | None], far: tuple[str, int | None], vpc: VpcFacts
    ) -> str | None:
        interface = self._by_address(vpc).get(IPv4Address(end[0]))
        if interface is None:
            return None
        (address, port), (far_address, far_port) = end, far
        if interface.interface_type is InterfaceType.NAT_GATEWAY and port is not None and far_port is not None:
            behind = self._translated(interface.id, protocol, (address, port), (far_address, far_port))
            hidden = self._by_address(vpc).get(behind) if behind is not None else None
            return (hidden or interface).id
        return interface.id

    def _translated(self, interface_id: str, protocol: str, end: Endpoint, far: Endpoint) -> IPv4Address | None:
        try:
            return self._namespace(interface_id).call(lambda: original_source(protocol, end, far))
        except (DataPlaneError, NamespaceError, OSError):  # the gateway is gone since
            return None

    def _public(self, address: str, vpcs: Iterable[VpcFacts]) -> str | None:
        for vpc in vpcs:
            for private, public in vpc.public_addresses().items():
                if str(public) == address:
                    interface = self._by_address(vpc).get(private)
                    return interface.id if interface is not None else None
        return None

    def _by_address(self, vpc: VpcFacts) -> dict[IPv4Address, NetworkInterface]:
        known = self._known.get(vpc.vpc.id)
        if known is None or known[0] is not vpc:
            addresses = {interface.private_ip: interface for interface in vpc.interfaces}
            known = self._known[vpc.vpc.id] = (vpc, addresses)
        return known[1]
