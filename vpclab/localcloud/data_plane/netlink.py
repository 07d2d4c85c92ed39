"""Links, addresses, neighbours, routes and rules as rtnetlink requests, sent in batches.

The messages are pyroute2's. The socket is our own, because pyroute2's sockets belong to whichever thread uses them
and would be opened in that thread's namespace, and because one send for many requests is what makes this fast.
"""

import errno
import os
import socket
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from pyroute2.netlink.rtnl.fibmsg import fibmsg
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
from pyroute2.netlink.rtnl.ndmsg import ndmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg
from pyroute2.netlink.rtnl.tcmsg import tcmsg

from vpclab.localcloud.data_plane.errors import DataPlaneError

# linux/rtnetlink.h, linux/netlink.h
RTM_NEWLINK, RTM_DELLINK = 16, 17
RTM_NEWADDR, RTM_DELADDR = 20, 21
RTM_NEWROUTE, RTM_DELROUTE = 24, 25
RTM_NEWNEIGH, RTM_DELNEIGH = 28, 29
RTM_NEWRULE, RTM_DELRULE = 32, 33
RTM_NEWQDISC = 36
_REQUEST, _ACK, _REPLACE, _EXCLUSIVE, _CREATE = 0x1, 0x4, 0x100, 0x200, 0x400
_ADD = _REQUEST | _ACK | _CREATE | _EXCLUSIVE
_SET = _REQUEST | _ACK | _CREATE | _REPLACE
_DELETE = _REQUEST | _ACK
_UP, _NO_ARP = 0x1, 0x80
_ONLINK = 4
_ROOT = 0xFFFFFFFF
_DOOMED = 999
_PERMANENT = 0x80
_SCOPE_UNIVERSE, _SCOPE_LINK, _SCOPE_HOST, _SCOPE_NOWHERE = 0, 253, 254, 255
_UNICAST, _LOCAL, _THROW = 1, 2, 9
_PROTOCOL_STATIC = 4
_TO_TABLE = 1
_RULE_PRIORITY = 1000
_CAP_ACK = 10
_SOL_NETLINK = 270
_ERROR = 2
_HEADER = struct.Struct("=IHHII")

LINK_ADDRESS = "02:00:00:00:00:01"
"""Every link's address: a pair has two ends and nobody between, so that one address does for both."""

_AT_ONCE = 64
"""Requests in one batch: their acknowledgements must fit into the socket's receive buffer."""

_ALREADY_SO = frozenset({errno.EEXIST, errno.ENODEV, errno.ENOENT, errno.ESRCH, errno.EADDRNOTAVAIL})
"""Answers that say that what was asked is so already, where adding or deleting twice is meant to be harmless."""


@dataclass(frozen=True, slots=True)
class Request:
    """One encoded request. ``what`` is for messages; ``tolerated`` are the errors that mean "already so"."""

    message: Any
    kind: int
    flags: int
    what: str
    tolerated: frozenset[int] = frozenset()

    def encoded(self, sequence: int) -> bytes:
        """Return the bytes for the wire."""
        self.message["header"] = {"type": self.kind, "flags": self.flags, "sequence_number": sequence}
        self.message.encode()
        return bytes(self.message.data)


def add_veth(  # noqa: PLR0913 - a pair has two ends of three facts each
    name: str, index: int, group: int, *, peer_name: str, peer_index: int, peer_group: int, peer_namespace: int
) -> Request:
    """Make a pair; the near end comes up. ``peer_namespace`` is the descriptor of the far end's namespace."""
    message = ifinfmsg()
    message["index"] = index
    message["flags"] = message["change"] = _UP | _NO_ARP
    message["attrs"] = [
        ("IFLA_IFNAME", name),
        ("IFLA_GROUP", group),
        ("IFLA_ADDRESS", LINK_ADDRESS),
        ("IFLA_NUM_TX_QUEUES", 1),
        ("IFLA_NUM_RX_QUEUES", 1),
        (
            "IFLA_LINKINFO",
            {
                "attrs": [
                    ("IFLA_INFO_KIND", "veth"),
                    (
                        "IFLA_INFO_DATA",
                        {
                            "attrs": [
                                (
                                    "VETH_INFO_PEER",
                                    {
                                        "index": peer_index,
                                        "flags": _NO_ARP,
                                        "change": _NO_ARP,
                                        "attrs": [
                                            ("IFLA_IFNAME", peer_name),
                                            ("IFLA_GROUP", peer_group),
                                            ("IFLA_ADDRESS", LINK_ADDRESS),
                                            ("IFLA_NUM_TX_QUEUES", 1),
                                            ("IFLA_NUM_RX_QUEUES", 1),
                                            ("IFLA_NET_NS_FD", peer_namespace),
                                        ],
                                    },
                                )
                            ]
                        },
                    ),
                ]
            },
        ),
    ]
    return Request(message, RTM_NEWLINK, _ADD, f"add the link {name}", frozenset({errno.EEXIST}))


def set_up(index: int) -> Request:
    """Bring a link up. One that is gone is none of the caller's concern."""
    message = ifinfmsg()
    message["index"] = index
    message["flags"] = message["change"] = _UP
    return Request(message, RTM_NEWLINK, _REQUEST | _ACK, f"bring link {index} up")


def activate(index: int) -> Request:
    """Have a link that came up before its far end did send from this moment on.

    The kernel would do so by itself, but in its own time, and packets sent meanwhile were lost. Replacing the
    queueing discipline, by the one it has, does it at once. A kernel without traffic control is not hurried.
    """
    message = tcmsg()
    message["index"] = index
    message["parent"] = _ROOT
    message["attrs"] = [("TCA_KIND", "noqueue")]
    return Request(message, RTM_NEWQDISC, _SET, f"activate link {index}", frozenset({errno.EOPNOTSUPP}))


def delete_links(indices: list[int]) -> list[Request]:
    """Delete links with their peers and routes.

    The kernel waits some milliseconds for each deletion, be it of one link or of a whole group: so several are put
    into a group of their own first.
    """
    if len(indices) == 1:
        message = ifinfmsg()
        message["index"] = indices[0]
        return [Request(message, RTM_DELLINK, _DELETE, f"delete the link {indices[0]}", _ALREADY_SO)]
    requests = [give_up(index) for index in indices]
    if requests:
        message = ifinfmsg()
        message["attrs"] = [("IFLA_GROUP", _DOOMED)]
        requests.append(Request(message, RTM_DELLINK, _DELETE, "delete the links given up", _ALREADY_SO))
    return requests


def give_up(index: int) -> Request:
    """Put a link into the group that no ruleset lets through: that takes effect at once, without waiting."""
    message = ifinfmsg()
    message["index"] = index
    message["attrs"] = [("IFLA_GROUP", _DOOMED)]
    return Request(message, RTM_NEWLINK, _REQUEST | _ACK, f"give up the link {index}", _ALREADY_SO)


def address(index: int, value: IPv4Address, *, delete: bool = False) -> Request:
    """Add or delete an address (/32)."""
    message = ifaddrmsg()
    message["family"] = socket.AF_INET
    message["prefixlen"] = 32
    message["index"] = index
    message["attrs"] = [("IFA_LOCAL", str(value)), ("IFA_ADDRESS", str(value))]
    kind, flags = (RTM_DELADDR, _DELETE) if delete else (RTM_NEWADDR, _ADD)
    return Request(message, kind, flags, f"address {value}", _ALREADY_SO if delete else frozenset({errno.EEXIST}))


def neighbour(index: int, value: IPv4Address, *, delete: bool = False) -> Request:
    """Add or delete a permanent neighbour entry."""
    message = ndmsg()
    message["family"] = socket.AF_INET
    message["ifindex"] = index
    message["state"] = _PERMANENT
    message["attrs"] = [("NDA_DST", str(value)), ("NDA_LLADDR", LINK_ADDRESS)]
    kind, flags = (RTM_DELNEIGH, _DELETE) if delete else (RTM_NEWNEIGH, _SET)
    return Request(message, kind, flags, f"neighbour {value}", _ALREADY_SO if delete else frozenset())


def set_route(  # noqa: PLR0913 - what a route consists of
    table: int,
    destination: IPv4Network,
    kind: str,
    index: int | None = None,
    via: IPv4Address | None = None,
    *,
    metric: int = 0,
) -> Request:
    """Add a route, or replace the one with its destination and metric. ``kind`` is unicast, local or throw."""
    message = _route(table, destination)
    message["proto"] = _PROTOCOL_STATIC
    if kind == "throw":
        message["type"], message["scope"] = _THROW, _SCOPE_UNIVERSE
    elif kind == "local":
        message["type"], message["scope"] = _LOCAL, _SCOPE_HOST
    else:
        message["type"], message["scope"] = _UNICAST, _SCOPE_LINK if via is None else _SCOPE_UNIVERSE
    if index is not None:
        message["attrs"].append(("RTA_OIF", index))
    if metric:
        message["attrs"].append(("RTA_PRIORITY", metric))
    if via is not None:
        message["flags"] = _ONLINK
        message["attrs"].append(("RTA_GATEWAY", str(via)))
    return Request(message, RTM_NEWROUTE, _SET, f"route {destination} in table {table}")


def delete_route(table: int, destination: IPv4Network) -> Request:
    """Delete the route to a destination, whatever its kind."""
    message = _route(table, destination)
    message["scope"] = _SCOPE_NOWHERE
    return Request(message, RTM_DELROUTE, _DELETE, f"route {destination} in table {table}", _ALREADY_SO)


def mark_rule(mark: int, table: int, *, delete: bool = False) -> Request:
    """Add or delete a rule that sends packets with ``mark`` to ``table``."""
    message = fibmsg()
    message["family"] = socket.AF_INET
    message["action"] = _TO_TABLE
    message["attrs"] = [("FRA_FWMARK", mark), ("FRA_TABLE", table), ("FRA_PRIORITY", _RULE_PRIORITY)]
    kind, flags = (RTM_DELRULE, _DELETE) if delete else (RTM_NEWRULE, _ADD)
    return Request(
        message, kind, flags, f"rule for mark {mark}", _ALREADY_SO if delete else frozenset({errno.EEXIST})
    )


def _route(table: int, destination: IPv4Network) -> Any:  # noqa: ANN401 - pyroute2 has no types
    message = rtmsg()
    message["family"] = socket.AF_INET
    message["dst_len"] = destination.prefixlen
    message["attrs"] = [("RTA_TABLE", table)]
    if destination.prefixlen:
        message["attrs"].append(("RTA_DST", str(destination.network_address)))
    return message


def channel() -> socket.socket:
    """Open a socket to the kernel. It serves the calling thread's network namespace, from whatever thread."""
    kernel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
    kernel.setsockopt(_SOL_NETLINK, _CAP_ACK, 1)
    kernel.bind((0, 0))
    return kernel


def send(requests: Iterable[Request]) -> None:
    """Carry the requests out, in order, in the calling thread's network namespace.

    Raises:
        DataPlaneError: the kernel refused at least one; the text names each. All were tried.
    """
    pending = list(requests)
    if pending:
        with channel() as kernel:
            send_over(kernel, pending)


def send_over(kernel: socket.socket, requests: Sequence[Request]) -> None:
    """Carry the requests out, in order, in the network namespace of the channel.

    Raises:
        DataPlaneError: as ``send``.
    """
    failures: list[str] = []
    for start in range(0, len(requests), _AT_ONCE):
        batch = requests[start : start + _AT_ONCE]
        kernel.send(b"".join(request.encoded(number) for number, request in enumerate(batch)))
        failures += _refused(kernel, batch)
    if failures:
        raise DataPlaneError("the kernel refused: " + "; ".join(failures))


def _refused(kernel: socket.socket, batch: Sequence[Request]) -> list[str]:
    failures: list[str] = []
    answered = 0
    while answered < len(batch):
        answer = kernel.recv(65536)
        offset = 0
        while offset + _HEADER.size <= len(answer):
            length, kind, _, sequence, _ = _HEADER.unpack_from(answer, offset)
            if kind == _ERROR:
                answered += 1
                (code,) = struct.unpack_from("=i", answer, offset + _HEADER.size)
                if code and -code not in batch[sequence].tolerated:
                    failures.append(f"{batch[sequence].what}: {os.strerror(-code)}")
            offset += (length + 3) & ~3
    return failures
