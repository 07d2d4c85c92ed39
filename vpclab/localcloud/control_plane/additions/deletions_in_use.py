"""What is in use cannot be deleted.

moto deletes subnets, groups and VPCs under whatever stands in them, and leaves a VPC's default network ACL. AWS
refuses with DependencyViolation (EC2 API, common errors); what belongs to the deleted thing alone goes with it.
"""

# ruff: noqa: SLF001 - moto keeps its state in private attributes

from moto.ec2.exceptions import EC2ClientError, InvalidNetworkAclIdError
from moto.ec2.models import internet_gateways, network_acls, security_groups, subnets, vpcs

from vpclab.localcloud.control_plane.additions.nat_gateways import GONE
from vpclab.localcloud.control_plane.additions.routes import BEING_DELETED
from vpclab.localcloud.control_plane.additions.security_groups import named_group
from vpclab.localcloud.control_plane.corrections import Corrections, Moto


def correct(corrections: Corrections) -> None:
    """Check before each deletion, clean up after it."""
    corrections.wrap(subnets.SubnetBackend, "delete_subnet", _delete_subnet)
    corrections.wrap(security_groups.SecurityGroupBackend, "delete_security_group", _delete_group)
    corrections.wrap(network_acls.NetworkAclBackend, "delete_network_acl", _delete_acl)
    corrections.wrap(vpcs.VPCBackend, "delete_vpc", _delete_vpc)
    gateways = internet_gateways.InternetGatewayBackend
    corrections.wrap(gateways, "delete_internet_gateway", _delete_gateway)
    corrections.wrap(gateways, "detach_internet_gateway", _detach_gateway)
    corrections.wrap(gateways, "attach_internet_gateway", _attach_gateway)


def _delete_subnet(plain: Moto, self: Moto, subnet_id: str) -> Moto:
    self.get_subnet(subnet_id)
    if any(eni.subnet.id == subnet_id for eni in self.enis.values()):
        raise _violation(f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")
    deleted = plain(self, subnet_id)
    for owner in (*self.route_tables.values(), *self.network_acls.values()):
        for identifier, association in list(owner._associations.items()):
            if subnet_id in (association, getattr(association, "subnet_id", None)):
                del owner._associations[identifier]
    return deleted


def _delete_group(plain: Moto, self: Moto, name: str | None = None, group_id: str | None = None) -> None:
    group = named_group(self, {"GroupId": group_id, "GroupName": name})
    if not getattr(self.vpcs.get(group.vpc_id), BEING_DELETED, False):
        _check_group(self, group)
    plain(self, None, group.id)


def _check_group(backend: Moto, group: Moto) -> None:
    if group.is_default:
        raise EC2ClientError(
            "CannotDelete", f'the specified group: "{group.id}" name: "default" cannot be deleted by a user'
        )
    used = any(group in eni.group_set for eni in backend.enis.values())
    named = any(
        rule.source_group.get("GroupId") == group.id
        for groups in backend.groups.values()
        for other in groups.values()
        if other is not group
        for rule in (*other.ingress_rules, *other.egress_rules)
    )
    if used or named:
        raise _violation(f"resource {group.id} has a dependent object")


def _delete_acl(plain: Moto, self: Moto, network_acl_id: str) -> Moto:
    acl = self.network_acls.get(network_acl_id)
    if acl is None:
        raise InvalidNetworkAclIdError(network_acl_id)
    if acl.default:
        raise EC2ClientError(
            "InvalidParameterValue", f"cannot delete default network ACL {network_acl_id} of {acl.vpc_id}"
        )
    if acl._associations:
        raise _violation(f"The networkAcl '{network_acl_id}' has dependencies and cannot be deleted.")
    return plain(self, network_acl_id)


def _delete_vpc(plain: Moto, self: Moto, vpc_id: str) -> Moto:
    vpc = self.get_vpc(vpc_id)
    if _stands_something(self, vpc_id):
        raise _violation(f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")
    self.disassociate_dhcp_options(vpc)  # moto would delete the options with the VPC
    setattr(vpc, BEING_DELETED, True)
    deleted = plain(self, vpc_id)
    for identifier in [acl.id for acl in self.network_acls.values() if acl.vpc_id == vpc_id]:
        del self.network_acls[identifier]
    self.groups.pop(vpc_id, None)
    return deleted


def _stands_something(backend: Moto, vpc_id: str) -> bool:
    standing = (
        *backend.describe_subnets(),
        *backend.vpc_end_points.values(),
        *(one for one in backend.nat_gateways.values() if one.state not in GONE),
        *(table for table in backend.route_tables.values() if table.main_association_id is None),
        *(acl for acl in backend.network_acls.values() if not acl.default),
        *(group for group in backend.groups[vpc_id].values() if not group.is_default),
    )
    attached = any(igw.vpc.id == vpc_id for igw in _attached(backend))
    return attached or any(one.vpc_id == vpc_id for one in standing)


def _attached(backend: Moto) -> list[Moto]:
    return [igw for igw in backend.internet_gateways.values() if igw.vpc]


def _delete_gateway(plain: Moto, self: Moto, internet_gateway_id: str) -> None:
    if self.get_internet_gateway(internet_gateway_id).vpc:
        raise _violation(f"The internetGateway '{internet_gateway_id}' has dependencies and cannot be deleted.")
    plain(self, internet_gateway_id)


def _detach_gateway(plain: Moto, self: Moto, internet_gateway_id: str, vpc_id: str) -> None:
    self.get_internet_gateway(internet_gateway_id)
    if any(eni.vpc_id == vpc_id and eni.public_ip for eni in self.enis.values()):
        raise _violation(
            f"Network {vpc_id} has some mapped public address(es). Please unmap those public address(es) before "
            "detaching the gateway."
        )
    plain(self, internet_gateway_id, vpc_id)


def _attach_gateway(plain: Moto, self: Moto, internet_gateway_id: str, vpc_id: str) -> Moto:
    self.get_internet_gateway(internet_gateway_id)
    self.get_vpc(vpc_id)
    if any(igw.vpc.id == vpc_id and igw.id != internet_gateway_id for igw in _attached(self)):
        raise EC2ClientError("InvalidParameterValue", f"Network {vpc_id} already has an internet gateway attached")
    return plain(self, internet_gateway_id, vpc_id)


def _violation(message: str) -> EC2ClientError:
    return EC2ClientError("DependencyViolation", message)
