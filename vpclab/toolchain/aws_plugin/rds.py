"""Row: DB subnet groups."""

from typing import Any

from vpclab.toolchain.aws_plugin.call import Call
from vpclab.toolchain.aws_plugin.database_tags import tag, tag_list, tags_of
from vpclab.toolchain.aws_plugin.ec2 import first
from vpclab.toolchain.aws_plugin.schema import (
    SET,
    Input,
    ResourceType,
    required,
)

LONGEST_GROUP_NAME = 255


def _create_group(call: Call) -> str:
    answer = call.client.create_db_subnet_group(
        DBSubnetGroupName=call.inputs["name"],
        DBSubnetGroupDescription=call.inputs["description"],
        SubnetIds=call.inputs["subnetIds"],
        Tags=tag_list(call.tags),
    )
    return str(answer["DBSubnetGroup"]["DBSubnetGroupName"])


def _read_group(call: Call) -> dict[str, Any] | None:
    group = first(call.client.describe_db_subnet_groups(DBSubnetGroupName=call.id)["DBSubnetGroups"])
    if group is None:
        return None
    return {
        "arn": group["DBSubnetGroupArn"],
        "name": group["DBSubnetGroupName"],
        "description": group["DBSubnetGroupDescription"],
        "subnetIds": sorted(subnet["SubnetIdentifier"] for subnet in group["Subnets"]),
        "supportedNetworkTypes": group.get("SupportedNetworkTypes", ["IPV4"]),
        "vpcId": group["VpcId"],
        "tagsAll": tags_of(call, group["DBSubnetGroupArn"]),
    }


def _update_group(call: Call, _: frozenset[str]) -> None:
    call.client.modify_db_subnet_group(
        DBSubnetGroupName=call.id,
        DBSubnetGroupDescription=call.inputs["description"],
        SubnetIds=call.inputs["subnetIds"],
    )


SUBNET_GROUP = ResourceType(
    type_name="aws:rds/subnetGroup:SubnetGroup",
    noun="RDS DB Subnet Group",
    service="rds",
    inputs={
        "name": Input(replaces=True, named=LONGEST_GROUP_NAME),
        "description": Input(default="Managed by Pulumi"),
        "subnetIds": required(SET),
    },
    outputs=frozenset({"arn", "supportedNetworkTypes", "vpcId"}),
    create=_create_group,
    read=_read_group,
    update=_update_group,
    delete=lambda call: call.while_in_use(
        lambda: call.client.delete_db_subnet_group(DBSubnetGroupName=call.id), ("InvalidDBSubnetGroupStateFault",)
    ),
    tag=tag,
    missing=frozenset({"DBSubnetGroupNotFoundFault"}),
)


ROWS = (SUBNET_GROUP,)
