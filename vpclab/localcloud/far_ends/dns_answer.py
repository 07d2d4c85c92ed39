"""From the bytes of a DNS query to the bytes of its answer, without sockets.

A recursive resolver as its clients see it (RFC 1035, EDNS of RFC 6891): A and PTR are answered, other types of a
name that exists get an empty NOERROR, a name that does not exist gets NXDOMAIN. The network has no IPv6, so AAAA
is always empty and a client falls to A at once.
"""

from collections.abc import Callable
from ipaddress import AddressValueError, IPv4Address

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.reversename
import dns.rrset

from vpclab.localcloud.far_ends.names import DEFAULT_TTL, Answer

Lookup = Callable[[str], Answer | None]
"""A name, lower case and without the last dot, to its answer; None: no such name."""

Pointer = Callable[[IPv4Address], str | None]
"""An address to its name; None: no such name."""

LARGEST_QUERY = 4096
"""Bytes; a question fits into a few hundred, so what is longer is not looked at."""

UDP_WITHOUT_EDNS = 512
LARGEST_UDP_ANSWER = 1232
"""Bytes; the DNS flag day's limit, which avoids fragments."""

LARGEST_TCP_ANSWER = 65535


def answer(query: bytes, lookup: Lookup, pointer: Pointer, *, over_tcp: bool = False) -> bytes | None:
    """Return the answer to a query, None when it deserves none (no DNS header, or itself an answer)."""
    if len(query) > LARGEST_QUERY:
        return None
    try:
        question = dns.message.from_wire(query)
    except dns.exception.DNSException:
        return _format_error(query)
    except (ValueError, IndexError, OverflowError):  # a broken packet must never be more than that
        return None
    if question.flags & dns.flags.QR:
        return None
    response = dns.message.make_response(question, recursion_available=True)
    try:
        response.set_rcode(_fill(question, response, lookup, pointer))
    except (dns.exception.DNSException, UnicodeError):
        response.set_rcode(dns.rcode.FORMERR)
    return _wire(question, response, over_tcp=over_tcp)


def _fill(
    question: dns.message.Message, response: dns.message.Message, lookup: Lookup, pointer: Pointer
) -> dns.rcode.Rcode:
    if question.opcode() is not dns.opcode.QUERY:
        return dns.rcode.NOTIMP
    if len(question.question) != 1:
        return dns.rcode.FORMERR
    asked = question.question[0]
    if asked.rdclass is not dns.rdataclass.IN:
        return dns.rcode.REFUSED
    text = asked.name.to_text(omit_final_dot=True).lower()
    if asked.name.is_subdomain(dns.reversename.ipv4_reverse_domain):
        return _fill_pointer(asked, response, pointer)
    found = lookup(text)
    if found is None:
        return dns.rcode.NXDOMAIN
    if asked.rdtype is dns.rdatatype.A and found.addresses:
        texts = [str(one) for one in found.addresses]
        response.answer.append(dns.rrset.from_text_list(asked.name, found.ttl, "IN", "A", texts))
    return dns.rcode.NOERROR


def _fill_pointer(asked: dns.rrset.RRset, response: dns.message.Message, pointer: Pointer) -> dns.rcode.Rcode:
    try:
        name = pointer(IPv4Address(dns.reversename.to_address(asked.name)))
    except (AddressValueError, dns.exception.SyntaxError):
        return dns.rcode.NXDOMAIN
    if name is None:
        return dns.rcode.NXDOMAIN
    if asked.rdtype is dns.rdatatype.PTR:
        response.answer.append(dns.rrset.from_text(asked.name, DEFAULT_TTL, "IN", "PTR", f"{name}."))
    return dns.rcode.NOERROR


def _wire(question: dns.message.Message, response: dns.message.Message, *, over_tcp: bool) -> bytes:
    limit = LARGEST_TCP_ANSWER
    if not over_tcp:
        limit = min(max(question.payload, UDP_WITHOUT_EDNS), LARGEST_UDP_ANSWER)
    try:
        return response.to_wire(max_size=limit)
    except dns.exception.TooBig:
        response.answer.clear()
        response.flags |= dns.flags.TC  # the client asks again over TCP
        return response.to_wire(max_size=limit)


def _format_error(query: bytes) -> bytes | None:
    """FORMERR for what has at least the header of a query; silence for anything else."""
    header = 12
    if len(query) < header or query[2] & 0x80:
        return None
    flags = bytes((0x80 | query[2] & 0x79, 0x80 | dns.rcode.FORMERR))
    return query[:2] + flags + bytes(8)
