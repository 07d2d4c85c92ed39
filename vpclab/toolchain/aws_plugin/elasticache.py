"""Row: cache subnet groups."""

from typing import Any

from vpclab.toolchain.aws_plugin.call import Call
from vpclab.toolchain.aws_plugin.database_tags import tag, tag_list, tags_of
from vpclab.toolchain.aws_plugin.ec2 import first
from vpclab.toolchain.aws_plugin.schema import SET, Input, ResourceType, required

LONGEST_GROUP_NAME = 255


def _create_group(call: Call) -> str:
    answer = call.client.create_cache_subnet_group(
        CacheSubnetGroupName=call.inputs["name"],
        CacheSubnetGroupDescription=call.inputs["description"],
        SubnetIds=call.inputs["subnetIds"],
        Tags=tag_list(call.tags),
    )
    return str(answer["CacheSubnetGroup"]["CacheSubnetGroupName"])


def _read_group(call: Call) -> dict[str, Any] | None:
    answer = call.client.describe_cache_subnet_groups(CacheSubnetGroupName=call.id)
    group = first(answer["CacheSubnetGroups"])
    if group is None:
        return None
    return {
        "arn": group["ARN"],
        "name": group["CacheSubnetGroupName"],
        "description": group["CacheSubnetGroupDescription"],
        "subnetIds": sorted(subnet["SubnetIdentifier"] for subnet in group["Subnets"]),
        "vpcId": group["VpcId"],
        "tagsAll": tags_of(call, group["ARN"]),
    }


def _update_group(call: Call, _: frozenset[str]) -> None:
    call.client.modify_cache_subnet_group(
        CacheSubnetGroupName=call.id,
        CacheSubnetGroupDescription=call.inputs["description"],
        SubnetIds=call.inputs["subnetIds"],
    )


SUBNET_GROUP = ResourceType(
    type_name="aws:elasticache/subnetGroup:SubnetGroup",
    noun="ElastiCache Subnet Group",
    service="elasticache",
    inputs={
        "name": Input(replaces=True, named=LONGEST_GROUP_NAME),
        "description": Input(default="Managed by Pulumi"),
        "subnetIds": required(SET),
    },
    outputs=frozenset({"arn", "vpcId"}),
    create=_create_group,
    read=_read_group,
    update=_update_group,
    delete=lambda call: call.while_in_use(
        lambda: call.client.delete_cache_subnet_group(CacheSubnetGroupName=call.id),
        ("CacheSubnetGroupInUse", "DependencyViolation"),
    ),
    tag=tag,
    missing=frozenset({"CacheSubnetGroupNotFoundFault", "CacheSubnetGroupNotFound"}),
)

ROWS = (SUBNET_GROUP,)
