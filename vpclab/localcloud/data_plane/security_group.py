"""Security groups as nftables: the union of an interface's groups, asked for the first packet of a flow.

What is admitted returns to the caller; what no rule admits is refused by name. A flow that is not tracked (a rule
admits everybody, the opposite direction admits everything) is marked, and judged by the rules packet by packet.
Sources: VPC guide, "Security group rules"; EC2 guide, "Security group connection tracking".
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from vpclab.localcloud.data_plane.identifiers import digest
from vpclab.localcloud.data_plane.protocol_match import protocol_match
from vpclab.localcloud.data_plane.ranges import EVERYWHERE
from vpclab.localcloud.data_plane.refusal import THE_INTERFACE, Kind, Refusals, joined
from vpclab.localcloud.data_plane.ruleset import Chain, Collection, networks
from vpclab.localcloud.data_plane.vpc_facts import VpcFacts, forwards
from vpclab.network.model import InterfaceType, NetworkInterface, SecurityGroup, SecurityGroupRule

if TYPE_CHECKING:
    from ipaddress import IPv4Address

EGRESS = "egress"
INGRESS = "ingress"

SENDER_UNTRACKED = 1
RECEIVER_UNTRACKED = 2
"""Bits of a flow's mark: at whose interface it is not tracked, its first sender's or its first receiver's."""

_UNTRACKED = {EGRESS: SENDER_UNTRACKED, INGRESS: RECEIVER_UNTRACKED}
_ALWAYS_TRACKED = frozenset({InterfaceType.LAMBDA, InterfaceType.VPC_ENDPOINT, InterfaceType.NAT_GATEWAY})
_WITHOUT_PORTS = (None, -1, 0)
_ALL_PORTS = (None, -1, 65535)

_PEER = {EGRESS: "ip daddr", INGRESS: "ip saddr"}
_OPPOSITE = {EGRESS: INGRESS, INGRESS: EGRESS}
_TRACKED_BY_NEED = frozenset({"-1", "tcp", "udp"})


class GroupChains:
    """The chains of a router that judge by security groups: one per set of groups in use, and direction."""

    def __init__(self, facts: VpcFacts, refusals: Refusals) -> None:
        self._groups = {group.id: group for group in facts.security_groups}
        self._facts = facts
        self._refusals = refusals
        self._names: dict[tuple[str, bool, tuple[str, ...]], str] = {}
        self._chains: dict[str, Chain] = {}
        self._referenced: dict[str, None] = {}
        self._prefix_lists: dict[str, None] = {}

    def chain(self, interface: NetworkInterface, direction: str) -> str:
        """Return the name of the chain that judges packets of the interface; equal ones share it.

        An interface without a group (the API does not let that happen) admits nothing.
        """
        key = (direction, always_tracks(interface), interface.security_group_ids)
        name = self._names.get(key)
        if name is None:
            name = self._names[key] = self._chain(*key)
        return name

    def _chain(self, direction: str, tracked: bool, group_ids: tuple[str, ...]) -> str:  # noqa: FBT001 - of a key
        groups = tuple(sorted(group_id for group_id in group_ids if group_id in self._groups))
        name = f"groups-{digest(' '.join((*groups, 'tracked' if tracked else '')))}-{direction}"
        if name not in self._chains:
            self._chains[name] = Chain(name, self._rules(groups, direction, tracked=tracked))
        return name

    def chains(self) -> list[Chain]:
        """Return the chains asked for so far."""
        return list(self._chains.values())

    def collections(self) -> list[Collection]:
        """Return the sets that those chains refer to: members of groups, and prefix lists."""
        members: dict[str, list[IPv4Address]] = {group_id: [] for group_id in self._referenced}
        for interface in self._facts.interfaces:
            for group_id in interface.security_group_ids:
                if group_id in members:
                    members[group_id].append(interface.private_ip)
        sets = [
            Collection(
                "set",
                f"members-{group_id}",
                "ipv4_addr",
                tuple(str(address) for address in sorted(addresses, key=int)),
            )
            for group_id, addresses in members.items()
        ]
        for list_id in self._prefix_lists:
            blocks = [
                block
                for prefix_list in self._facts.prefix_lists
                if prefix_list.id == list_id
                for block in prefix_list.cidr_blocks
            ]
            sets.append(Collection("set", f"prefixes-{list_id}", "ipv4_addr", networks(blocks), "interval"))
        return sets

    def _rules(self, group_ids: tuple[str, ...], direction: str, *, tracked: bool) -> tuple[str, ...]:
        groups = [self._groups[group_id] for group_id in group_ids]
        admitted = [rule for group in groups for rule in _rules_of(group, direction)]
        opposite = [rule for group in groups for rule in _rules_of(group, _OPPOSITE[direction])]
        mark = f"ct state new ct mark set ct mark or {_UNTRACKED[direction]}"
        rules: list[str] = []
        for rule in dict.fromkeys(admitted):
            match = self._match(rule, direction)
            if not tracked and _is_untracked(rule, opposite):
                # A bare "any protocol" names TCP and UDP here: other protocols are always tracked.
                rules.append(f"{match or 'meta l4proto { tcp, udp }'} {mark}")
            rules.append(f"{match} return".lstrip())
        code = "ENI_SG_RULES_MISMATCH" if rules else "SG_HAS_NO_RULES"
        component = joined(group_ids, Kind.SECURITY_GROUP, code) if group_ids else THE_INTERFACE
        return (*rules, f"goto {self._refusals.chain(Kind.SECURITY_GROUP, component, code, direction)}")

    def _match(self, rule: SecurityGroupRule, direction: str) -> str:
        return " ".join(
            part
            for part in (self._peer(rule, direction), protocol_match(rule.protocol, rule.from_port, rule.to_port))
            if part
        )

    def _peer(self, rule: SecurityGroupRule, direction: str) -> str:
        if rule.group_id is not None:
            self._referenced[rule.group_id] = None
            return f"{_PEER[direction]} @members-{rule.group_id}"
        if rule.prefix_list_id is not None:
            self._prefix_lists[rule.prefix_list_id] = None
            return f"{_PEER[direction]} @prefixes-{rule.prefix_list_id}"
        if rule.cidr is None or rule.cidr == EVERYWHERE:
            return ""
        return f"{_PEER[direction]} {rule.cidr}"


def always_tracks(interface: NetworkInterface) -> bool:
    """Tell whether the interface tracks each flow, whatever its rules.

    Those that AWS lists; and those that forward for others, for a flow that passes the router twice has one mark.
    """
    return interface.interface_type in _ALWAYS_TRACKED or forwards(interface)


def _is_untracked(rule: SecurityGroupRule, opposite: Iterable[SecurityGroupRule]) -> bool:
    """Tell whether a flow that ``rule`` admits needs no tracking: everybody's replies are admitted anyway."""
    return (
        rule.protocol in _TRACKED_BY_NEED
        and rule.cidr == EVERYWHERE
        and any(
            answer.protocol in ("-1", rule.protocol)
            and answer.cidr == EVERYWHERE
            and answer.from_port in _WITHOUT_PORTS
            and answer.to_port in _ALL_PORTS
            for answer in opposite
        )
    )


def _rules_of(group: SecurityGroup, direction: str) -> tuple[SecurityGroupRule, ...]:
    return group.egress if direction == EGRESS else group.ingress
