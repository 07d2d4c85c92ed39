"""Network ACLs as nftables: ordered, stateless, asked for every packet that crosses a subnet's boundary.

Source: VPC guide, "Network ACLs". Traffic within a subnet and to the resolver never meets one.
"""

from vpclab.localcloud.data_plane.protocol_match import protocol_match
from vpclab.localcloud.data_plane.ranges import EVERYWHERE
from vpclab.localcloud.data_plane.refusal import Kind, Refusals
from vpclab.localcloud.data_plane.ruleset import Chain
from vpclab.localcloud.data_plane.vpc_facts import VpcFacts
from vpclab.network.model import NetworkAcl, NetworkAclEntry

LAST_NUMBER = 32767
"""The number of the deny that every ACL ends with."""

FINAL_DENY = "*"
"""How that rule is written."""

EGRESS = "egress"
INGRESS = "ingress"


class AclChains:
    """A router's chains that judge by network ACLs: one per subnet and direction, leading to the ACL's own."""

    def __init__(self, facts: VpcFacts, number: dict[str, int], refusals: Refusals) -> None:
        self._facts = facts
        self._number = number
        self._refusals = refusals

    def boundary(self, direction: str) -> tuple[str, ...]:
        """Return the elements of the verdict map by link group: which chain guards which subnet."""
        return tuple(f"{self._number[subnet.id]} : jump {direction}-{subnet.id}" for subnet in self._facts.subnets)

    def chains(self) -> list[Chain]:
        """Return the chains: of each ACL, and of each subnet's boundary."""
        chains = [
            Chain(f"{acl.id}-{direction}", self._rules(acl, direction))
            for acl in self._facts.network_acls
            for direction in (EGRESS, INGRESS)
        ]
        known = {acl.id for acl in self._facts.network_acls}
        for subnet in self._facts.subnets:
            acl_id = subnet.network_acl_id
            for direction, far_side in ((EGRESS, "oifgroup"), (INGRESS, "iifgroup")):
                judge = f"{acl_id}-{direction}" if acl_id in known else self._refusal(acl_id or "none", direction)
                within = f"meta {far_side} {self._number[subnet.id]} return"
                chains.append(Chain(f"{direction}-{subnet.id}", (within, f"goto {judge}")))
        return chains

    def _rules(self, acl: NetworkAcl, direction: str) -> tuple[str, ...]:
        entries = sorted(
            (entry for entry in acl.entries if entry.egress == (direction == EGRESS)),
            key=lambda entry: entry.number,
        )
        rules = [
            f"{_match(entry, direction)} {self._verdict(acl, entry, direction)}".lstrip() for entry in entries
        ]
        return (*rules, f"goto {self._refusal(acl.id, direction)}")

    def _verdict(self, acl: NetworkAcl, entry: NetworkAclEntry, direction: str) -> str:
        if entry.allow:
            return "return"
        rule = FINAL_DENY if entry.number == LAST_NUMBER else str(entry.number)
        return f"goto {self._refusal(acl.id, direction, rule)}"

    def _refusal(self, acl_id: str, direction: str, rule: str = FINAL_DENY) -> str:
        return self._refusals.chain(Kind.NETWORK_ACL, acl_id, "SUBNET_ACL_RESTRICTION", direction, rule)


def _match(entry: NetworkAclEntry, direction: str) -> str:
    far_side = "ip daddr" if direction == EGRESS else "ip saddr"
    address = "" if entry.cidr == EVERYWHERE else f"{far_side} {entry.cidr}"
    return f"{address} {protocol_match(entry.protocol, entry.from_port, entry.to_port)}".strip()
