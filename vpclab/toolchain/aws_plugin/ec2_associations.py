"""Row: which route table serves a subnet. ReplaceRouteTableAssociation changes the table and the id."""

from typing import Any

from vpclab.toolchain.aws_plugin.call import Call, given
from vpclab.toolchain.aws_plugin.ec2 import filters
from vpclab.toolchain.aws_plugin.errors import AwsPluginError
from vpclab.toolchain.aws_plugin.schema import TEXT, ResourceType, fixed, required


def _association(call: Call) -> tuple[str, dict[str, Any]] | None:
    """Return the table and the association, found by its id or, after it was replaced, by its subnet."""
    subnet = call.inputs.get("subnetId") or call.state.get("subnetId") or ""
    if "/" in call.id:  # an import: <subnet>/<table>
        subnet = call.id.partition("/")[0]
    by_id = filters(**{"association.route-table-association-id": call.id})
    by_subnet = filters(**{"association.subnet-id": subnet})
    for chosen in (by_id, by_subnet):
        for table in call.client.describe_route_tables(Filters=chosen)["RouteTables"]:
            for association in table["Associations"]:
                if call.id == association["RouteTableAssociationId"] or (
                    chosen is by_subnet and subnet and association.get("SubnetId") == subnet
                ):
                    return table["RouteTableId"], association
    return None


def _associate(call: Call) -> str:
    parameters = given(call.inputs, RouteTableId="routeTableId", SubnetId="subnetId", GatewayId="gatewayId")
    return str(call.client.associate_route_table(**parameters)["AssociationId"])


def _read_association(call: Call) -> dict[str, Any] | None:
    found = _association(call)
    if found is None:
        return None
    table_id, association = found
    return {
        "id": call.id if "/" not in call.id else association["RouteTableAssociationId"],
        "routeTableId": table_id,
        "subnetId": association.get("SubnetId", ""),
        "gatewayId": association.get("GatewayId", ""),
    }


def _reassociate(call: Call, _: frozenset[str]) -> None:
    found = _association(call)
    if found is None:
        raise AwsPluginError(f"{call.id} is gone: run `pulumi refresh` and try again")
    call.client.replace_route_table_association(
        AssociationId=found[1]["RouteTableAssociationId"], RouteTableId=call.inputs["routeTableId"]
    )


def _disassociate(call: Call) -> None:
    found = _association(call)
    if found:
        call.client.disassociate_route_table(AssociationId=found[1]["RouteTableAssociationId"])


ROUTE_TABLE_ASSOCIATION = ResourceType(
    type_name="aws:ec2/routeTableAssociation:RouteTableAssociation",
    noun="EC2 Route Table Association",
    service="ec2",
    inputs={"routeTableId": required(TEXT), "subnetId": fixed(TEXT), "gatewayId": fixed(TEXT)},
    outputs=frozenset(),
    create=_associate,
    read=_read_association,
    update=_reassociate,
    delete=_disassociate,
    missing=frozenset({"InvalidAssociationID.NotFound"}),
)

ROWS = (ROUTE_TABLE_ASSOCIATION,)
