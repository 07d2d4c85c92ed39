"""ModifyVpcAttribute changes one attribute, and CreateVpc needs a range.

moto takes several attributes, or none, and sets one of them. AWS: EC2 API, ModifyVpcAttribute and CreateVpc; the
sentences are from memory.
"""

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response

from vpclab.localcloud.control_plane.additions.flags import is_on
from vpclab.localcloud.control_plane.corrections import Corrections, Moto

_ATTRIBUTES = ("EnableDnsHostnames", "EnableDnsSupport", "EnableNetworkAddressUsageMetrics")


def correct(corrections: Corrections) -> None:
    """Check before moto reads."""
    corrections.wrap(EC2Response, "modify_vpc_attribute", _modify)
    corrections.wrap(EC2Response, "create_vpc", _create)


def _modify(plain: Moto, self: Moto) -> Moto:
    asked = [one for one in _ATTRIBUTES if self._get_param(f"{one}.Value") is not None]
    named = ", ".join(one[0].lower() + one[1:] for one in asked)
    if len(asked) > 1:
        raise EC2ClientError(
            "InvalidParameterCombination", f"Fields for multiple attribute types specified: {named}"
        )
    if not asked:
        raise EC2ClientError("InvalidParameterCombination", "No attributes specified.")
    vpc = self.ec2_backend.get_vpc(self._get_param("VpcId"))
    wanted = self._get_param("EnableDnsHostnames.Value")
    if is_on(wanted) and not is_on(vpc.enable_dns_support):
        raise EC2ClientError(
            "InvalidParameterValue",
            f"DNS hostnames can only be enabled while DNS support is, which {vpc.id} has off.",
        )
    return plain(self)


def _create(plain: Moto, self: Moto) -> Moto:
    if not self._get_param("CidrBlock"):
        raise EC2ClientError("MissingParameter", "Either 'cidrBlock' or 'ipv4IpamPoolId' must be provided.")
    return plain(self)
