"""Interfaces that a service manages are attached to it, and not the customer's to change.

moto knows attachments to instances only. AWS: NAT gateways, endpoints, RDS and Lambda attach interfaces as
``ela-attach-…`` owned by a service; detaching or deleting one by hand is refused (Lambda guide,
troubleshooting-networking; EC2 guide, requester-managed-eni).
"""

# ruff: noqa: SLF001 - moto keeps its state in private attributes

from dataclasses import dataclass
from typing import Any

from moto.core.utils import utcnow
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import elastic_network_interfaces
from moto.ec2.utils import random_resource_id

from vpclab.localcloud.control_plane.corrections import Corrections, Moto

_ATTACHMENT = "vpclab_attachment"


@dataclass(frozen=True, slots=True)
class Service:
    """Who holds an interface, and how DescribeNetworkInterfaces shows it."""

    interface_type: str
    requester_id: str = "amazon-aws"
    requester_managed: bool = True
    attachment_owner: str = "amazon-aws"


@dataclass(frozen=True, slots=True)
class ServiceAttachment:
    """``Attachment`` of DescribeNetworkInterfaces, by moto's attribute names."""

    attachment_id: str
    instance_owner_id: str
    attach_time: Any
    device_index: int = 1
    network_card_index: int = 0
    delete_on_termination: bool = False
    instance_id: str | None = None
    status: str = "attached"


def make(
    backend: Moto, subnet: Moto, service: Service, description: str, group_ids: list[str] | None = None
) -> Moto:
    """Create an interface in ``subnet`` that a service owns. Without groups it has none (not the default one)."""
    interface = backend.create_network_interface(subnet, None, group_ids=group_ids, description=description)
    if not group_ids:
        interface._group_set = []
    interface.interface_type = service.interface_type
    interface.requester_id = service.requester_id
    interface.requester_managed = service.requester_managed
    interface.status = "in-use"
    attachment = ServiceAttachment(f"ela-attach-{random_resource_id(17)}", service.attachment_owner, utcnow())
    setattr(interface, _ATTACHMENT, attachment)
    return interface


def set_groups(backend: Moto, interface_id: str, group_ids: list[str]) -> None:
    """Give a service's interface other security groups."""
    backend.enis[interface_id]._group_set = [backend.get_security_group_from_id(one) for one in group_ids]


def remove(backend: Moto, interface_id: str) -> None:
    """Take an interface away, with the association of its public address."""
    interface = backend.enis.pop(interface_id, None)
    for address in backend.addresses:
        if interface is not None and address.eni is interface:
            address.eni = None
            address.association_id = None


def correct(corrections: Corrections) -> None:
    """Show the attachment, and refuse what only the service may do."""
    interface_class = elastic_network_interfaces.NetworkInterface
    plain_attachment = interface_class.attachment

    def attachment(self: Moto) -> Moto:
        return getattr(self, _ATTACHMENT, None) or plain_attachment.fget(self)

    corrections.replace(interface_class, "attachment", property(attachment))
    backend_class = elastic_network_interfaces.NetworkInterfaceBackend
    corrections.wrap(backend_class, "delete_network_interface", _delete)
    corrections.wrap(backend_class, "detach_network_interface", _detach)
    corrections.wrap(backend_class, "modify_network_interface_attribute", _modify)


def _delete(plain: Moto, self: Moto, eni_id: str) -> None:
    interface = self.get_network_interface(eni_id)
    if interface.attachment is not None:
        raise EC2ClientError("InvalidParameterValue", f"Network interface '{eni_id}' is currently in use.")
    for address in self.addresses:
        if address.eni is interface:
            address.eni = None
            address.association_id = None
    plain(self, eni_id)


def _detach(plain: Moto, self: Moto, attachment_id: str) -> None:
    for eni in self.enis.values():
        if eni.attachment is None or eni.attachment.attachment_id != attachment_id:
            continue
        if hasattr(eni, _ATTACHMENT):
            raise EC2ClientError(
                "OperationNotPermitted", "You are not allowed to manage 'ela-attach' attachments."
            )
        raise EC2ClientError(
            "OperationNotPermitted", "The network interface at device index 0 cannot be detached."
        )
    plain(self, attachment_id)


def _modify(plain: Moto, self: Moto, eni_id: str, group_ids: list[str], *args: Moto) -> None:
    if hasattr(self.get_network_interface(eni_id), _ATTACHMENT):
        what = "security group" if group_ids else "attribute"
        raise EC2ClientError("OperationNotPermitted", f"The {what} can not be modified for this type of interface")
    plain(self, eni_id, group_ids, *args)
