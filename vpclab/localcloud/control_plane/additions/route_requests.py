"""Requests about routes name one destination and one target, each of which there is.

moto records a route without destination, or to a prefix list that nobody has, and takes the first of several
targets. AWS: EC2 API, CreateRoute, ReplaceRoute and DeleteRoute. Sentences without a source are from memory.
"""

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response

from vpclab.localcloud.control_plane.corrections import Corrections, Moto

_DESTINATIONS = ("DestinationCidrBlock", "DestinationPrefixListId")
_TARGETS = ("GatewayId", "NatGatewayId", "InstanceId", "NetworkInterfaceId")


def correct(corrections: Corrections) -> None:
    """Check each request before moto reads it."""
    for name in ("create_route", "replace_route"):
        corrections.wrap(EC2Response, name, _to_a_target)
    corrections.wrap(EC2Response, "delete_route", _deleting)


def _to_a_target(plain: Moto, self: Moto) -> Moto:
    _check_destination(self)
    given = [name for name in _TARGETS if self._get_param(name)]
    if len(given) != 1:
        raise EC2ClientError(
            "InvalidParameterCombination",
            f"The request must contain exactly one of: {', '.join(_TARGETS)} (other targets are not modelled by "
            f"the local cloud); it has {', '.join(given) or 'none'}.",
        )
    _check_gateway(self.ec2_backend, self._get_param("GatewayId"))
    return plain(self)


def _deleting(plain: Moto, self: Moto) -> Moto:
    table = self.ec2_backend.get_route_table(self._get_param("RouteTableId"))
    destination = _check_destination(self)
    prefix_list_id = self._get_param("DestinationPrefixListId")
    if prefix_list_id and all(route.destination_prefix_list_id != prefix_list_id for route in table.routes):
        raise EC2ClientError(
            "InvalidRoute.NotFound",
            f"no route with destination-prefix-list-id {destination} in route table {table.id}",
        )
    return plain(self)


def _check_destination(request: Moto) -> str:
    given = [value for name in _DESTINATIONS if (value := request._get_param(name))]  # noqa: SLF001 - moto's reader
    if not given:
        raise EC2ClientError(
            "MissingParameter", f"The request must contain one of the parameters {' or '.join(_DESTINATIONS)}"
        )
    if len(given) > 1:
        raise EC2ClientError(
            "InvalidParameterCombination", f"The request must contain exactly one of: {', '.join(_DESTINATIONS)}"
        )
    destination = str(given[0])
    if destination.startswith("pl-") and destination not in request.ec2_backend.managed_prefix_lists:
        raise EC2ClientError("InvalidPrefixListID.NotFound", f"The prefix list ID '{destination}' does not exist")
    return destination


def _check_gateway(backend: Moto, identifier: str | None) -> None:
    """A gateway of any kind; endpoints add and remove their routes themselves (PrivateLink guide)."""
    if identifier is None:
        return
    if identifier.startswith("vpce-"):
        raise EC2ClientError(
            "InvalidParameterValue",
            f"Cannot create or replace a route targeting a VPC Endpoint: change the route tables of {identifier} "
            "instead.",
        )
    if identifier not in backend.internet_gateways:
        raise EC2ClientError("InvalidGatewayID.NotFound", f"The gateway ID '{identifier}' does not exist")
