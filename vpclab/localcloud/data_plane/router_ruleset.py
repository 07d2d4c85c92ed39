"""The nftables ruleset of a VPC's router: everything that AWS judges between two interfaces, in AWS's order.

A packet meets, on its way: the sender's source check, its security groups, the egress ACL of its subnet, the route
(a link that leads nowhere says why), the internet gateway or gateway endpoint, the ingress ACL of the receiver's
subnet, the receiver's security groups. Groups are asked for the first packet of a flow, everything else for each.
"""

from vpclab.localcloud.data_plane import links
from vpclab.localcloud.data_plane.identifiers import FIRST_NUMBER
from vpclab.localcloud.data_plane.network_acl import EGRESS, INGRESS, AclChains
from vpclab.localcloud.data_plane.nft_text import ICMP_ERRORS, anonymous, base_chain, chain, collection, table
from vpclab.localcloud.data_plane.ranges import PRIVATE_USE, RESOLVER, SHARED_SPACE
from vpclab.localcloud.data_plane.refusal import THE_INTERFACE, Kind, Refusals
from vpclab.localcloud.data_plane.security_group import GroupChains
from vpclab.localcloud.data_plane.vpc_facts import VpcFacts, forwards
from vpclab.network.model import InterfaceType

RAW = -300
"""Before connection tracking (linux/netfilter_ipv4.h)."""
FILTER = 0
LAST = 300
"""After connection tracking has taken the packet's addresses for its own."""

FIRST = "ct state != { established, related }"


def router_ruleset(facts: VpcFacts, number: dict[str, int]) -> str:
    """Compile the ruleset. ``number`` gives the link group of each subnet and the mark of each route table."""
    return table("vpc", _Router(facts, number).body())


class _Router:
    def __init__(self, facts: VpcFacts, number: dict[str, int]) -> None:
        self._facts = facts
        self._number = number
        self._refusals = Refusals()
        self._groups = GroupChains(facts, self._refusals)
        self._acls = AclChains(facts, number, self._refusals)
        self._gateway = facts.internet_gateway

    def body(self) -> list[str]:
        return [
            *self._collections(),
            *self._groups.text(),
            *self._acls.text(),
            *self._arrival(),
            *self._to_router(),
            *self._forward(),
            *self._from_router(),
            *self._departure(),
            *self._refusals.text(),
        ]

    def _collections(self) -> list[str]:
        present = self._facts.present()
        serving = self._facts.route_table_of()
        judged = [interface for interface in present if interface.interface_type is not InterfaceType.NAT_GATEWAY]
        name = {interface.id: links.interface_link(interface.id) for interface in present}
        public = self._facts.public_addresses()
        return [
            *collection(
                "map",
                "route-table-of",
                "devgroup : mark",
                [
                    f"{self._number[subnet_id]} : {self._number[table_id]}"
                    for subnet_id, table_id in serving.items()
                ],
            ),
            *collection(
                "set",
                "addresses",
                "ifname . ipv4_addr",
                [f'"{name[interface.id]}" . {interface.private_ip}' for interface in present],
            ),
            *collection(
                "set",
                "forwarders",
                "ifname",
                [f'"{name[interface.id]}"' for interface in present if forwards(interface)],
            ),
            *(
                line
                for direction in (EGRESS, INGRESS)
                for line in collection(
                    "map",
                    f"groups-{direction}",
                    "ifname : verdict",
                    [
                        f'"{name[interface.id]}" : jump '
                        f"{self._groups.chain(interface.security_group_ids, direction)}"
                        for interface in judged
                    ],
                )
            ),
            *(
                line
                for direction in (EGRESS, INGRESS)
                for line in collection(
                    "map", f"acl-{direction}", "devgroup : verdict", self._acls.boundary(direction)
                )
            ),
            *collection("set", "elastic", "ipv4_addr", [str(address) for address in public.values()]),
            *collection("set", "addressed", "ipv4_addr", [str(address) for address in public]),
            *collection(
                "map",
                "public-of",
                "ipv4_addr : ipv4_addr",
                [f"{private} : {address}" for private, address in public.items()],
            ),
            *collection(
                "map",
                "private-of",
                "ipv4_addr : ipv4_addr",
                [f"{address} : {private}" for private, address in public.items()],
            ),
        ]

    def _refuse(self, kind: Kind, component: str, code: str, direction: str = "") -> str:
        return f"goto {self._refusals.chain(kind, component, code, direction)}"

    def _arrival(self) -> list[str]:
        """From each link: is the source believable, and which routing table is its subnet's."""
        vpc = self._facts.vpc
        from_internet = []
        if self._gateway is not None:
            kind, component = Kind.INTERNET_GATEWAY, self._gateway.id
            from_internet = chain(
                "from-internet-gateway",
                "ip daddr != @elastic " + self._refuse(kind, component, "IGW_PUBLIC_IP_ASSOCIATION_FOR_INGRESS"),
                f"ip saddr {anonymous(vpc.cidr_blocks)} "
                + self._refuse(kind, component, "GATEWAY_REJECTS_SPOOFED_TRAFFIC"),
                "ip daddr set ip daddr map @private-of",
                "accept",
            )
        return [
            *from_internet,
            *base_chain(
                "arrival",
                "prerouting",
                RAW,
                "accept",
                *(
                    [f"iifgroup {links.GROUP_INTERNET_GATEWAY} goto from-internet-gateway"]
                    if self._gateway
                    else []
                ),
                f"iifgroup {links.GROUP_GATEWAY_ENDPOINT} accept",
                "meta mark set meta iifgroup map @route-table-of",
                "iifname . ip saddr @addresses accept",
                "iifname @forwarders accept",
                self._refuse(Kind.ADDRESS, THE_INTERFACE, "ENI_SOURCE_DEST_CHECK_RESTRICTION", EGRESS),
            ),
        ]

    def _to_router(self) -> list[str]:
        """The router itself answers DNS to its own VPC, judged by no group and no ACL, and nothing else."""
        resolver = anonymous((self._facts.resolver(), RESOLVER))
        return base_chain(
            "to-router",
            "input",
            FILTER,
            "drop",
            f"iifgroup >= {FIRST_NUMBER} ip daddr {resolver} udp dport 53 accept",
            f"iifgroup >= {FIRST_NUMBER} ip daddr {resolver} tcp dport 53 accept",
            self._refuse(Kind.ADDRESS, self._facts.vpc.id, "RESOLVER_ANSWERS_DNS_ONLY"),
        )

    def _forward(self) -> list[str]:
        nowhere = self._nowhere()
        return [
            *nowhere,
            *self._gateway_chains(),
            *base_chain(
                "forward",
                "forward",
                FILTER,
                "drop",
                f"{FIRST} iifname vmap @groups-{EGRESS}",
                f'oifname "{links.NOBODY}" '
                + self._refuse(Kind.ADDRESS, self._facts.vpc.id, "ADDRESS_NOT_IN_USE"),
                f"meta iifgroup vmap @acl-{EGRESS}",
                f'oifname "{links.NO_ROUTE}" goto no-route',
                f'oifname "{links.BLACKHOLE}" goto blackhole',
                *self._loops(),
                *self._to_gateways(),
                f"{FIRST} iifgroup {links.GROUP_GATEWAY_ENDPOINT} "
                + self._refuse(Kind.ADDRESS, self._facts.vpc.id, "NO_INBOUND_PATH"),
                f"oifgroup >= {FIRST_NUMBER} oifname . ip daddr != @addresses oifname != @forwarders "
                + self._refuse(Kind.ADDRESS, THE_INTERFACE, "ENI_SOURCE_DEST_CHECK_RESTRICTION", INGRESS),
                f"meta oifgroup vmap @acl-{INGRESS}",
                f"{FIRST} oifname vmap @groups-{INGRESS}",
                "accept",
            ),
        ]

    def _nowhere(self) -> list[str]:
        """What routing refused, by the route table that it consulted."""
        lines: list[str] = []
        for name, code in (("no-route", "NO_ROUTE_TO_DESTINATION"), ("blackhole", "BAD_STATE_ROUTE")):
            by_mark = [
                f"meta mark {self._number[route_table.id]} " + self._refuse(Kind.ROUTE_TABLE, route_table.id, code)
                for route_table in self._facts.route_tables
            ]
            lines += chain(name, *by_mark, self._refuse(Kind.ROUTE_TABLE, self._facts.vpc.id, code))
        return lines

    def _loops(self) -> list[str]:
        """What a route sends back to the interface it came from: a NAT gateway in the subnet that it serves."""
        nat_gateways = {gateway.network_interface_id: gateway.id for gateway in self._facts.nat_gateways}
        return [
            f'iifname "{link}" oifname "{link}" '
            + (
                self._refuse(Kind.NAT_GATEWAY, nat_gateways[interface.id], "ROUTE_LEADS_BACK")
                if interface.id in nat_gateways
                else self._refuse(Kind.ADDRESS, interface.id, "ROUTE_LEADS_BACK")
            )
            for interface in self._facts.present()
            if forwards(interface)
            for link in [links.interface_link(interface.id)]
        ]

    def _to_gateways(self) -> list[str]:
        rules = []
        if self._gateway is not None:
            rules.append(f"oifgroup {links.GROUP_INTERNET_GATEWAY} goto to-internet-gateway")
        rules += [
            f'oifname "{links.gateway_endpoint_link(endpoint.id)}" goto to-{endpoint.id}'
            for endpoint in self._facts.gateway_endpoints
        ]
        return rules

    def _gateway_chains(self) -> list[str]:
        lines: list[str] = []
        if self._gateway is not None:
            kind, component = Kind.INTERNET_GATEWAY, self._gateway.id
            lines += chain(
                "to-internet-gateway",
                f"ip daddr {anonymous(PRIVATE_USE)} "
                + self._refuse(kind, component, "IGW_DESTINATION_ADDRESS_IN_RFC1918_EGRESS"),
                f"ip daddr {SHARED_SPACE} "
                + self._refuse(kind, component, "IGW_DESTINATION_ADDRESS_IN_RFC6598_EGRESS"),
                "ip saddr != @addressed " + self._refuse(kind, component, "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS"),
                "accept",
            )
        for endpoint in self._facts.gateway_endpoints:
            lines += chain(
                f"to-{endpoint.id}",
                "meta l4proto tcp accept",
                "icmp type echo-request accept",
                self._refuse(Kind.VPC_ENDPOINT, endpoint.id, "VPCE_GATEWAY_PROTOCOL_RESTRICTION"),
            )
        return lines

    def _from_router(self) -> list[str]:
        """A VPC's router says nothing of what it did not deliver: no ICMP errors, no resets."""
        return base_chain(
            "from-router", "output", FILTER, "accept", f"{ICMP_ERRORS} drop", "tcp flags & rst == rst drop"
        )

    def _departure(self) -> list[str]:
        """The internet gateway's one-to-one translation (VPC guide, "Internet gateways"), without state."""
        return base_chain(
            "departure",
            "postrouting",
            LAST,
            "accept",
            f"oifgroup {links.GROUP_INTERNET_GATEWAY} ip saddr set ip saddr map @public-of",
        )
