"""Who is behind a translated packet: asked of the connection tracking of the namespace that translated it.

Message formats are those of linux/netfilter/nfnetlink_conntrack.h. Call in the namespace.
"""

import socket
import struct
from collections.abc import Iterator
from ipaddress import IPv4Address

_NETLINK_NETFILTER = 12
_GET = 1 << 8 | 1
_REQUEST = 0x1
_NESTED = 0x8000
_TYPE_MASK = 0x3FFF
_ORIGINAL, _REPLY = 1, 2
_ADDRESSES, _PROTOCOL = 1, 2
_SOURCE, _DESTINATION = 1, 2
_NUMBER, _SOURCE_PORT, _DESTINATION_PORT = 1, 2, 3
_HEADER = struct.Struct("=IHHII")
_FAMILY_HEADER = struct.Struct("!BBH")
_ATTRIBUTE = struct.Struct("=HH")
_PATIENCE = 1.0
_MESSAGE = 1 << 16
_NUMBERS = {"tcp": socket.IPPROTO_TCP, "udp": socket.IPPROTO_UDP}

Endpoint = tuple[str, int]
"""An address and a port."""


def original_source(protocol: str, translated: Endpoint, far: Endpoint) -> IPv4Address | None:
    """Return whose flow leaves as ``translated`` for ``far``; None when the kernel does not know (any more).

    Raises:
        OSError: the kernel cannot be asked.
    """
    addresses = _attribute(_SOURCE, IPv4Address(far[0]).packed) + _attribute(
        _DESTINATION, IPv4Address(translated[0]).packed
    )
    ports = (
        _attribute(_NUMBER, bytes([_NUMBERS[protocol]]))
        + _attribute(_SOURCE_PORT, struct.pack("!H", far[1]))
        + _attribute(_DESTINATION_PORT, struct.pack("!H", translated[1]))
    )
    reply = _attribute(
        _NESTED | _REPLY, _attribute(_NESTED | _ADDRESSES, addresses) + _attribute(_NESTED | _PROTOCOL, ports)
    )
    body = _FAMILY_HEADER.pack(socket.AF_INET, 0, 0) + reply
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_NETFILTER) as kernel:
        kernel.settimeout(_PATIENCE)
        kernel.bind((0, 0))
        kernel.send(_HEADER.pack(_HEADER.size + len(body), _GET, _REQUEST, 1, 0) + body)
        answer = kernel.recv(_MESSAGE)
    if _HEADER.unpack_from(answer)[1] >> 8 != _GET >> 8:  # an error: there is no such flow
        return None
    found = dict(_attributes(answer[_HEADER.size + _FAMILY_HEADER.size :]))
    source = dict(_attributes(dict(_attributes(found.get(_ORIGINAL, b""))).get(_ADDRESSES, b""))).get(_SOURCE)
    return IPv4Address(source) if source else None


def _attribute(kind: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), kind) + value + bytes(-len(value) % 4)


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    offset = 0
    while offset + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, offset)
        if length < _ATTRIBUTE.size:
            return
        yield kind & _TYPE_MASK, data[offset + _ATTRIBUTE.size : offset + length]
        offset += (length + 3) & ~3
