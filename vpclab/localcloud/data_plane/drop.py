"""A packet that the kernel refused, as VPC flow logs list rejected ones, with the component that refused it."""

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address

from vpclab.localcloud.data_plane.refusal import REASONS, THE_INTERFACE, Kind, Refusal

_NAMES = {1: "icmp", 6: "tcp", 17: "udp"}
_HEADER = struct.Struct("!BBHHHBBH4s4s")
_PORTS = struct.Struct("!HH")
_WITH_PORTS = frozenset({6, 17})
_OFFSET = 0x1FFF
_WORDS = (3, 4, 5)
_KINDS = frozenset(kind.value for kind in Kind)


@dataclass(frozen=True, slots=True)
class Drop:
    """One refused packet.

    ``time`` is in seconds since the epoch; ``code`` an explanation code of AWS's Reachability Analyzer where one
    fits; ``interface_id`` the network interface that the packet came from or, for what was refused on its way in,
    was going to. ``protocol`` is tcp, udp, icmp or an IANA number; ports are None where there are none. ``rule``
    is the number of the network ACL's rule that denied, ``*`` for its final one. ``source_interface_id`` and
    ``destination_interface_id`` are between whom it was under way, with a NAT gateway's translation undone.
    """

    time: float
    kind: Kind
    component: str
    code: str
    reason: str
    vpc_id: str | None
    interface_id: str | None
    protocol: str
    source: str
    source_port: int | None
    destination: str
    destination_port: int | None
    rule: str | None = None
    source_interface_id: str | None = None
    destination_interface_id: str | None = None


@dataclass(frozen=True, slots=True)
class PacketHeader:
    """Protocol, addresses and ports of an IPv4 packet."""

    protocol: str
    source: str
    source_port: int | None
    destination: str
    destination_port: int | None


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a packet was refused, and between whom it was under way; None for what is in no VPC."""

    vpc_id: str | None = None
    interface_id: str | None = None
    source_interface_id: str | None = None
    destination_interface_id: str | None = None


def parse_prefix(prefix: str) -> Refusal | None:
    """Read what a log prefix says; None for one that is not ours."""
    words = prefix.split()
    if len(words) not in _WORDS or words[0] not in _KINDS:
        return None
    return Refusal(Kind(words[0]), *words[1:])


def parse_header(packet: bytes) -> PacketHeader | None:
    """Read the header of an IPv4 packet and, of a TCP or UDP packet, its ports; None if it is too short."""
    if len(packet) < _HEADER.size or packet[0] >> 4 != 4:  # noqa: PLR2004 - the version of IPv4
        return None
    first, _, _, _, fragment, _, protocol, _, source, destination = _HEADER.unpack_from(packet)
    length = (first & 0xF) * 4
    ports: tuple[int, int] | tuple[None, None] = (None, None)
    if protocol in _WITH_PORTS and not fragment & _OFFSET and len(packet) >= length + _PORTS.size:
        ports = _PORTS.unpack_from(packet, length)
    return PacketHeader(
        protocol=_NAMES.get(protocol, str(protocol)),
        source=str(IPv4Address(source)),
        source_port=ports[0],
        destination=str(IPv4Address(destination)),
        destination_port=ports[1],
    )


def describe(refusal: Refusal, header: PacketHeader, time: float, where: Whereabouts) -> Drop:
    """Put a refusal and the packet it met into words."""
    component = refusal.component
    if component == THE_INTERFACE:
        component = where.interface_id or "an unknown interface"
    reason = REASONS.get(refusal.code, "{component} refuses it")
    return Drop(
        time=time,
        kind=refusal.kind,
        component=component,
        code=refusal.code,
        reason=reason.format(component=component, direction=refusal.direction, rule=refusal.rule),
        vpc_id=where.vpc_id,
        interface_id=where.interface_id,
        protocol=header.protocol,
        source=header.source,
        source_port=header.source_port,
        destination=header.destination,
        destination_port=header.destination_port,
        rule=refusal.rule or None,
        source_interface_id=where.source_interface_id,
        destination_interface_id=where.destination_interface_id,
    )
