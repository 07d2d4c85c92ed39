"""An internet gateway is attached to one VPC at a time.

moto knows that, and says it in words of its own; it does not look whether the VPC of a detachment exists. AWS:
EC2 API, "Client error codes" (Gateway.NotAttached, Resource.AlreadyAssociated); sentences as tools quote them.
"""

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import internet_gateways

from vpclab.localcloud.control_plane.corrections import Corrections, Moto


def correct(corrections: Corrections) -> None:
    """Check before attaching and detaching."""
    backend_class = internet_gateways.InternetGatewayBackend
    corrections.wrap(backend_class, "attach_internet_gateway", _attach)
    corrections.wrap(backend_class, "detach_internet_gateway", _detach)


def _attach(plain: Moto, self: Moto, internet_gateway_id: str, vpc_id: str) -> Moto:
    gateway, vpc = self.get_internet_gateway(internet_gateway_id), self.get_vpc(vpc_id)
    if gateway.vpc:
        raise EC2ClientError(
            "Resource.AlreadyAssociated",
            f"resource {gateway.id} is already attached to network {gateway.vpc.id}",
        )
    return plain(self, gateway.id, vpc.id)


def _detach(plain: Moto, self: Moto, internet_gateway_id: str, vpc_id: str) -> None:
    gateway, vpc = self.get_internet_gateway(internet_gateway_id), self.get_vpc(vpc_id)
    if not gateway.vpc or gateway.vpc.id != vpc.id:
        raise EC2ClientError("Gateway.NotAttached", f"resource {gateway.id} is not attached to network {vpc.id}")
    plain(self, gateway.id, vpc.id)
