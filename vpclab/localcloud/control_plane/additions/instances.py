"""EC2 instances: NAT instances alone, with the interface, the groups and the addresses that AWS gives them.

moto draws private and public addresses at random, keeps an instance's groups and source/destination check apart
from its interface's, and leaves the interface behind. AWS (EC2 guide, using-eni and using-instance-addressing):
groups and check are the primary interface's; an interface made at launch goes with the instance; an automatic
public address comes at each start and goes at each stop, an Elastic one stays.
"""

# ruff: noqa: SLF001 - moto keeps its state in private attributes

import re
from ipaddress import IPv4Address
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import elastic_network_interfaces, instances
from moto.ec2.responses import EC2Response

from vpclab.localcloud.control_plane.additions import public_addresses
from vpclab.localcloud.control_plane.additions.flags import is_on
from vpclab.localcloud.control_plane.corrections import Corrections, Moto
from vpclab.network.host_names import internal_name

RUNNING, TERMINATED = "running", "terminated"

_ARM = re.compile(r"[a-z]+\d+g")
_FIRST_STATE = "RunInstancesResult.Instances.Instance.State"
_PRIMARY = 0


def correct(corrections: Corrections) -> None:
    """Replace launch and termination, and let an instance's network be its primary interface's."""
    instance, backend = instances.Instance, instances.InstanceBackend
    corrections.wrap(backend, "run_instances", _run)
    corrections.replace(instance, "prep_nics", _give_interface)
    corrections.wrap(instance, "terminate", _terminate)
    corrections.replace(instance, "security_groups", property(_groups, _set_groups))
    corrections.replace(instance, "source_dest_check", property(_source_dest_check, _set_source_dest_check))
    for name in ("private_ip", "private_ip_address"):
        corrections.replace(instance, name, property(lambda self: _primary(self, "private_ip_address")))
    for name in ("public_ip", "public_ip_address"):
        corrections.replace(instance, name, property(lambda self: _primary(self, "public_ip")))
    corrections.replace(instance, "private_dns_name", property(_private_dns_name))
    corrections.wrap(backend, "modify_instance_security_groups", _modify_groups)
    interface = elastic_network_interfaces.NetworkInterface
    corrections.replace(interface, "group_set", property(lambda self: self._group_set))
    corrections.replace(interface, "stop", _release_automatic_address)
    corrections.replace(interface, "check_auto_public_ip", _take_automatic_address)
    corrections.replace(EC2Response, "terminate_instances", _terminate_instances)
    corrections.replace_item(
        EC2Response.RESPONSE_KEY_PATH_TO_TRANSFORMER, _FIRST_STATE, lambda _: {"Code": 0, "Name": "pending"}
    )


def all_of(backend: Moto) -> list[Moto]:
    """Return the instances of an account and Region, terminated ones too."""
    return [one for reservation in backend.reservations.values() for one in reservation.instances]


def _run(
    plain: Moto,
    self: Moto,
    image_id: str | None,
    count: int,
    user_data: Moto,
    _security_group_names: list[str],
    **given: Moto,
) -> Moto:
    image = self.amis.get(image_id)
    if image is None:
        raise EC2ClientError(
            "UnsupportedOperation",
            f"RunInstances with ImageId {image_id} is refused by the local cloud, because nothing would run it: "
            "not modelled are EC2 instances other than NAT instances, whose images DescribeImages lists with "
            "owner 568608671756.",
        )
    _check_architecture(image, given.get("instance_type") or "")
    nics = [dict(one) for one in given.get("nics") or [{}]]
    if "NetworkInterfaceId" in nics[0]:
        interface = self.get_network_interface(nics[0]["NetworkInterfaceId"])
        if interface.attachment is not None:
            raise EC2ClientError(
                "InvalidNetworkInterface.InUse", f"The network interface '{interface.id}' is already in use."
            )
        given["subnet_id"] = interface.subnet.id
    else:
        subnet = _subnet(self, nics[0].get("SubnetId") or given.get("subnet_id"))
        given["subnet_id"] = subnet.id
        wanted = [*(nics[0].get("Groups") or ()), *(given.get("security_group_ids") or ())]
        nics[0]["Groups"] = _checked_groups(self, subnet.vpc_id, wanted)
        public = nics[0].get("AssociatePublicIpAddress", given.get("associate_public_ip"))
        nics[0]["AssociatePublicIpAddress"] = is_on(subnet.map_public_ip_on_launch if public is None else public)
    given |= {"nics": nics, "security_group_ids": [], "placement": None}
    return plain(self, image_id, count, user_data, [], **given)


def _check_architecture(image: Moto, instance_type: str) -> None:
    wanted = "arm64" if _ARM.match(instance_type) else "x86_64"
    if image.architecture != wanted:
        raise EC2ClientError(
            "InvalidParameterValue",
            f"The architecture '{wanted}' of the specified instance type does not match the architecture "
            f"'{image.architecture}' of the specified AMI. Specify an instance type and an AMI that have matching "
            "architectures, and try again.",
        )


def _subnet(backend: Moto, subnet_id: str | None) -> Moto:
    if subnet_id:
        return backend.get_subnet(subnet_id)
    default = sorted(
        (one for one in backend.describe_subnets() if one.default_for_az), key=lambda one: one.availability_zone
    )
    if not default:
        raise EC2ClientError("MissingInput", "No subnets found for the default VPC. Please specify a subnet.")
    return default[0]


def _checked_groups(backend: Moto, vpc_id: str, wanted: list[str]) -> list[str]:
    for identifier in wanted:
        group = backend.get_security_group_from_id(identifier)
        if group is None:
            raise EC2ClientError("InvalidGroup.NotFound", f"The security group '{identifier}' does not exist")
        if group.vpc_id != vpc_id:
            raise EC2ClientError(
                "InvalidParameter", f"Security group {identifier} and the subnet belong to different networks."
            )
    return wanted or [backend.get_default_security_group(vpc_id).id]


def _give_interface(self: Moto, nic_spec: list[dict[str, Any]], private_ip: str | None = None, **_: Moto) -> None:
    self.nics = {}
    backend, spec = self.ec2_backend, nic_spec[0]
    if "NetworkInterfaceId" in spec:
        self.attach_eni(backend.get_network_interface(spec["NetworkInterfaceId"]), _PRIMARY)
        return
    interface = backend.create_network_interface(
        backend.get_subnet(self._subnet_id),
        private_ip or spec.get("PrivateIpAddress"),
        group_ids=spec["Groups"],
        description=spec.get("Description"),
        delete_on_termination=is_on(spec.get("DeleteOnTermination", True)),
    )
    self.attach_eni(interface, _PRIMARY)
    interface.public_ip_auto_assign = spec["AssociatePublicIpAddress"]
    interface.check_auto_public_ip()


def _terminate(plain: Moto, self: Moto) -> Moto:
    backend = self.ec2_backend
    for interface in list(self.nics.values()):
        for address in backend.addresses:
            if address.eni is interface:
                address.eni = address.instance = address.association_id = None
        interface.public_ip, interface.public_ip_auto_assign = None, False
        self.detach_eni(interface)
        if interface.delete_on_termination:
            backend.enis.pop(interface.id, None)
    self._subnet_id = None
    return plain(self)


def _terminate_instances(self: Moto) -> Moto:
    """Answer as moto does, which would load Auto Scaling for it."""
    ended = self.ec2_backend.terminate_instances(self._get_param("InstanceIds", []))
    shutting_down = {"Code": 32, "Name": "shutting-down"}
    return ActionResult(
        {
            "TerminatingInstances": [
                {"InstanceId": one.id, "CurrentState": shutting_down, "PreviousState": previous}
                for one, previous in ended
            ]
        }
    )


def _groups(instance: Moto) -> list[Moto]:
    nics = getattr(instance, "nics", None)
    return list(nics[_PRIMARY]._group_set) if nics else []


def _set_groups(instance: Moto, groups: list[Moto]) -> None:
    if nics := getattr(instance, "nics", None):  # before it has any, its interface is told by itself
        nics[_PRIMARY]._group_set = list(groups)


def _modify_groups(plain: Moto, self: Moto, instance_id: str, new_group_id_list: list[str]) -> Moto:
    instance = self.get_instance(instance_id)
    return plain(self, instance_id, _checked_groups(self, instance.vpc_id, new_group_id_list))


def _source_dest_check(instance: Moto) -> bool:
    nics = getattr(instance, "nics", None)
    return is_on(nics[_PRIMARY].source_dest_check) if nics else True


def _set_source_dest_check(instance: Moto, value: object) -> None:
    if nics := getattr(instance, "nics", None):
        nics[_PRIMARY].source_dest_check = is_on(value)


def _primary(instance: Moto, name: str) -> Moto:
    return getattr(instance.nics[_PRIMARY], name) if instance.nics else None


def _private_dns_name(instance: Moto) -> str:
    if not instance.nics:
        return ""
    return internal_name(IPv4Address(instance.private_ip), instance.region_name)


def _release_automatic_address(interface: Moto) -> None:
    if interface.public_ip_auto_assign and not _has_elastic_address(interface):
        interface.public_ip = None


def _take_automatic_address(interface: Moto) -> None:
    if is_on(interface.public_ip_auto_assign) and not _has_elastic_address(interface):
        interface.public_ip = public_addresses.next_address()


def _has_elastic_address(interface: Moto) -> bool:
    return interface.public_ip is not None and any(
        address.eni is interface and address.public_ip == interface.public_ip
        for address in interface.ec2_backend.addresses
    )
