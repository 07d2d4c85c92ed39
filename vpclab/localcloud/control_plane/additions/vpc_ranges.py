"""The ranges of a VPC do not overlap, nor take a route's place, nor those that nobody may have.

moto associates any range. AWS refuses one that overlaps another of the same VPC, that is as large as a route's
destination or larger, or that a service keeps (VPC guide, vpc-cidr-blocks; sentences from memory).
"""

# ruff: noqa: SLF001 - moto keeps its state in private attributes

from ipaddress import IPv4Network

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import vpcs

from vpclab.localcloud.control_plane.corrections import Corrections, Moto

_LARGEST, _SMALLEST = 16, 28
_NOBODYS = tuple(map(IPv4Network, ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3")))
_RESTRICTED = IPv4Network("198.19.0.0/16")
"""What AWS's services use inside VPCs (VPC guide, "IPv4 CIDR block association restrictions")."""


def correct(corrections: Corrections) -> None:
    """Check before moto associates, and before it disassociates a range with subnets in it."""
    corrections.wrap(vpcs.VPCBackend, "associate_vpc_cidr_block", _associate)
    corrections.wrap(vpcs.VPCBackend, "disassociate_vpc_cidr_block", _disassociate)
    corrections.wrap(vpcs.VPCBackend, "create_vpc", _create)


def _create(plain: Moto, self: Moto, cidr_block: str, *args: Moto, **kwargs: Moto) -> Moto:
    _check_range(cidr_block)
    return plain(self, cidr_block, *args, **kwargs)


def _check_range(cidr_block: str) -> None:
    network = IPv4Network(cidr_block)
    nobodys = any(network.overlaps(one) for one in _NOBODYS)
    if nobodys or not _LARGEST <= network.prefixlen <= _SMALLEST:
        raise EC2ClientError("InvalidVpc.Range", f"The CIDR '{cidr_block}' is invalid.")


def _associate(plain: Moto, self: Moto, vpc_id: str, cidr_block: str | None, *args: Moto) -> Moto:
    if cidr_block is None:
        raise EC2ClientError("MissingParameter", "The request must contain the parameter CidrBlock")
    _check_range(cidr_block)
    network = IPv4Network(cidr_block)
    if network.overlaps(_RESTRICTED):
        raise EC2ClientError("InvalidVpc.Range", f"The CIDR '{cidr_block}' is restricted.")
    for other in self.get_vpc(vpc_id).get_cidr_block_association_set():
        if other["cidr_block_state"]["state"] == "associated" and network.overlaps(
            IPv4Network(other["cidr_block"])
        ):
            raise EC2ClientError(
                "CidrConflict", f"The CIDR '{cidr_block}' conflicts with {other['cidr_block']} of {vpc_id}"
            )
    for table in self.route_tables.values():
        for route in table.routes if table.vpc_id == vpc_id else ():
            destination = route.destination_cidr_block
            if destination and not route.local and IPv4Network(destination).subnet_of(network):
                raise EC2ClientError(
                    "CidrConflict", f"The CIDR '{cidr_block}' conflicts with a route of {table.id}: {destination}"
                )
    return plain(self, vpc_id, cidr_block, *args)


def _disassociate(plain: Moto, self: Moto, association_id: str) -> Moto:
    for vpc in self.vpcs.values():
        association = vpc._cidr_block_association_set.get(association_id)
        if association is not None:
            network = IPv4Network(association["cidr_block"])
            for subnet in self.describe_subnets(filters={"vpc-id": [vpc.id]}):
                if IPv4Network(subnet.cidr_block).subnet_of(network) and network != IPv4Network(vpc.cidr_block):
                    raise EC2ClientError(
                        "DependencyViolation",
                        f"The vpcCidrBlockAssociation '{association_id}' has dependencies ({subnet.id}) and "
                        "cannot be deleted.",
                    )
    return plain(self, association_id)
