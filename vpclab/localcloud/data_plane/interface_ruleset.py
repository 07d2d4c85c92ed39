"""The rulesets of what stands behind an interface and passes packets on: NAT gateways and instances, functions."""

from vpclab.localcloud.data_plane import links
from vpclab.localcloud.data_plane.nat_limits import NatLimits
from vpclab.localcloud.data_plane.refusal import Kind, Refusals
from vpclab.localcloud.data_plane.ruleset import (
    ICMP_ERRORS,
    Chain,
    Collection,
    Ruleset,
    anonymous,
    base_chain,
)
from vpclab.network.model import NatGateway, NetworkInterface, Vpc

PORTS = "1024-65535"
"""Source ports of functions (VPC guide, network ACLs, "Ephemeral ports")."""

MOST_DESTINATIONS = 65536
"""Destinations of a NAT gateway whose flows are counted at a time; flows to others are not limited."""

SOURCE_NAT = 100
"""linux/netfilter_ipv4.h, NF_IP_PRI_NAT_SRC."""


def source_nat(link: str, address: str, ports: str = PORTS) -> Chain:
    """Have what leaves by ``link`` come from ``address``, from a port that cannot be foretold, none below 1024."""
    return base_chain(
        "departure",
        "postrouting",
        SOURCE_NAT,
        "accept",
        f'oifname "{link}" meta l4proto {{ tcp, udp }} snat to {address}:{ports} fully-random',
        f'oifname "{link}" snat to {address}',
        kind="nat",
    )


def nat_gateway_ruleset(gateway: NatGateway, vpc: Vpc, limits: NatLimits) -> Ruleset:
    """Compile a NAT gateway: it translates what its own VPC sends through it to its own private address.

    The internet gateway translates that a second time. A flow forgotten for idleness is reset; one too many to a
    destination is dropped.
    Source: VPC guide, "NAT gateway basics".
    """
    refusals = Refusals()

    def refuse(code: str) -> str:
        return f"goto {refusals.chain(Kind.NAT_GATEWAY, gateway.id, code)}"

    chains = (
        base_chain("to-gateway", "input", 0, "drop", refuse("NAT_GATEWAY_HAS_NO_INBOUND_PATH")),
        base_chain(
            "forward",
            "forward",
            0,
            "drop",
            "ct state { established, related } accept",
            f"ip saddr != {anonymous(vpc.cidr_blocks)} " + refuse("NGW_REQUIRES_SOURCE_IN_VPC"),
            "meta l4proto tcp ct state invalid reject with tcp reset",
            "meta l4proto { tcp, udp } ct state new add @open-flows "
            f"{{ ip daddr . meta l4proto . th dport ct count over {limits.connections} }} "
            + refuse("NAT_GATEWAY_HAS_NO_PORT_LEFT"),
            "meta l4proto { tcp, udp } accept",
            "icmp type echo-request accept",
            refuse("NAT_GATEWAY_PROTOCOL_RESTRICTION"),
        ),
        base_chain("from-gateway", "output", 0, "accept", f"{ICMP_ERRORS} drop"),
        source_nat(links.INSIDE, str(gateway.private_ip), f"{limits.first_port}-{limits.last_port}"),
        *refusals.chains(),
    )
    key = "ipv4_addr . inet_proto . inet_service"
    open_flows = Collection("set", "open-flows", key, flags=f"dynamic; size {MOST_DESTINATIONS}")
    return Ruleset("nat-gateway", (open_flows,), chains)


def nat_instance_ruleset(interface: NetworkInterface) -> Ruleset:
    """Compile a NAT instance: a Linux host that masquerades whatever it forwards, and filters nothing.

    What reaches it is the business of its source/destination check and its groups (VPC guide, "NAT instances").
    """
    return Ruleset("nat-instance", chains=(source_nat(links.INSIDE, str(interface.private_ip)),))


def lambda_interface_ruleset(interface: NetworkInterface) -> Ruleset:
    """Compile a function's interface, which its execution environments share.

    They leave from its address, cannot reach one another, and nothing can reach them (Lambda guide, "Giving
    Lambda functions access to resources in an Amazon VPC").
    """
    refusals = Refusals()
    inbound = refusals.chain(Kind.ADDRESS, interface.id, "LAMBDA_INTERFACE_HAS_NO_INBOUND_PATH")
    environments = f"iifgroup {links.GROUP_ENVIRONMENT}"
    chains = (
        base_chain("to-interface", "input", 0, "drop", f"goto {inbound}"),
        base_chain(
            "forward",
            "forward",
            0,
            "drop",
            f'{environments} oifname "{links.INSIDE}" accept',
            f"ct state {{ established, related }} oifgroup {links.GROUP_ENVIRONMENT} "
            f'iifname "{links.INSIDE}" accept',
            "ct state != new drop",  # for an environment that has ended: nothing that anybody refused
            f"goto {inbound}",
        ),
        base_chain("from-interface", "output", 0, "accept", f"{ICMP_ERRORS} drop", "tcp flags & rst == rst drop"),
        source_nat(links.INSIDE, str(interface.private_ip)),
        *refusals.chains(),
    )
    return Ruleset("lambda-interface", chains=chains)
