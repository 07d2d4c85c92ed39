"""Routes: their state, and targets that cannot be.

moto says ``active`` for ever and accepts targets that do not exist or belong elsewhere. AWS: a route whose target
was deleted or detached is a ``blackhole`` (EC2 API, Route); local and endpoint routes cannot be deleted; a
gateway must belong to the table's VPC; the main table stays.
"""

# ruff: noqa: SLF001 - moto keeps its state in private attributes

from ipaddress import IPv4Network
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import route_tables
from moto.ec2.utils import generate_route_id

from vpclab.localcloud.control_plane.additions.nat_gateways import GONE
from vpclab.localcloud.control_plane.corrections import Corrections, Moto

_RESERVED = IPv4Network("169.254.168.0/22")
"""VPC guide, RouteTables: the resolver, instance metadata and others, reachable whatever the routes."""

ACTIVE, BLACKHOLE = "active", "blackhole"
BEING_DELETED = "vpclab_being_deleted"
"""Set on a VPC while it is deleted, which takes its main table and default group with it."""


def correct(corrections: Corrections) -> None:
    """Compute the state on each reading; check targets on each writing."""
    backend_class = route_tables.RouteBackend
    corrections.replace(route_tables.Route, "state", property(state))
    corrections.replace(route_tables.Route, "instance_id", property(_instance_id))
    corrections.replace(route_tables.Route, "instance_owner_id", property(_instance_owner_id))
    corrections.wrap(backend_class, "create_route", _create)
    corrections.wrap(backend_class, "replace_route", _replace)
    corrections.wrap(backend_class, "delete_route", _delete)
    corrections.wrap(backend_class, "delete_route_table", _delete_table)


def state(route: Moto) -> str:
    """Return ``active``, or ``blackhole`` when the target is gone or no longer attached to the table's VPC."""
    return ACTIVE if route.local or _target_lives(route) else BLACKHOLE


def _target_lives(route: Moto) -> bool:
    backend = route.route_table.ec2_backend
    if route.nat_gateway is not None:
        gateway = backend.nat_gateways.get(route.nat_gateway.id)
        return gateway is not None and gateway.state not in GONE
    if route.interface is not None:
        instance = route.interface.instance
        attached = route.interface.attachment is not None if instance is None else instance.is_running()
        return route.interface.id in backend.enis and bool(attached)
    if route.gateway is None:
        return False
    identifier = route.gateway.id
    if identifier.startswith("vpce-"):
        return identifier in backend.vpc_end_points
    gateway = backend.internet_gateways.get(identifier)
    return gateway is not None and bool(gateway.vpc) and gateway.vpc.id == route.route_table.vpc_id


def _create(
    plain: Moto, self: Moto, route_table_id: str, destination_cidr_block: str | None, *args: Moto, **target: Moto
) -> Moto:
    table = self.get_route_table(route_table_id)
    _resolve_instance(self, target)
    if not target.get("local"):
        _check_destination(destination_cidr_block)
        _check_target(self, table, target)
        _check_inside(self, table, destination_cidr_block, target)
        if destination_cidr_block and _taken(table, destination_cidr_block):
            raise EC2ClientError(
                "RouteAlreadyExists", f"The route identified by {destination_cidr_block} already exists."
            )
    listed = self.managed_prefix_lists.get(dict(enumerate(args)).get(1))  # after the one for IPv6
    if listed is None:
        return plain(self, route_table_id, destination_cidr_block, *args, **target)
    if not target.get("local") and any(route.destination_prefix_list_id == listed.id for route in table.routes):
        raise EC2ClientError("RouteAlreadyExists", f"The route identified by {listed.id} already exists.")
    made = plain(self, route_table_id, destination_cidr_block, *args, **target)
    if made.destination_prefix_list is None:  # moto forgets it where the target is an interface
        table._routes.pop(made.id)
        made.destination_prefix_list = listed
        made.id = generate_route_id(table.id, None, None, listed.id)
        table._routes[made.id] = made
    return made


def _replace(plain: Moto, self: Moto, route_table_id: str, *args: Moto, **target: Moto) -> Moto:
    named = dict(zip(("cidr", "ipv6", "prefix_list", "nat_gateway_id"), args, strict=False))
    table = self.get_route_table(route_table_id)
    _resolve_instance(self, target)
    if _local_route(table, named.get("cidr") or target.get("destination_cidr_block")):
        raise EC2ClientError(
            "UnsupportedOperation",
            "Another target for a local route is not modelled by the local cloud: add a route that is more "
            "specific instead.",
        )
    _check_target(self, table, named | target)
    _check_inside(self, table, named.get("cidr") or target.get("destination_cidr_block"), named | target)
    return plain(self, route_table_id, *args, **target)


def _delete(plain: Moto, self: Moto, route_table_id: str, destination_cidr_block: str | None, *args: Moto) -> Moto:
    table = self.get_route_table(route_table_id)
    destination_prefix_list_id = dict(enumerate(args)).get(1)  # after the one for IPv6
    if _local_route(table, destination_cidr_block) and not _disassociated(self, table, destination_cidr_block):
        raise EC2ClientError(
            "InvalidParameterValue",
            f"cannot remove local route {destination_cidr_block} in route table {table.id}",
        )
    for route in table.routes:
        through_endpoint = route.gateway is not None and route.gateway.id.startswith("vpce-")
        if through_endpoint and destination_prefix_list_id == route.destination_prefix_list_id:
            raise EC2ClientError(
                "InvalidParameterValue",
                f"cannot remove VPC endpoint route {destination_prefix_list_id} in route table {table.id}: change "
                f"the route tables of {route.gateway.id} instead",
            )
    return plain(self, route_table_id, destination_cidr_block, *args)


def _delete_table(plain: Moto, self: Moto, route_table_id: str) -> None:
    table = self.get_route_table(route_table_id)
    vpc = self.vpcs.get(table.vpc_id)
    if table.main_association_id is not None and vpc is not None and not getattr(vpc, BEING_DELETED, False):
        raise EC2ClientError(
            "DependencyViolation", f"The routeTable '{route_table_id}' has dependencies and cannot be deleted."
        )
    plain(self, route_table_id)


def _resolve_instance(backend: Moto, target: dict[str, Any]) -> None:
    """A route to an instance is one to its only interface (EC2 API, CreateRoute)."""
    instance_id = target.pop("instance_id", None)
    if instance_id is None:
        return
    nics = backend.get_instance(instance_id).nics
    if not nics:
        raise EC2ClientError(
            "IncorrectInstanceState", f"The instance '{instance_id}' is not in a valid state for this operation."
        )
    target["interface_id"] = nics[0].id


def _instance_id(route: Moto) -> str | None:
    instance = route.interface.instance if route.interface is not None else None
    return instance.id if instance is not None else None


def _instance_owner_id(route: Moto) -> str | None:
    instance = route.interface.instance if route.interface is not None else None
    return instance.owner_id if instance is not None else None


def _check_destination(destination: str | None) -> None:
    if destination is not None and IPv4Network(destination).subnet_of(_RESERVED):
        raise EC2ClientError(
            "InvalidParameterValue",
            f"{destination} is in {_RESERVED}, which AWS keeps for its services: no route can lead there.",
        )


def _check_inside(backend: Moto, table: Moto, destination: str | None, target: dict[str, Any]) -> None:
    """A route within the VPC leads to whole subnets, by a middlebox (VPC guide, "Routing for a middlebox")."""
    if destination is None:
        return
    network = IPv4Network(destination)
    ranges = [IPv4Network(one.destination_cidr_block) for one in table.routes if one.local]
    if not any(network.subnet_of(one) and network != one for one in ranges):
        return
    if target.get("gateway_id"):
        raise EC2ClientError(
            "InvalidParameterValue",
            f"The destination CIDR block {destination} is equal to or more specific than one of this VPC's CIDR "
            "blocks. This route can target only an interface, an instance or a NAT gateway.",
        )
    subnets = backend.describe_subnets(filters={"vpc-id": [table.vpc_id]})
    if network not in [IPv4Network(subnet.cidr_block) for subnet in subnets]:
        raise EC2ClientError(
            "InvalidParameterValue", f"Route destination {destination} doesn't match any subnet CIDR blocks."
        )


def _check_target(backend: Moto, table: Moto, target: dict[str, Any]) -> None:
    if nat_gateway_id := target.get("nat_gateway_id"):
        gateway = backend.nat_gateways.get(nat_gateway_id)
        if gateway is None or gateway.state in GONE:
            raise EC2ClientError(
                "InvalidNatGatewayID.NotFound", f"The natGateway ID '{nat_gateway_id}' does not exist"
            )
        _same_network(table, nat_gateway_id, gateway.vpc_id)
    elif gateway_id := target.get("gateway_id"):
        if gateway_id.startswith("igw-"):
            attached = backend.get_internet_gateway(gateway_id).vpc
            _same_network(table, gateway_id, attached.id if attached else None)
        elif not gateway_id.startswith("vpce-"):
            raise EC2ClientError("InvalidGatewayID.NotFound", f"The gateway ID '{gateway_id}' does not exist")
    elif interface_id := target.get("interface_id"):
        _same_network(table, interface_id, backend.get_network_interface(interface_id).vpc_id)
    else:
        raise EC2ClientError(
            "InvalidParameterCombination",
            "A route needs one target of these: GatewayId, NatGatewayId, InstanceId, NetworkInterfaceId. "
            "Other targets are not modelled by the local cloud.",
        )


def _same_network(table: Moto, target: str, vpc_id: str | None) -> None:
    if vpc_id != table.vpc_id:
        raise EC2ClientError(
            "InvalidParameterValue",
            f"route table {table.id} and network gateway {target} belong to different networks",
        )


def _taken(table: Moto, destination: str) -> bool:
    """Tell whether the destination has a route; moto asks only where the new target is no interface."""
    return any(route.destination_cidr_block == destination for route in table.routes)


def _local_route(table: Moto, destination: str | None) -> bool:
    return any(route.local and route.destination_cidr_block == destination for route in table.routes)


def _disassociated(backend: Moto, table: Moto, destination: str | None) -> bool:
    """DisassociateVpcCidrBlock takes the local route away through the same method."""
    vpc = backend.vpcs.get(table.vpc_id)
    return vpc is None or all(
        one["cidr_block_state"]["state"] == "disassociated"
        for one in vpc._cidr_block_association_set.values()
        if one["cidr_block"] == destination
    )
