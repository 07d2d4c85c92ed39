"""Reading refused packets out of what the kernel logs."""

import struct
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpclab.localcloud.data_plane.drop import Whereabouts, describe, parse_header, parse_prefix
from vpclab.localcloud.data_plane.packet_log import LoggedPacket, parse
from vpclab.localcloud.data_plane.refusal import Kind, Refusal

ADDRESSES = st.integers(0, 2**32 - 1).map(IPv4Address)
PORTS = st.integers(0, 65535)


def packet(  # noqa: PLR0913, PLR0917 - the fields of a header
    protocol: int,
    source: IPv4Address,
    destination: IPv4Address,
    ports: tuple[int, int],
    options: int = 0,
    offset: int = 0,
) -> bytes:
    header = struct.pack(
        "!BBHHHBBH4s4s", 0x45 + options, 0, 0, 0, offset, 64, protocol, 0, source.packed, destination.packed
    )
    return header + bytes(4 * options) + struct.pack("!HH", *ports) + bytes(16)


@given(ADDRESSES, ADDRESSES, PORTS, PORTS, st.integers(0, 10), st.sampled_from([(6, "tcp"), (17, "udp")]))
def test_header_can_be_read_whatever_its_length(  # noqa: PLR0913, PLR0917 - the fields of a header
    source: IPv4Address,
    destination: IPv4Address,
    from_port: int,
    to_port: int,
    options: int,
    protocol: tuple[int, str],
) -> None:
    """Addresses and ports come out as they went in, behind any number of options."""
    header = parse_header(packet(protocol[0], source, destination, (from_port, to_port), options))
    assert header is not None
    assert (header.protocol, header.source, header.destination) == (protocol[1], str(source), str(destination))
    assert (header.source_port, header.destination_port) == (from_port, to_port)


@given(st.binary(max_size=80))
def test_no_packet_can_break_the_reader(data: bytes) -> None:
    """Whatever the bytes, they are read or passed over."""
    parse_header(data)
    list(parse(data))


@pytest.mark.parametrize(("protocol", "name"), [(1, "icmp"), (50, "50")])
def test_protocol_without_ports_cannot_have_any(protocol: int, name: str) -> None:
    """ICMP and others have no ports."""
    one = IPv4Address("10.0.0.1")
    header = parse_header(packet(protocol, one, one, (1, 2)))
    assert header is not None
    assert (header.protocol, header.source_port) == (name, None)


def test_later_fragment_cannot_have_ports() -> None:
    """Only the first fragment carries the ports."""
    one = IPv4Address("10.0.0.1")
    header = parse_header(packet(6, one, one, (1, 2), offset=100))
    assert header is not None
    assert header.destination_port is None


@given(
    st.sampled_from(Kind),
    st.from_regex(r"[a-z]{1,8}-[0-9a-f]{8,17}", fullmatch=True),
    st.sampled_from(["ENI_SG_RULES_MISMATCH", "BAD_STATE_ROUTE"]),
    st.sampled_from([(), ("ingress",), ("egress",), ("ingress", "*"), ("egress", "32766")]),
)
def test_prefix_can_be_read_as_it_was_written(
    kind: Kind, component: str, code: str, more: tuple[str, ...]
) -> None:
    """The log prefix carries a refusal across the kernel unharmed."""
    refusal = Refusal(kind, component, code, *more)
    assert parse_prefix(refusal.prefix()) == refusal


@pytest.mark.parametrize("prefix", ["", "somebody else's", "security-group sg-1", "a b c d e", "firewall x y"])
def test_foreign_prefix_cannot_be_taken_for_ours(prefix: str) -> None:
    """A log entry that is not ours is passed over."""
    assert parse_prefix(prefix) is None


def test_interface_can_stand_in_for_the_component() -> None:
    """Where the refusing component is the interface itself, its id is filled in."""
    header = parse_header(packet(6, IPv4Address("10.0.0.1"), IPv4Address("10.0.0.2"), (1, 2)))
    assert header is not None
    refusal = Refusal(Kind.ADDRESS, "@", "ENI_SOURCE_DEST_CHECK_RESTRICTION", "egress")
    drop = describe(refusal, header, 1.0, Whereabouts("vpc-a", "eni-a"))
    assert (drop.component, drop.interface_id) == ("eni-a", "eni-a")
    assert drop.reason.startswith("eni-a checks source and destination")


def attribute(kind: int, value: bytes) -> bytes:
    data = struct.pack("=HH", 4 + len(value), kind) + value
    return data + bytes(-len(data) % 4)


@given(st.lists(st.tuples(st.binary(max_size=60), st.integers(0, 2**31), st.integers(0, 2**31)), max_size=5))
def test_logged_packets_can_be_read_from_one_receive(packets: list[tuple[bytes, int, int]]) -> None:
    """The kernel may put several packets into one message; each is read with its links."""
    data = b""
    for payload, incoming, outgoing in packets:
        body = struct.pack("!BBH", 2, 0, 100) + attribute(10, b"address a B\0") + attribute(9, payload)
        body += attribute(4, struct.pack("!I", incoming)) + attribute(5, struct.pack("!I", outgoing))
        data += struct.pack("=IHHII", 16 + len(body), 4 << 8, 0, 0, 0) + body
    assert list(parse(data)) == [LoggedPacket("address a B", *one) for one in packets]
