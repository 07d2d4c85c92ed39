"""What is in use cannot be deleted.

moto deletes subnets, groups and VPCs under whatever stands in them, and leaves a VPC's default network ACL. AWS
refuses with DependencyViolation (EC2 API, common errors); what belongs to the deleted thing alone goes with it.
"""

from moto.ec2.exceptions import EC2ClientError, InvalidNetworkAclIdError
from moto.ec2.models import internet_gateways, network_acls, security_groups, subnets, vpcs

from vpclab.localcloud.control_plane.additions.nat_gateways import GONE
from vpclab.localcloud.control_plane.corrections import Corrections, Moto


def correct(corrections: Corrections) -> None:
    """Check before each deletion, clean up after it."""
    plain_subnet = subnets.SubnetBackend.delete_subnet
    plain_group = security_groups.SecurityGroupBackend.delete_security_group
    plain_acl = network_acls.NetworkAclBackend.delete_network_acl
    plain_vpc = vpcs.VPCBackend.delete_vpc

    def delete_subnet(self: Moto, subnet_id: str) -> Moto:
        self.get_subnet(subnet_id)
        if any(eni.subnet.id == subnet_id for eni in self.enis.values()):
            raise _violation(f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")
        deleted = plain_subnet(self, subnet_id)
        for owner in (*self.route_tables.values(), *self.network_acls.values()):
            for identifier, association in list(owner._associations.items()):
                if subnet_id in (association, getattr(association, "subnet_id", None)):
                    del owner._associations[identifier]
        return deleted

    def delete_security_group(self: Moto, name: str | None = None, group_id: str | None = None) -> None:
        group = self.get_security_group_by_name_or_id(group_id or name)
        if group is not None:
            _check_group(self, group)
        plain_group(self, name, group_id)

    def delete_network_acl(self: Moto, network_acl_id: str) -> Moto:
        acl = self.network_acls.get(network_acl_id)
        if acl is None:
            raise InvalidNetworkAclIdError(network_acl_id)
        if acl.default:
            raise EC2ClientError(
                "InvalidParameterValue", f"cannot delete default network ACL {network_acl_id} of {acl.vpc_id}"
            )
        return plain_acl(self, network_acl_id)

    def delete_vpc(self: Moto, vpc_id: str) -> Moto:
        vpc = self.get_vpc(vpc_id)
        _check_vpc(self, vpc_id)
        vpc.vpclab_being_deleted = True
        self.disassociate_dhcp_options(vpc)  # moto would delete the options with the VPC
        try:
            deleted = plain_vpc(self, vpc_id)
        finally:
            vpc.vpclab_being_deleted = False
        for identifier in [acl.id for acl in self.network_acls.values() if acl.vpc_id == vpc_id]:
            del self.network_acls[identifier]
        self.groups.pop(vpc_id, None)
        return deleted

    corrections.replace(subnets.SubnetBackend, "delete_subnet", delete_subnet)
    corrections.replace(security_groups.SecurityGroupBackend, "delete_security_group", delete_security_group)
    corrections.replace(network_acls.NetworkAclBackend, "delete_network_acl", delete_network_acl)
    corrections.replace(vpcs.VPCBackend, "delete_vpc", delete_vpc)
    _correct_gateways(corrections)


def _correct_gateways(corrections: Corrections) -> None:
    backend_class = internet_gateways.InternetGatewayBackend
    plain_delete, plain_detach = backend_class.delete_internet_gateway, backend_class.detach_internet_gateway
    plain_attach = backend_class.attach_internet_gateway

    def delete_internet_gateway(self: Moto, internet_gateway_id: str) -> None:
        if self.get_internet_gateway(internet_gateway_id).vpc:
            raise _violation(
                f"The internetGateway '{internet_gateway_id}' has dependencies and cannot be deleted."
            )
        plain_delete(self, internet_gateway_id)

    def detach_internet_gateway(self: Moto, internet_gateway_id: str, vpc_id: str) -> None:
        self.get_internet_gateway(internet_gateway_id)
        if any(eni.vpc_id == vpc_id and eni.public_ip for eni in self.enis.values()):
            raise _violation(
                f"Network {vpc_id} has some mapped public address(es). Please unmap those public address(es) "
                "before detaching the gateway."
            )
        plain_detach(self, internet_gateway_id, vpc_id)

    def attach_internet_gateway(self: Moto, internet_gateway_id: str, vpc_id: str) -> Moto:
        for other in self.internet_gateways.values():
            if other.vpc and other.vpc.id == vpc_id and other.id != internet_gateway_id:
                raise EC2ClientError(
                    "InvalidParameterValue", f"Network {vpc_id} already has an internet gateway attached"
                )
        return plain_attach(self, internet_gateway_id, vpc_id)

    corrections.replace(backend_class, "delete_internet_gateway", delete_internet_gateway)
    corrections.replace(backend_class, "detach_internet_gateway", detach_internet_gateway)
    corrections.replace(backend_class, "attach_internet_gateway", attach_internet_gateway)


def _check_group(backend: Moto, group: Moto) -> None:
    vpc = backend.vpcs.get(group.vpc_id)
    if vpc is not None and getattr(vpc, "vpclab_being_deleted", False):
        return
    if group.is_default:
        raise EC2ClientError(
            "CannotDelete", f'the specified group: "{group.id}" name: "default" cannot be deleted by a user'
        )
    used = any(group in eni.group_set for eni in backend.enis.values())
    referenced = any(
        rule.source_group.get("GroupId") == group.id
        for groups in backend.groups.values()
        for other in groups.values()
        if other is not group
        for rule in (*other.ingress_rules, *other.egress_rules)
    )
    if used or referenced:
        raise _violation(f"resource {group.id} has a dependent object")


def _check_vpc(backend: Moto, vpc_id: str) -> None:
    standing = (
        any(subnet.vpc_id == vpc_id for subnet in backend.describe_subnets())
        or any(igw.vpc and igw.vpc.id == vpc_id for igw in backend.internet_gateways.values())
        or any(endpoint.vpc_id == vpc_id for endpoint in backend.vpc_end_points.values())
        or any(one.vpc_id == vpc_id and one.state not in GONE for one in backend.nat_gateways.values())
        or any(
            table.vpc_id == vpc_id and table.main_association_id is None for table in backend.route_tables.values()
        )
        or any(acl.vpc_id == vpc_id and not acl.default for acl in backend.network_acls.values())
        or any(not group.is_default for group in backend.groups[vpc_id].values())
    )
    if standing:
        raise _violation(f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")


def _violation(message: str) -> EC2ClientError:
    return EC2ClientError("DependencyViolation", message)
