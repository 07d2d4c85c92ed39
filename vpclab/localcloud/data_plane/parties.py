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

        ``vpc`` is where it was refused. Whose address is not of that VPC, or what was refused outside of any, is
        looked for by its public address, in ``others``.
        """
        vpcs = tuple(others)
        source = header.source, header.source_port
        destination = header.destination, header.destination_port
        return (
            self._interface(header.protocol, source, destination, vpc, vpcs),
            self._interface(header.protocol, destination, source, vpc, vpcs),
        )

    def _interface(
        self,
        protocol: str,
        end: tuple[str, int | None],
        far: tuple[str, int | None],
        vpc: VpcFacts | None,
        vpcs: Iterable[VpcFacts],
    ) -> str | None:
        (address, port), (far_address, far_port) = (IPv4Address(end[0]), end[1]), far
        home, interface = vpc, self._by_address(vpc).get(address) if vpc is not None else None
        if interface is None:
            home, interface = self._public(address, vpcs)
            if vpc is not None:  # its internet gateway has let the packet in, to a private address
                far_address = str(vpc.public_addresses().get(IPv4Address(far_address), far_address))
        if interface is None or home is None:
            return None
        if interface.interface_type is InterfaceType.NAT_GATEWAY and port is not None and far_port is not None:
            translated = str(interface.private_ip), port
            behind = self._translated(interface.id, protocol, translated, (far_address, far_port))
            hidden = self._by_address(home).get(behind) if behind is not None else None
            return (hidden or interface).id
        return interface.id

    def _translated(self, interface_id: str, protocol: str, end: Endpoint, far: Endpoint) -> IPv4Address | None:
        try:
            return self._namespace(interface_id).call(lambda: original_source(protocol, end, far))
        except (DataPlaneError, NamespaceError, OSError):  # the gateway is gone since
            return None

    def _public(
        self, address: IPv4Address, vpcs: Iterable[VpcFacts]
    ) -> tuple[VpcFacts, NetworkInterface | None] | tuple[None, None]:
        for vpc in vpcs:
            for private, public in vpc.public_addresses().items():
                if public == address:
                    return vpc, self._by_address(vpc).get(private)
        return None, None

    def _by_address(self, vpc: VpcFacts) -> dict[IPv4Address, NetworkInterface]:
        known = self._known.get(vpc.vpc.id)
        if known is None or known[0] is not vpc:
            addresses = {interface.private_ip: interface for interface in vpc.interfaces}
            known = self._known[vpc.vpc.id] = (vpc, addresses)
        return known[1]
