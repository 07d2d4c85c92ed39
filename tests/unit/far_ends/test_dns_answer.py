"""DNS messages: what is answered, and what is passed over in silence."""

from ipaddress import IPv4Address

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpclab.localcloud.far_ends.dns_answer import answer
from vpclab.localcloud.far_ends.names import Answer

KNOWN = {
    "one.example.com": Answer((IPv4Address("198.51.100.7"),), ttl=5),
    "many.example.com": Answer(tuple(IPv4Address(f"10.0.0.{host}") for host in range(250))),
}


def ask(query: dns.message.Message, *, over_tcp: bool = False) -> dns.message.Message:
    wire = answer(query.to_wire(), KNOWN.get, {IPv4Address("10.0.0.1"): "a.internal"}.get, over_tcp=over_tcp)
    assert wire is not None
    return dns.message.from_wire(wire)


def test_address_can_be_asked() -> None:
    """The answer carries the question, the address, its time to live, and that recursion is available."""
    query = dns.message.make_query("One.Example.com", "A")
    response = ask(query)
    assert query.is_response(response)
    assert response.flags & dns.flags.RA
    [records] = response.answer
    assert (str(records.name), records.ttl, [str(one) for one in records]) == (
        "One.Example.com.",
        5,
        ["198.51.100.7"],
    )


@pytest.mark.parametrize("kind", ["AAAA", "MX", "TXT", "HTTPS"])
def test_other_types_of_a_known_name_can_only_be_empty(kind: str) -> None:
    """NOERROR without records lets a client fall to A at once, where NXDOMAIN would end it."""
    response = ask(dns.message.make_query("one.example.com", kind))
    assert (response.rcode(), response.answer) == (dns.rcode.NOERROR, [])


@pytest.mark.parametrize("kind", ["A", "AAAA"])
def test_unknown_name_cannot_be_resolved(kind: str) -> None:
    """NXDOMAIN, which clients turn into "Name or service not known"."""
    assert ask(dns.message.make_query("nothing.example", kind)).rcode() == dns.rcode.NXDOMAIN


def test_pointer_can_be_asked() -> None:
    """An address has a name where one is known; the root of reverse names has none."""
    response = ask(dns.message.make_query("1.0.0.10.in-addr.arpa", "PTR"))
    assert [str(one) for one in response.answer[0]] == ["a.internal."]
    for name in ("2.0.0.10.in-addr.arpa", "10.in-addr.arpa", "x.0.0.10.in-addr.arpa"):
        assert ask(dns.message.make_query(name, "PTR")).rcode() == dns.rcode.NXDOMAIN


def test_long_answer_cannot_exceed_a_datagram() -> None:
    """Over UDP it is truncated to nothing with TC set; over TCP it is whole."""
    query = dns.message.make_query("many.example.com", "A")
    short = ask(query)
    assert short.flags & dns.flags.TC
    assert short.answer == []
    assert len(ask(query, over_tcp=True).answer[0]) == 250


def test_what_a_resolver_does_not_do_cannot_be_asked() -> None:
    """Other classes are refused, other operations not implemented."""
    assert ask(dns.message.make_query("one.example.com", "A", "CH")).rcode() == dns.rcode.REFUSED
    query = dns.message.make_query("one.example.com", "A")
    query.set_opcode(dns.opcode.NOTIFY)
    assert ask(query).rcode() == dns.rcode.NOTIMP


def test_answer_cannot_be_answered() -> None:
    """Or two resolvers would talk for ever."""
    query = dns.message.make_query("one.example.com", "A")
    wire = dns.message.make_response(query).to_wire()
    assert answer(wire, KNOWN.get, lambda _: None) is None


def test_broken_query_can_only_be_a_format_error() -> None:
    """A query whose header is whole hears FORMERR under its own number; less than a header hears nothing."""
    wire = dns.message.make_query("one.example.com", "A").to_wire()
    broken = answer(wire[:-3], KNOWN.get, lambda _: None)
    assert broken is not None
    assert broken[:2] == wire[:2]
    assert dns.message.from_wire(broken).rcode() == dns.rcode.FORMERR
    assert answer(wire[:11], KNOWN.get, lambda _: None) is None


@given(st.binary(max_size=600))
def test_no_packet_can_break_the_resolver(packet: bytes) -> None:
    """Any bytes give an answer with the packet's number, or none; a header that says "answer" gives none."""
    response = answer(packet, KNOWN.get, lambda _: None)
    if response is not None:
        assert response[:2] == packet[:2]
        assert not packet[2] & 0x80


@given(st.data())
def test_no_damaged_query_can_break_the_resolver(data: st.DataObject) -> None:
    """The same for queries with some bytes changed, which get further into the parser."""
    wire = bytearray(dns.message.make_query("one.example.com", "A", use_edns=0).to_wire())
    for position in data.draw(st.lists(st.integers(0, len(wire) - 1), max_size=4)):
        wire[position] = data.draw(st.integers(0, 255))
    response = answer(bytes(wire), KNOWN.get, lambda _: None)
    assert response is None or response[:2] == wire[:2]


def test_huge_query_cannot_be_looked_at() -> None:
    """What is longer than any question is dropped before it is parsed."""
    wire = dns.message.make_query("one.example.com", "A").to_wire()
    assert answer(wire + bytes(5000), KNOWN.get, lambda _: None, over_tcp=True) is None
