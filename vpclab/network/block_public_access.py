"""VPC Block Public Access: what may pass internet gateways, by account, Region, VPC and subnet.

Source: VPC guide, security-vpc-bpa and security-vpc-bpa-basics.
"""

from dataclasses import dataclass
from enum import StrEnum


class BlockMode(StrEnum):
    """``InternetGatewayBlockMode``. ``block-ingress`` still lets NAT gateways out."""

    OFF = "off"
    BIDIRECTIONAL = "block-bidirectional"
    INGRESS = "block-ingress"


class ExclusionMode(StrEnum):
    """``InternetGatewayExclusionMode``. ``allow-egress`` says something only where both directions are blocked."""

    BIDIRECTIONAL = "allow-bidirectional"
    EGRESS = "allow-egress"


class InternetAccess(StrEnum):
    """What Block Public Access leaves to an interface: everything, what it begins itself, or nothing."""

    FULL = "full"
    OUTBOUND = "outbound"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A VPC or a subnet, by its id, that the block does not concern, or not all of it."""

    id: str
    resource_id: str
    mode: ExclusionMode


@dataclass(frozen=True, slots=True)
class BlockPublicAccess:
    """The block of one account in one Region, where it is on."""

    owner_id: str
    region: str
    mode: BlockMode
    exclusions: tuple[Exclusion, ...] = ()

    def access(self, vpc_id: str, subnet_id: str, *, nat_gateway: bool) -> InternetAccess:
        """Return what is left to an interface in that subnet; a subnet's own exclusion counts before its VPC's."""
        by_resource = {one.resource_id: one.mode for one in self.exclusions}
        exclusion = by_resource.get(subnet_id) or by_resource.get(vpc_id)
        if self.mode is BlockMode.OFF or exclusion is ExclusionMode.BIDIRECTIONAL:
            return InternetAccess.FULL
        if self.mode is BlockMode.INGRESS:
            return InternetAccess.OUTBOUND if nat_gateway else InternetAccess.NONE
        return InternetAccess.OUTBOUND if exclusion is ExclusionMode.EGRESS else InternetAccess.NONE
