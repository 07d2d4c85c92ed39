"""Routes: their state, and targets that cannot be.

moto says ``active`` for ever and accepts targets that do not exist or belong elsewhere. AWS: a route whose target
was deleted or detached is a ``blackhole`` (EC2 API, Route); the local route cannot be deleted; a gateway must
belong to the table's VPC.
"""

from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import route_tables

from vpclab.localcloud.control_plane.additions.nat_gateways import GONE
from vpclab.localcloud.control_plane.corrections import Corrections, Moto

ACTIVE, BLACKHOLE = "active", "blackhole"


def correct(corrections: Corrections) -> None:
    """Compute the state on each reading; check targets on each writing."""
    backend_class = route_tables.RouteBackend
    create, replace, delete = backend_class.create_route, backend_class.replace_route, backend_class.delete_route
    delete_table = backend_class.delete_route_table

    def create_route(self: Moto, route_table_id: str, *args: Moto, **kwargs: Moto) -> Moto:
        table = self.get_route_table(route_table_id)
        if not kwargs.get("local"):
            _check_target(self, table, kwargs)
            _check_destination(table, args[0] if args else kwargs.get("destination_cidr_block"))
        return create(self, route_table_id, *args, **kwargs)

    def replace_route(self: Moto, route_table_id: str, *args: Moto, **kwargs: Moto) -> Moto:
        positional = dict(zip(("_", "_", "_", "nat_gateway_id"), args, strict=False))
        _check_target(self, self.get_route_table(route_table_id), positional | kwargs)
        return replace(self, route_table_id, *args, **kwargs)

    def delete_route(self: Moto, route_table_id: str, *args: Moto, **kwargs: Moto) -> Moto:
        table = self.get_route_table(route_table_id)
        destination = args[0] if args else kwargs.get("destination_cidr_block")
        if any(route.local and route.destination_cidr_block == destination for route in table.routes):
            if not _is_disassociated(self, table, destination):
                raise EC2ClientError(
                    "InvalidParameterValue", f"cannot remove local route {destination} in route table {table.id}"
                )
        listed = args[2] if len(args) > 2 else kwargs.get("destination_prefix_list_id")
        for route in table.routes:
            through_endpoint = route.gateway is not None and route.gateway.id.startswith("vpce-")
            if listed and through_endpoint and route.destination_prefix_list_id == listed:
                raise EC2ClientError(
                    "InvalidParameterValue",
                    f"cannot remove VPC endpoint route {listed} in route table {table.id}: change the route tables "
                    f"of {route.gateway.id} instead",
                )
        return delete(self, route_table_id, *args, **kwargs)

    def delete_route_table(self: Moto, route_table_id: str) -> None:
        table = self.get_route_table(route_table_id)
        if table.main_association_id is not None and table.vpc_id in self.vpcs:
            if not getattr(self.vpcs[table.vpc_id], "vpclab_being_deleted", False):
                raise EC2ClientError(
                    "DependencyViolation",
                    f"The routeTable '{route_table_id}' has dependencies and cannot be deleted.",
                )
        delete_table(self, route_table_id)

    corrections.replace(route_tables.Route, "state", property(state))
    corrections.replace(backend_class, "create_route", create_route)
    corrections.replace(backend_class, "replace_route", replace_route)
    corrections.replace(backend_class, "delete_route", delete_route)
    corrections.replace(backend_class, "delete_route_table", delete_route_table)


def state(route: Moto) -> str:
    """Return ``active``, or ``blackhole`` when the target is gone or no longer attached to the table's VPC."""
    backend = route.route_table.ec2_backend
    if route.local:
        return ACTIVE
    if route.nat_gateway is not None:
        gateway = backend.nat_gateways.get(route.nat_gateway.id)
        return ACTIVE if gateway is not None and gateway.state not in GONE else BLACKHOLE
    if route.interface is not None:
        return ACTIVE if route.interface.id in backend.enis else BLACKHOLE
    if route.gateway is not None:
        identifier = route.gateway.id
        if identifier.startswith("igw-"):
            gateway = backend.internet_gateways.get(identifier)
            attached = gateway is not None and gateway.vpc and gateway.vpc.id == route.route_table.vpc_id
            return ACTIVE if attached else BLACKHOLE
        return ACTIVE if identifier in backend.vpc_end_points else BLACKHOLE
    return BLACKHOLE


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
            "A route needs one target of these: GatewayId, NatGatewayId, NetworkInterfaceId. "
            "Other targets are not modelled by the local cloud.",
        )


def _same_network(table: Moto, target: str, vpc_id: str | None) -> None:
    if vpc_id != table.vpc_id:
        raise EC2ClientError(
            "InvalidParameterValue",
            f"route table {table.id} and network gateway {target} belong to different networks",
        )


def _check_destination(table: Moto, destination: str | None) -> None:
    if destination and any(route.local and route.destination_cidr_block == destination for route in table.routes):
        raise EC2ClientError("RouteAlreadyExists", f"The route identified by {destination} already exists.")


def _is_disassociated(backend: Moto, table: Moto, destination: str) -> bool:
    """DisassociateVpcCidrBlock takes the local route away through the same method."""
    vpc = backend.vpcs.get(table.vpc_id)
    if vpc is None:
        return True
    return all(
        one["cidr_block_state"]["state"] == "disassociated"
        for one in vpc._cidr_block_association_set.values()
        if one["cidr_block"] == destination
    )
