"""Interfaces that a service manages are attached to it, and not the customer's to change.

moto knows attachments to instances only. AWS: NAT gateways, endpoints, RDS and Lambda attach interfaces as
``ela-attach-…`` owned by a service; detaching or deleting one by hand is refused (S3's troubleshooting page of
Lambda; EC2 guide, requester-managed-eni).
"""

from dataclasses import dataclass

from moto.core.utils import utcnow
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import elastic_network_interfaces
from moto.ec2.utils import random_resource_id

from vpclab.localcloud.control_plane.corrections import Corrections, Moto

_ATTACHMENT = "vpclab_attachment"


@dataclass
class ServiceAttachment:
    """``Attachment`` of DescribeNetworkInterfaces, by moto's attribute names."""

    attachment_id: str
    instance_owner_id: str
    attach_time: Moto
    device_index: int = 1
    network_card_index: int = 0
    delete_on_termination: bool = False
    instance_id: str | None = None
    status: str = "attached"


def make(
    backend: Moto,
    subnet: Moto,
    *,
    interface_type: str,
    description: str,
    requester_id: str,
    attachment_owner: str = "amazon-aws",
    requester_managed: bool = True,
    group_ids: list[str] | None = None,
) -> Moto:
    """Create an interface in ``subnet`` that a service owns. Without groups it has none (not the default one)."""
    interface = backend.create_network_interface(
        subnet, None, group_ids=group_ids, description=description, tags=None
    )
    if not group_ids:
        interface._group_set = []
    interface.interface_type = interface_type
    interface.requester_id = requester_id
    interface.requester_managed = requester_managed
    interface.status = "in-use"
    setattr(
        interface,
        _ATTACHMENT,
        ServiceAttachment(f"ela-attach-{random_resource_id(17)}", attachment_owner, utcnow()),
    )
    return interface


def is_managed(interface: Moto) -> bool:
    """Whether a service holds this interface."""
    return hasattr(interface, _ATTACHMENT)


def remove(backend: Moto, interface_id: str) -> None:
    """Take a service's interface away, with the association of its public address."""
    interface = backend.enis.pop(interface_id, None)
    if interface is None:
        return
    for address in backend.addresses:
        if address.eni is interface:
            address.eni = None
            address.association_id = None


def correct(corrections: Corrections) -> None:
    """Show the attachment, filter by it, and refuse what only the service may do."""
    interface_class = elastic_network_interfaces.NetworkInterface
    plain_attachment = interface_class.attachment
    plain_filter = interface_class.get_filter_value

    def attachment(self: Moto) -> Moto:
        return getattr(self, _ATTACHMENT, None) or plain_attachment.fget(self)

    def get_filter_value(self: Moto, filter_name: str, method_name: str | None = None) -> Moto:
        own = getattr(self, _ATTACHMENT, None)
        if filter_name == "attachment.attachment-id" and own:
            return own.attachment_id
        if filter_name == "attachment.instance-owner-id" and own:
            return own.instance_owner_id
        if filter_name == "attachment.status":
            return "attached" if self.attachment else None
        if filter_name in ("requester-managed", "source-dest-check"):
            return str(getattr(self, filter_name.replace("-", "_"))).lower()
        if filter_name in ("association.public-ip", "addresses.association.public-ip"):
            return self.public_ip
        if filter_name == "group-name":
            return [group.name for group in self.group_set]
        return plain_filter(self, filter_name, method_name)

    corrections.replace(interface_class, "attachment", property(attachment))
    corrections.replace(interface_class, "get_filter_value", get_filter_value)
    _correct_changes(corrections)


def _correct_changes(corrections: Corrections) -> None:
    backend_class = elastic_network_interfaces.NetworkInterfaceBackend
    plain_delete = backend_class.delete_network_interface
    plain_detach = backend_class.detach_network_interface
    plain_modify = backend_class.modify_network_interface_attribute

    def delete_network_interface(self: Moto, eni_id: str) -> None:
        interface = self.get_network_interface(eni_id)
        if interface.attachment is not None:
            raise EC2ClientError("InvalidParameterValue", f"Network interface '{eni_id}' is currently in use.")
        for address in self.addresses:
            if address.eni is interface:
                address.eni = None
                address.association_id = None
        plain_delete(self, eni_id)

    def detach_network_interface(self: Moto, attachment_id: str) -> None:
        if any(eni.attachment and eni.attachment.attachment_id == attachment_id for eni in self.enis.values()):
            raise EC2ClientError(
                "OperationNotPermitted", "You are not allowed to manage 'ela-attach' attachments."
            )
        plain_detach(self, attachment_id)

    def modify_network_interface_attribute(
        self: Moto,
        eni_id: str,
        group_ids: list[str],
        source_dest_check: bool | None = None,
        description: str | None = None,
    ) -> None:
        interface = self.get_network_interface(eni_id)
        if is_managed(interface):
            what = "security group" if group_ids else "attribute"
            raise EC2ClientError(
                "OperationNotPermitted", f"The {what} can not be modified for this type of interface"
            )
        plain_modify(self, eni_id, group_ids, source_dest_check, description)

    corrections.replace(backend_class, "delete_network_interface", delete_network_interface)
    corrections.replace(backend_class, "detach_network_interface", detach_network_interface)
    corrections.replace(backend_class, "modify_network_interface_attribute", modify_network_interface_attribute)
