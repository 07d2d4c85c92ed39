"""The rulesets of what stands behind an interface and passes packets on: NAT gateways, functions' interfaces."""

from vpclab.localcloud.data_plane import links
from vpclab.localcloud.data_plane.nft_text import ICMP_ERRORS, anonymous, base_chain, chain, table
from vpclab.localcloud.data_plane.refusal import Kind, Refusals
from vpclab.network.model import NatGateway, NetworkInterface, Vpc

PORTS = "1024-65535"
"""Source ports of NAT gateways and functions (VPC guide, network ACLs, "Ephemeral ports")."""

SOURCE_NAT = 100
"""linux/netfilter_ipv4.h, NF_IP_PRI_NAT_SRC."""


def source_nat(link: str, address: str) -> list[str]:
    """Have what leaves by ``link`` come from ``address``; ports stay where they are free and not below 1024."""
    return chain(
        "departure",
        f"type nat hook postrouting priority {SOURCE_NAT}; policy accept;",
        f'oifname "{link}" meta l4proto {{ tcp, udp }} snat to {address}:{PORTS}',
        f'oifname "{link}" snat to {address}',
    )


def nat_gateway_ruleset(gateway: NatGateway, vpc: Vpc) -> str:
    """Compile a NAT gateway: it translates what its own VPC sends through it to its own private address.

    The internet gateway translates that a second time. A flow forgotten for idleness is reset.
    Source: VPC guide, "NAT gateway basics".
    """
    refusals = Refusals()

    def refuse(code: str) -> str:
        return f"goto {refusals.chain(Kind.NAT_GATEWAY, gateway.id, code)}"

    body = [
        *base_chain("to-gateway", "input", 0, "drop", refuse("NAT_GATEWAY_HAS_NO_INBOUND_PATH")),
        *base_chain(
            "forward",
            "forward",
            0,
            "drop",
            "ct state { established, related } accept",
            f"ip saddr != {anonymous(vpc.cidr_blocks)} " + refuse("NGW_REQUIRES_SOURCE_IN_VPC"),
            "meta l4proto tcp ct state invalid reject with tcp reset",
            "meta l4proto { tcp, udp } accept",
            "icmp type echo-request accept",
            refuse("NAT_GATEWAY_PROTOCOL_RESTRICTION"),
        ),
        *base_chain("from-gateway", "output", 0, "accept", f"{ICMP_ERRORS} drop"),
        *source_nat(links.INSIDE, str(gateway.private_ip)),
        *refusals.text(),
    ]
    return table("nat-gateway", body)


def lambda_interface_ruleset(interface: NetworkInterface) -> str:
    """Compile a function's interface, which its execution environments share.

    They leave from its address, cannot reach one another, and nothing can reach them (Lambda guide, "Giving
    Lambda functions access to resources in an Amazon VPC").
    """
    refusals = Refusals()
    inbound = refusals.chain(Kind.ADDRESS, interface.id, "LAMBDA_INTERFACE_HAS_NO_INBOUND_PATH")
    environments = f"iifgroup {links.GROUP_ENVIRONMENT}"
    body = [
        *base_chain("to-interface", "input", 0, "drop", f"goto {inbound}"),
        *base_chain(
            "forward",
            "forward",
            0,
            "drop",
            f'{environments} oifname "{links.INSIDE}" accept',
            f"ct state {{ established, related }} oifgroup {links.GROUP_ENVIRONMENT} "
            f'iifname "{links.INSIDE}" accept',
            f"goto {inbound}",
        ),
        *base_chain("from-interface", "output", 0, "accept", f"{ICMP_ERRORS} drop", "tcp flags & rst == rst drop"),
        *source_nat(links.INSIDE, str(interface.private_ip)),
        *refusals.text(),
    ]
    return table("lambda-interface", body)
