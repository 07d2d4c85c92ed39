"""The nftables ruleset of a VPC's router: everything that AWS judges between two interfaces, in AWS's order.

A packet meets, on its way: the sender's source check, its security groups, the egress ACL of its subnet, the route
(a link that leads nowhere says why), the internet gateway or gateway endpoint, the ingress ACL of the receiver's
subnet, the receiver's security groups. Groups are asked for the first packet of a flow (and for each packet of a
flow that they do not track), everything else for each packet.
"""

from vpclab.localcloud.data_plane import links
from vpclab.localcloud.data_plane.attached_interface import attached_interface
from vpclab.localcloud.data_plane.identifiers import FIRST_NUMBER
from vpclab.localcloud.data_plane.network_acl import EGRESS, INGRESS, AclChains
from vpclab.localcloud.data_plane.ranges import PRIVATE_USE, RESOLVER, SHARED_SPACE
from vpclab.localcloud.data_plane.refusal import THE_INTERFACE, Kind, Refusals
from vpclab.localcloud.data_plane.ruleset import ICMP_ERRORS, Chain, Collection, Ruleset, anonymous, base_chain
from vpclab.localcloud.data_plane.security_group import (
    RECEIVER_UNTRACKED,
    SENDER_UNTRACKED,
    GroupChains,
    always_tracks,
)
from vpclab.localcloud.data_plane.vpc_facts import VpcFacts, forwards
from vpclab.network.block_public_access import InternetAccess
from vpclab.network.model import InterfaceType

RAW = -300
"""Before connection tracking (linux/netfilter_ipv4.h)."""
FILTER = 0
LAST = 300
"""After connection tracking has taken the packet's addresses for its own."""

_NOWHERE = (("no-route", "NO_ROUTE_TO_DESTINATION"), ("blackhole", "BAD_STATE_ROUTE"))
"""Chains that a route which leads nowhere ends in, and what they say."""

FIRST = "ct state != { established, related }"


def router_ruleset(facts: VpcFacts, number: dict[str, int]) -> Ruleset:
    """Compile the ruleset. ``number`` gives the link group of each subnet and the mark of each route table."""
    return _Router(facts, number).ruleset()


class _Router:
    """Compiles one VPC: its parts refer to one another's chains and count the same refusals."""

    def __init__(self, facts: VpcFacts, number: dict[str, int]) -> None:
        self._facts = facts
        self._number = number
        self._refusals = Refusals()
        self._groups = GroupChains(facts, self._refusals)
        self._acls = AclChains(facts, number, self._refusals)
        self._gateway = facts.internet_gateway
        self._block = ""
        if self._gateway is not None and facts.block_public_access is not None:
            self._block = self._refusals.chain(
                Kind.BLOCK_PUBLIC_ACCESS, facts.vpc.id, "VPC_BLOCK_PUBLIC_ACCESS_ENABLED"
            )

    def ruleset(self) -> Ruleset:
        collections = self._collections()
        chains = [
            *self._groups.chains(),
            *self._acls.chains(),
            *self._arrival(),
            self._to_router(),
            *self._nowhere(),
            *self._gateway_chains(),
            self._forward(),
            self._from_router(),
            self._departure(),
        ]
        if self._block:
            collections += self._block_collections()
        return Ruleset("vpc", (*collections, *self._groups.collections()), (*chains, *self._refusals.chains()))

    def _collections(self) -> list[Collection]:
        present = self._facts.present()
        number, serving, public = self._number, self._facts.route_table_of(), self._facts.public_addresses()
        attached = [
            attached_interface(interface.id, interface.private_ip, number[interface.subnet_id])
            for interface in present
        ]
        name = {interface.id: one.quoted for interface, one in zip(present, attached, strict=True)}

        def judges(direction: str) -> tuple[str, ...]:
            return tuple(
                f"{name[interface.id]} : jump {self._groups.chain(interface, direction)}"
                for interface in present
                if interface.interface_type is not InterfaceType.NAT_GATEWAY  # has no groups
            )

        return [
            Collection(
                "map",
                "route-table-of",
                "devgroup : mark",
                tuple(f"{number[subnet_id]} : {number[table_id]}" for subnet_id, table_id in serving.items()),
            ),
            Collection(
                "set",
                "addresses",
                "ifname . ipv4_addr",
                tuple(one.addressed for one in attached),
            ),
            Collection(
                "set",
                "forwarders",
                "ifname",
                tuple(name[interface.id] for interface in present if forwards(interface)),
            ),
            Collection(
                "set",
                "tracking",
                "ifname",
                tuple(name[interface.id] for interface in present if always_tracks(interface)),
            ),
            Collection("map", "loops", "ifname . ifname : verdict", self._loops()),
            *self._nowhere_collections(),
            Collection("map", f"groups-{EGRESS}", "ifname : verdict", judges(EGRESS)),
            Collection("map", f"groups-{INGRESS}", "ifname : verdict", judges(INGRESS)),
            Collection("map", f"acl-{EGRESS}", "devgroup : verdict", self._acls.boundary(EGRESS)),
            Collection("map", f"acl-{INGRESS}", "devgroup : verdict", self._acls.boundary(INGRESS)),
            Collection("set", "elastic", "ipv4_addr", tuple(str(address) for address in public.values())),
            Collection("set", "addressed", "ipv4_addr", tuple(str(private) for private in public)),
            Collection(
                "map",
                "public-of",
                "ipv4_addr : ipv4_addr",
                tuple(f"{private} : {address}" for private, address in public.items()),
            ),
            Collection(
                "map",
                "private-of",
                "ipv4_addr : ipv4_addr",
                tuple(f"{address} : {private}" for private, address in public.items()),
            ),
        ]

    def _block_collections(self) -> list[Collection]:
        return [
            Collection("set", name, "ipv4_addr", tuple(str(one) for one in self._facts.internet_access(access)))
            for name, access in (
                ("blocked", InternetAccess.NONE),
                ("outbound-only", InternetAccess.OUTBOUND),
            )
        ]

    def _refuse(self, kind: Kind, component: str, code: str, direction: str = "") -> str:
        return f"goto {self._refusals.chain(kind, component, code, direction)}"

    def _arrival(self) -> list[Chain]:
        """From each link: is the source believable, and which routing table is its subnet's."""
        vpc = self._facts.vpc
        from_internet = []
        if self._gateway is not None:
            kind, component = Kind.INTERNET_GATEWAY, self._gateway.id
            rules = (
                "ip daddr != @elastic " + self._refuse(kind, component, "IGW_PUBLIC_IP_ASSOCIATION_FOR_INGRESS"),
                f"ip saddr {anonymous(vpc.cidr_blocks)} "
                + self._refuse(kind, component, "GATEWAY_REJECTS_SPOOFED_TRAFFIC"),
                "ip daddr set ip daddr map @private-of",
                "accept",
            )
            from_internet = [Chain("from-internet-gateway", rules)]
        return [
            *from_internet,
            base_chain(
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

    def _to_router(self) -> Chain:
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

    def _forward(self) -> Chain:
        return base_chain(
            "forward",
            "forward",
            FILTER,
            "drop",
            *self._blocked(),
            f"{FIRST} iifname vmap @groups-{EGRESS}",
            *_later(EGRESS, "iifname", original=SENDER_UNTRACKED, reply=RECEIVER_UNTRACKED),
            f'oifname "{links.NOBODY}" ' + self._refuse(Kind.ADDRESS, self._facts.vpc.id, "ADDRESS_NOT_IN_USE"),
            f"meta iifgroup vmap @acl-{EGRESS}",
            f'oifname "{links.NO_ROUTE}" goto no-route',
            f'oifname "{links.BLACKHOLE}" goto blackhole',
            "iifname . oifname vmap @loops",
            *self._to_gateways(),
            f"{FIRST} iifgroup {links.GROUP_GATEWAY_ENDPOINT} "
            + self._refuse(Kind.ADDRESS, self._facts.vpc.id, "NO_INBOUND_PATH"),
            f"oifgroup >= {FIRST_NUMBER} oifname . ip daddr != @addresses oifname != @forwarders "
            + self._refuse(Kind.ADDRESS, THE_INTERFACE, "ENI_SOURCE_DEST_CHECK_RESTRICTION", INGRESS),
            f"meta oifgroup vmap @acl-{INGRESS}",
            f"{FIRST} oifname vmap @groups-{INGRESS}",
            *_later(INGRESS, "oifname", original=RECEIVER_UNTRACKED, reply=SENDER_UNTRACKED),
            "accept",
        )

    def _blocked(self) -> list[str]:
        """What VPC Block Public Access keeps from coming in, as from the internet gateway."""
        if not self._block:
            return []
        from_internet = f"iifgroup {links.GROUP_INTERNET_GATEWAY}"
        return [
            f"{from_internet} ip daddr @blocked goto {self._block}",
            f"{from_internet} {FIRST} ip daddr @outbound-only goto {self._block}",
        ]

    def _nowhere(self) -> list[Chain]:
        """What routing refused, by the route table that it consulted."""
        return [
            Chain(name, (f"meta mark vmap @{name}-of", self._refuse(Kind.ROUTE_TABLE, self._facts.vpc.id, code)))
            for name, code in _NOWHERE
        ]

    def _nowhere_collections(self) -> list[Collection]:
        return [
            Collection(
                "map",
                f"{name}-of",
                "mark : verdict",
                tuple(
                    f"{self._number[table.id]} : " + self._refuse(Kind.ROUTE_TABLE, table.id, code)
                    for table in self._facts.route_tables
                ),
            )
            for name, code in _NOWHERE
        ]

    def _loops(self) -> tuple[str, ...]:
        """What a route sends back to the interface it came from: a NAT gateway in the subnet that it serves."""
        nat_gateways = {gateway.network_interface_id: gateway.id for gateway in self._facts.nat_gateways}
        return tuple(
            f'"{link}" . "{link}" : '
            + (
                self._refuse(Kind.NAT_GATEWAY, nat_gateways[interface.id], "ROUTE_LEADS_BACK")
                if interface.id in nat_gateways
                else self._refuse(Kind.ADDRESS, interface.id, "ROUTE_LEADS_BACK")
            )
            for interface in self._facts.present()
            if forwards(interface)
            for link in [links.interface_link(interface.id)]
        )

    def _to_gateways(self) -> list[str]:
        rules = []
        if self._gateway is not None:
            rules.append(f"oifgroup {links.GROUP_INTERNET_GATEWAY} goto to-internet-gateway")
        rules += [
            f'oifname "{links.gateway_endpoint_link(endpoint.id)}" goto to-{endpoint.id}'
            for endpoint in self._facts.gateway_endpoints
        ]
        return rules

    def _gateway_chains(self) -> list[Chain]:
        chains: list[Chain] = []
        if self._gateway is not None:
            kind, component = Kind.INTERNET_GATEWAY, self._gateway.id
            rules = (
                f"ip daddr {anonymous(PRIVATE_USE)} "
                + self._refuse(kind, component, "IGW_DESTINATION_ADDRESS_IN_RFC1918_EGRESS"),
                f"ip daddr {SHARED_SPACE} "
                + self._refuse(kind, component, "IGW_DESTINATION_ADDRESS_IN_RFC6598_EGRESS"),
                "ip saddr != @addressed " + self._refuse(kind, component, "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS"),
                *([f"ip saddr @blocked goto {self._block}"] if self._block else []),
                "accept",
            )
            chains.append(Chain("to-internet-gateway", rules))
        for endpoint in self._facts.gateway_endpoints:
            refuse = self._refuse(Kind.VPC_ENDPOINT, endpoint.id, "VPCE_GATEWAY_PROTOCOL_RESTRICTION")
            admitted = ("meta l4proto tcp accept", "icmp type echo-request accept")
            chains.append(Chain(f"to-{endpoint.id}", (*admitted, refuse)))
        return chains

    def _from_router(self) -> Chain:
        """A VPC's router says nothing of what it did not deliver: no ICMP errors, no resets."""
        return base_chain(
            "from-router", "output", FILTER, "accept", f"{ICMP_ERRORS} drop", "tcp flags & rst == rst drop"
        )

    def _departure(self) -> Chain:
        """The internet gateway's one-to-one translation (VPC guide, "Internet gateways"), without state."""
        return base_chain(
            "departure",
            "postrouting",
            LAST,
            "accept",
            f"oifgroup {links.GROUP_INTERNET_GATEWAY} ip saddr set ip saddr map @public-of",
        )


def _later(direction: str, link: str, **bits: int) -> list[str]:
    """Ask the groups again for later packets of a flow that they do not track, by the mark of the flow."""
    return [
        f"ct state established ct direction {way} ct mark & {bit} != 0 "
        f"{link} != @tracking {link} vmap @groups-{direction}"
        for way, bit in bits.items()
    ]
