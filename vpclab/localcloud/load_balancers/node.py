"""A load balancer's node: one interface of it, from which packets to targets leave."""

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vpclab.localcloud.namespace import NetworkNamespace


@dataclass(frozen=True, slots=True)
class Node:
    """An interface's address and the namespace behind it."""

    address: IPv4Address
    namespace: "NetworkNamespace"

    def connect(self, target: IPv4Address, port: int, seconds: float) -> socket.socket:
        """Open a TCP connection from the node's address. OSError: as the network has it."""

        def connected() -> socket.socket:
            return socket.create_connection((str(target), port), seconds, source_address=(str(self.address), 0))

        return self.namespace.call(connected)
