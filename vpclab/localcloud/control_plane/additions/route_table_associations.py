"""A subnet is associated with one route table of its own VPC at a time.

moto answers an association with another table by the id of the old one, and changes nothing; it accepts tables of
other VPCs. AWS refuses both (EC2 API, AssociateRouteTable).
"""

# ruff: noqa: SLF001 - moto keeps its state in private attributes

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import route_tables

from vpclab.localcloud.control_plane.corrections import Corrections, Moto


def correct(corrections: Corrections) -> None:
    """Check before moto associates a subnet with a route table, or ends that."""
    corrections.wrap(route_tables.RouteBackend, "associate_route_table", _associate)
    corrections.wrap(route_tables.RouteBackend, "disassociate_route_table", _disassociate)
    corrections.wrap(route_tables.RouteBackend, "replace_route_table_association", _replace)


def _disassociate(plain: Moto, self: Moto, association_id: str) -> Moto:
    if any(table.main_association_id == association_id for table in self.route_tables.values()):
        raise EC2ClientError(
            "InvalidParameterValue",
            f"cannot disassociate the main route table association {association_id}",
        )
    return plain(self, association_id)


def _replace(plain: Moto, self: Moto, association_id: str, route_table_id: str) -> Moto:
    table = self.get_route_table(route_table_id)
    for other in self.route_tables.values():
        held = association_id == other.main_association_id or association_id in other._associations
        if held and other.vpc_id != table.vpc_id:
            subject = other._associations.get(association_id, other.vpc_id)
            raise EC2ClientError(
                "InvalidParameterValue",
                f"route table {route_table_id} and subnet {subject} belong to different networks",
            )
    return plain(self, association_id, route_table_id)


def _associate(
    plain: Moto, self: Moto, route_table_id: str, gateway_id: str | None = None, subnet_id: str | None = None
) -> Moto:
    if gateway_id is not None:
        raise EC2ClientError(
            "UnsupportedOperation",
            "Route tables of gateways (edge associations) are not modelled by the local cloud.",
        )
    table, subnet = self.get_route_table(route_table_id), self.get_subnet(subnet_id)
    if table.vpc_id != subnet.vpc_id:
        raise EC2ClientError(
            "InvalidParameterValue",
            f"route table {route_table_id} and subnet {subnet_id} belong to different networks",
        )
    for other in self.route_tables.values():
        if other is not table and subnet_id in other._associations.values():
            raise EC2ClientError(
                "Resource.AlreadyAssociated",
                f"the specified association for route table {route_table_id} conflicts with an existing "
                f"association: {subnet_id} is associated with {other.id}",
            )
    return plain(self, route_table_id, None, subnet_id)
