"""Subnets: their sizes, and which are default ones.

moto takes the first subnet of an Availability Zone for the default one whatever its VPC, with public addresses on
launch; it accepts any size. AWS: only subnets of the default VPC are; /16 to /28 (VPC guide, subnet-sizing).
"""

from ipaddress import IPv4Network

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import subnets

from vpclab.localcloud.control_plane.corrections import Corrections, Moto

_LARGEST, _SMALLEST = 16, 28


def correct(corrections: Corrections) -> None:
    """Check the size before, and the defaults after."""
    corrections.wrap(subnets.SubnetBackend, "create_subnet", _create)


def _create(plain: Moto, self: Moto, vpc_id: str, cidr_block: str, *args: Moto, **kwargs: Moto) -> Moto:
    try:
        network = IPv4Network(cidr_block, strict=True)
    except ValueError:
        raise EC2ClientError(
            "InvalidParameterValue",
            f"Value ({cidr_block}) for parameter cidrBlock is invalid. This is not a valid CIDR block.",
        ) from None
    if not _LARGEST <= network.prefixlen <= _SMALLEST:
        raise EC2ClientError("InvalidSubnet.Range", f"The CIDR '{cidr_block}' is invalid.")
    subnet = plain(self, vpc_id, cidr_block, *args, **kwargs)
    if not self.get_vpc(vpc_id).is_default:
        subnet.default_for_az = False
        subnet.map_public_ip_on_launch = False
    return subnet
