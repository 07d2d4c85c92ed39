"""Host names of interfaces: a private one, and a public one beside a public address, where the VPC gives names.

moto names a public address ``ip-….ec2.internal``, decides once when the interface is made, and knows one Region's
domain. AWS: VPC guide, "DNS attributes for your VPC" (enableDnsHostnames); EC2 API, NetworkInterfaceAssociation.
"""

from ipaddress import IPv4Address
from typing import Any

from moto.ec2.models import elastic_network_interfaces, instances

from vpclab.localcloud.control_plane.additions.flags import is_on
from vpclab.localcloud.control_plane.corrections import Corrections, Moto
from vpclab.network.host_names import internal_name, public_name

_OWNER_OF_AUTOMATIC = "amazon"


def correct(corrections: Corrections) -> None:
    """Compute names on each reading."""
    interface = elastic_network_interfaces.NetworkInterface
    plain_association = interface.association.fget

    def association(self: Moto) -> dict[str, Any]:
        found: dict[str, Any] = plain_association(self)
        if found:
            named = _gives_names(self)
            found["publicDnsName"] = public_name(IPv4Address(self.public_ip), _region(self)) if named else ""
            if not found.get("allocationId"):
                found["ipOwnerId"] = _OWNER_OF_AUTOMATIC
        return found

    corrections.replace(interface, "association", property(association))
    corrections.replace(interface, "private_dns_name", property(_private_name, _ignore))
    corrections.replace(instances.Instance, "public_dns_name", property(_public_name_of_instance))
    backend = elastic_network_interfaces.NetworkInterfaceBackend
    corrections.wrap(backend, "get_all_network_interfaces", _describe)


def _describe(plain: Moto, self: Moto, *args: Moto, **given: Moto) -> Moto:
    """What is told of an interface is told of its primary address too."""
    found = plain(self, *args, **given)
    for interface in found:
        for address in interface.private_ip_addresses:
            if address.get("PrivateIpAddress") == interface.private_ip_address:
                told = {"PrivateDnsName": interface.private_dns_name, "Association": interface.association}
                for name, value in told.items():
                    address.pop(name, None)
                    if value:
                        address[name] = value
    return found


def _public_name_of_instance(instance: Moto) -> str:
    return str(instance.nics[0].association.get("publicDnsName", "")) if instance.nics else ""


def _private_name(interface: Moto) -> str | None:
    if not _gives_names(interface):
        return None
    return internal_name(IPv4Address(interface.private_ip_address), _region(interface))


def _ignore(interface: Moto, value: object) -> None:
    """Moto sets the name when it makes the interface; here it follows the VPC."""
    del interface, value


def _gives_names(interface: Moto) -> bool:
    vpc = interface.ec2_backend.vpcs.get(interface.subnet.vpc_id)
    return vpc is not None and is_on(vpc.enable_dns_hostnames) and is_on(vpc.enable_dns_support)


def _region(interface: Moto) -> str:
    return str(interface.ec2_backend.region_name)
