"""Refusing a packet by name: the words that nftables writes to the log, and what they say to people.

A refusal is logged (at a limited rate), counted and dropped; never answered. The log prefix carries it across the
kernel: ``<kind> <component> <code>[ <direction>[ <rule>]]``.
"""

from dataclasses import dataclass
from enum import StrEnum

from vpclab.localcloud.data_plane.identifiers import digest
from vpclab.localcloud.data_plane.ruleset import Chain

LOG_GROUP = 100
"""The NFLOG group of every refusal, in every namespace."""

PREFIX_LIMIT = 127
"""linux/netfilter/nf_log.h, NF_LOG_PREFIXLEN less the closing zero."""

THE_INTERFACE = "@"
"""A component that stands for whichever network interface the packet came by."""


class Kind(StrEnum):
    """The kind of component that refused."""

    SECURITY_GROUP = "security-group"
    NETWORK_ACL = "network-acl"
    ROUTE_TABLE = "route-table"
    INTERNET_GATEWAY = "internet-gateway"
    NAT_GATEWAY = "nat-gateway"
    VPC_ENDPOINT = "vpc-endpoint"
    BLOCK_PUBLIC_ACCESS = "block-public-access"
    AWS_OWNED_VPC = "aws-owned-vpc"
    ADDRESS = "address"


REASONS = {
    # Reachability Analyzer's explanation codes
    # (https://docs.aws.amazon.com/vpc/latest/reachability/explanation-codes.html)
    "BAD_STATE_ROUTE": "the route of {component} that matches is a blackhole: its target is gone or not available",
    "ENI_SG_RULES_MISMATCH": "no {direction} rule of {component} admits it",
    "ENI_SOURCE_DEST_CHECK_RESTRICTION": (
        "{component} checks source and destination, and the packet is neither from nor to its address"
    ),
    "GATEWAY_REJECTS_SPOOFED_TRAFFIC": "{component} does not let a packet in that claims to come from inside",
    "IGW_DESTINATION_ADDRESS_IN_RFC1918_EGRESS": "{component} sends nothing to private addresses (RFC 1918)",
    "IGW_DESTINATION_ADDRESS_IN_RFC6598_EGRESS": "{component} sends nothing to shared addresses (RFC 6598)",
    "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS": "{component} lets only sources with a public address out",
    "IGW_PUBLIC_IP_ASSOCIATION_FOR_INGRESS": "the destination is not the public address of anything in the VPC",
    "NGW_REQUIRES_SOURCE_IN_VPC": "{component} carries traffic of its own VPC only",
    "NO_ROUTE_TO_DESTINATION": "no route of {component} matches the destination",
    "SG_HAS_NO_RULES": "{component} has no {direction} rule at all",
    "SUBNET_ACL_RESTRICTION": "the {direction} rule {rule} of {component} denies it",
    "VPC_BLOCK_PUBLIC_ACCESS_ENABLED": "VPC Block Public Access keeps this part of {component} from the internet",
    "VPCE_GATEWAY_PROTOCOL_RESTRICTION": "{component} accepts TCP and ICMP echo requests only",
    # Our own, where AWS has no word
    "ADDRESS_NOT_IN_USE": "nothing answers at this address",
    "LAMBDA_INTERFACE_HAS_NO_INBOUND_PATH": "nothing can connect to a function through {component}",
    "NAT_GATEWAY_HAS_NO_INBOUND_PATH": "{component} answers nothing that is sent to it, only what it translated",
    "NAT_GATEWAY_HAS_NO_PORT_LEFT": "{component} has as many connections to that destination as it can hold",
    "NAT_GATEWAY_PROTOCOL_RESTRICTION": "{component} translates TCP, UDP and ICMP only",
    "NO_INBOUND_PATH": "nothing can connect to what leaves through {component}",
    "RESOLVER_ANSWERS_DNS_ONLY": "the resolver of {component} answers DNS on port 53 and nothing else",
    "ROUTE_LEADS_BACK": "the matching route leads back to where the packet comes from",
}
"""What each code says, with the component and the direction filled in."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason to drop. ``direction`` is ``ingress`` or ``egress`` where the component has both.

    ``rule`` is the number of a network ACL's rule, or ``*`` for its final deny, as the console writes it.
    """

    kind: Kind
    component: str
    code: str
    direction: str = ""
    rule: str = ""

    def prefix(self) -> str:
        """Say it in at most 127 characters, for the kernel's log."""
        return f"{self.kind} {self.component} {self.code} {self.direction} {self.rule}".rstrip()


def joined(identifiers: tuple[str, ...], kind: Kind, code: str) -> str:
    """Name several components in one word short enough for a log prefix; the rest as a count: ``sg-1,sg-2+3``."""
    room = PREFIX_LIMIT - len(f"{kind}  {code} ingress+99")
    word = identifiers[0]
    for shown, identifier in enumerate(identifiers[1:], start=1):
        if len(word) + 1 + len(identifier) > room:
            return f"{word}+{len(identifiers) - shown}"
        word = f"{word},{identifier}"
    return word


class Refusals:
    """Gathers the refusals of one ruleset and gives each a chain to ``goto``, whose name others do not change."""

    def __init__(self) -> None:
        self._chains: dict[Refusal, str] = {}

    def chain(self, kind: Kind, component: str, code: str, direction: str = "", rule: str = "") -> str:
        """Return the name of the chain that refuses so."""
        refusal = Refusal(kind, component, code, direction, rule)
        return self._chains.setdefault(refusal, f"refuse-{digest(refusal.prefix())}")

    def chains(self) -> list[Chain]:
        """Return the chains. The rate of the log is per refusal, far above what a person reads."""
        limit = "limit rate 200/second burst 400 packets"
        return [
            Chain(name, (f'{limit} log prefix "{refusal.prefix()}" group {LOG_GROUP}', "counter drop"))
            for refusal, name in self._chains.items()
        ]
