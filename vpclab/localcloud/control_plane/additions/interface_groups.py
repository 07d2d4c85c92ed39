"""The security groups of an interface: they exist, are of its VPC, and are five at most.

moto makes up a group for an unknown id and accepts any number, from any VPC. AWS: EC2 API, CreateNetworkInterface;
VPC quotas, "Security groups per network interface".
"""

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import elastic_network_interfaces

from vpclab.localcloud.control_plane.corrections import Corrections, Moto

_MOST = 5
_POSITION = 2
"""Of the groups, among what moto passes after the subnet."""


def correct(corrections: Corrections) -> None:
    """Check groups before an interface is made or changed."""
    backend_class = elastic_network_interfaces.NetworkInterfaceBackend
    corrections.wrap(backend_class, "create_network_interface", _create)
    corrections.wrap(backend_class, "modify_network_interface_attribute", _modify)


def _create(plain: Moto, self: Moto, subnet: Moto, *args: Moto, **kwargs: Moto) -> Moto:
    place = self.get_subnet(subnet) if isinstance(subnet, str) else subnet
    positional = args[_POSITION:] or (kwargs.get("group_ids"),)
    _check(self, place.vpc_id, positional[0])
    return plain(self, subnet, *args, **kwargs)


def _modify(plain: Moto, self: Moto, eni_id: str, group_ids: list[str] | None, *args: Moto) -> None:
    _check(self, self.get_network_interface(eni_id).vpc_id, group_ids)
    plain(self, eni_id, group_ids, *args)


def _check(backend: Moto, vpc_id: str, group_ids: list[str] | None) -> None:
    for identifier in group_ids or []:
        group = backend.get_security_group_from_id(identifier)
        if group is None:
            raise EC2ClientError("InvalidGroup.NotFound", f"The security group '{identifier}' does not exist")
        if group.vpc_id != vpc_id:
            raise EC2ClientError(
                "InvalidGroup.NotFound", "You have specified two resources that belong to different networks."
            )
    if len(set(group_ids or [])) > _MOST:
        raise EC2ClientError(
            "SecurityGroupsPerInterfaceLimitExceeded",
            f"The maximum number of security groups per interface has been reached: {_MOST}.",
        )
