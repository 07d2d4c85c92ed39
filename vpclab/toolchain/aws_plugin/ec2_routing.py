"""Rows: route tables, their routes, and their associations with subnets.

A route is changed in place by ReplaceRoute, an association by ReplaceRouteTableAssociation; the destination and
the subnet are what they are (EC2 API reference).
"""

import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from vpclab.toolchain.aws_plugin.call import Call, given
from vpclab.toolchain.aws_plugin.ec2 import arn, first, tag, tag_specifications, tags_of
from vpclab.toolchain.aws_plugin.errors import AwsPluginError
from vpclab.toolchain.aws_plugin.schema import TEXT, Input, Kind, ResourceType, computed, fixed, required

TARGETS = {
    "gatewayId": "GatewayId",
    "natGatewayId": "NatGatewayId",
    "networkInterfaceId": "NetworkInterfaceId",
    "vpcEndpointId": "VpcEndpointId",
    "vpcPeeringConnectionId": "VpcPeeringConnectionId",
    "transitGatewayId": "TransitGatewayId",
    "egressOnlyGatewayId": "EgressOnlyInternetGatewayId",
}
DESTINATIONS = {
    "destinationCidrBlock": "DestinationCidrBlock",
    "destinationIpv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}
INLINE_DESTINATIONS = {
    "cidrBlock": "DestinationCidrBlock",
    "ipv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}


def _table(call: Call, id_: str) -> dict[str, Any] | None:
    try:
        return first(call.client.describe_route_tables(RouteTableIds=[id_])["RouteTables"])
    except call.client.exceptions.ClientError as answer:
        if answer.response["Error"]["Code"] == "InvalidRouteTableID.NotFound":
            return None
        raise


def _own_routes(table: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the routes that somebody made: not the local ones, nor those of gateway endpoints."""
    for route in table["Routes"]:
        target = route.get("GatewayId", "")
        if target != "local" and not (target.startswith("vpce-") and "DestinationPrefixListId" in route):
            yield route


def _create_table(call: Call) -> str:
    specifications = tag_specifications(call, "route-table")
    answer = call.client.create_route_table(VpcId=call.inputs["vpcId"], TagSpecifications=specifications)
    return str(answer["RouteTable"]["RouteTableId"])


def _inline(route: Mapping[str, Any]) -> dict[str, Any]:
    return given(
        {name: value for name, value in route.items() if value},
        **{parameter: name for name, parameter in (INLINE_DESTINATIONS | TARGETS).items()},
    )


def _settle_table(call: Call) -> None:
    for route in call.inputs.get("routes", []):
        call.client.create_route(RouteTableId=call.id, **_inline(route))


def _update_table(call: Call, _: frozenset[str]) -> None:
    wanted = [_inline(route) for route in call.inputs.get("routes", [])]
    there = [_inline(route) for route in call.state.get("routes", [])]
    for route in (route for route in there if route not in wanted):
        destination = {name: route[name] for name in INLINE_DESTINATIONS.values() if name in route}
        call.client.delete_route(RouteTableId=call.id, **destination)
    for route in (route for route in wanted if route not in there):
        call.client.create_route(RouteTableId=call.id, **route)


def _read_table(call: Call) -> dict[str, Any] | None:
    table = _table(call, call.id)
    if table is None:
        return None
    names = (INLINE_DESTINATIONS | TARGETS).items()
    return {
        "arn": arn(call, table["OwnerId"], "route-table"),
        "ownerId": table["OwnerId"],
        "vpcId": table["VpcId"],
        "routes": [{name: route.get(key, "") for name, key in names} for route in _own_routes(table)],
        "tagsAll": tags_of(table),
    }


ROUTE_TABLE = ResourceType(
    type_name="aws:ec2/routeTable:RouteTable",
    noun="EC2 Route Table",
    service="ec2",
    inputs={
        "vpcId": fixed(required(TEXT)),
        "routes": Input(Kind.OBJECTS, computed=True, fields=dict.fromkeys((*INLINE_DESTINATIONS, *TARGETS), TEXT)),
    },
    outputs=frozenset({"arn", "ownerId"}),
    create=_create_table,
    settle=_settle_table,
    read=_read_table,
    update=_update_table,
    delete=lambda call: call.while_in_use(lambda: call.client.delete_route_table(RouteTableId=call.id)),
    tag=tag,
    missing=frozenset({"InvalidRouteTableID.NotFound"}),
)


def _destination(properties: Mapping[str, Any]) -> dict[str, str]:
    return given(
        {name: value for name, value in properties.items() if value},
        **{parameter: name for name, parameter in DESTINATIONS.items()},
    )


def _route(call: Call) -> dict[str, Any]:
    targets = {parameter: name for name, parameter in TARGETS.items()}
    return {
        "RouteTableId": call.inputs["routeTableId"],
        **_destination(call.inputs),
        **given(call.inputs, **targets),
    }


def _route_id(table_id: str, destination: str) -> str:
    return f"r-{table_id}{zlib.crc32(destination.encode())}"


def _create_route(call: Call) -> str:
    (destination,) = _destination(call.inputs).values()
    call.client.create_route(**_route(call))
    return _route_id(call.inputs["routeTableId"], destination)


def _settle_route(call: Call) -> None:
    call.until(lambda: _read_route(call) and True, "the route is in its table")


def _read_route(call: Call) -> dict[str, Any] | None:
    known = call.inputs if call.inputs.get("routeTableId") else call.state
    if known.get("routeTableId"):
        table_id, (destination,) = known["routeTableId"], _destination(known).values()
    else:  # an import: <table>_<destination>
        table_id, _, destination = call.id.partition("_")
        if not destination:
            raise AwsPluginError(f"a route is imported as <route table id>_<destination>, not as {call.id}")
    table = _table(call, table_id)
    routes = [route for route in table["Routes"] if destination in route.values()] if table else []
    if not routes:
        return None
    route = routes[0]
    names = {**DESTINATIONS, **TARGETS}
    if route.get("GatewayId", "").startswith("vpce-"):
        route = {**route, "VpcEndpointId": route["GatewayId"], "GatewayId": ""}
    return {
        "id": _route_id(table_id, destination),
        "routeTableId": table_id,
        **{name: route.get(key, "") for name, key in names.items()},
        "instanceId": route.get("InstanceId", ""),
        "instanceOwnerId": route.get("InstanceOwnerId", ""),
        "origin": route.get("Origin", ""),
        "state": route.get("State", ""),
    }


def _delete_route(call: Call) -> None:
    call.client.delete_route(RouteTableId=call.state["routeTableId"], **_destination(call.state))


def _route_problems(inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, choices in (("destinationCidrBlock", DESTINATIONS), ("gatewayId", TARGETS)):
        chosen = [choice for choice in choices if inputs.get(choice)]
        if len(chosen) != 1:
            yield (
                name,
                f"a route needs exactly one of {', '.join(choices)}; this one has {', '.join(chosen) or 'none'}",
            )


ROUTE = ResourceType(
    type_name="aws:ec2/route:Route",
    noun="EC2 Route",
    service="ec2",
    inputs={
        "routeTableId": fixed(required(TEXT)),
        **dict.fromkeys(DESTINATIONS, fixed(TEXT)),
        **dict.fromkeys(TARGETS, TEXT),
        "networkInterfaceId": computed(TEXT),
    },
    outputs=frozenset({"instanceId", "instanceOwnerId", "origin", "state"}),
    create=_create_route,
    settle=_settle_route,
    read=_read_route,
    update=lambda call, _: call.client.replace_route(**_route(call)),
    delete=_delete_route,
    missing=frozenset({"InvalidRoute.NotFound", "InvalidRouteTableID.NotFound"}),
    problems=_route_problems,
)


ROWS = (ROUTE_TABLE, ROUTE)
