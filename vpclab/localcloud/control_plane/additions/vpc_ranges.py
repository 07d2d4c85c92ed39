"""The ranges of a VPC do not overlap.

moto associates any range. AWS refuses one that overlaps another of the same VPC (VPC guide, vpc-cidr-blocks).
"""

# ruff: noqa: SLF001 - moto keeps its state in private attributes

from ipaddress import IPv4Network

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import vpcs

from vpclab.localcloud.control_plane.corrections import Corrections, Moto

_LARGEST, _SMALLEST = 16, 28


def correct(corrections: Corrections) -> None:
    """Check before moto associates, and before it disassociates a range with subnets in it."""
    corrections.wrap(vpcs.VPCBackend, "associate_vpc_cidr_block", _associate)
    corrections.wrap(vpcs.VPCBackend, "disassociate_vpc_cidr_block", _disassociate)


def _associate(plain: Moto, self: Moto, vpc_id: str, cidr_block: str, *args: Moto) -> Moto:
    network = IPv4Network(cidr_block)
    if not _LARGEST <= network.prefixlen <= _SMALLEST:
        raise EC2ClientError("InvalidVpc.Range", f"The CIDR '{cidr_block}' is invalid.")
    for other in self.get_vpc(vpc_id).get_cidr_block_association_set():
        if other["cidr_block_state"]["state"] == "associated" and network.overlaps(
            IPv4Network(other["cidr_block"])
        ):
            raise EC2ClientError(
                "CidrConflict", f"The CIDR '{cidr_block}' conflicts with {other['cidr_block']} of {vpc_id}"
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
