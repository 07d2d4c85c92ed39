"""Row: replication groups of caches. What ModifyReplicationGroup cannot change forces a new one (ElastiCache API).

Cluster mode, global datastores, log delivery and users are not modelled.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from vpclab.toolchain.aws_plugin.call import Call, given
from vpclab.toolchain.aws_plugin.database_tags import tag, tag_list, tags_of
from vpclab.toolchain.aws_plugin.ec2 import first
from vpclab.toolchain.aws_plugin.errors import AwsPluginError
from vpclab.toolchain.aws_plugin.schema import (
    NUMBER,
    SET,
    SWITCH,
    TEXT,
    Input,
    Kind,
    ResourceType,
    computed,
    fixed,
    local,
    required,
)

LONGEST_IDENTIFIER = 40

# Inputs that CreateReplicationGroup and ModifyReplicationGroup both take, by the parameter's name.
MODIFIABLE = {
    "autoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
    "automaticFailoverEnabled": "AutomaticFailoverEnabled",
    "description": "ReplicationGroupDescription",
    "engine": "Engine",
    "engineVersion": "EngineVersion",
    "ipDiscovery": "IpDiscovery",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "multiAzEnabled": "MultiAZEnabled",
    "nodeType": "CacheNodeType",
    "parameterGroupName": "CacheParameterGroupName",
    "securityGroupIds": "SecurityGroupIds",
    "snapshotRetentionLimit": "SnapshotRetentionLimit",
    "snapshotWindow": "SnapshotWindow",
}
CREATE_ONLY = {
    "atRestEncryptionEnabled": "AtRestEncryptionEnabled",
    "kmsKeyId": "KmsKeyId",
    "networkType": "NetworkType",
    "numCacheClusters": "NumCacheClusters",
    "port": "Port",
    "replicationGroupId": "ReplicationGroupId",
    "subnetGroupName": "CacheSubnetGroupName",
    "transitEncryptionEnabled": "TransitEncryptionEnabled",
}


def _create(call: Call) -> str:
    names = {parameter: name for name, parameter in (MODIFIABLE | CREATE_ONLY).items()}
    call.client.create_replication_group(**given(call.inputs, **names), Tags=tag_list(call.tags))
    return str(call.inputs["replicationGroupId"])


def _described(call: Call) -> dict[str, Any] | None:
    try:
        answer = call.client.describe_replication_groups(ReplicationGroupId=call.id)
    except call.client.exceptions.ClientError as refused:
        if refused.response["Error"]["Code"] in MISSING:
            return None
        raise
    return first(answer["ReplicationGroups"])


def _wait(call: Call) -> None:
    def decided() -> bool | None:
        status = (_described(call) or {"Status": "deleted"})["Status"]
        if status in ("create-failed", "deleting", "deleted"):
            raise AwsPluginError(f"{call.id} became {status}")
        return status == "available" or None

    call.until(decided, f"{call.id} is available")


def _read(call: Call) -> dict[str, Any] | None:
    group = _described(call)
    if group is None or group["Status"] == "deleting":
        return None
    members = sorted(group.get("MemberClusters", []))
    shards = group.get("NodeGroups") or [{}]
    node = _node(call, members)
    primary, reader = shards[0].get("PrimaryEndpoint", {}), shards[0].get("ReaderEndpoint", {})
    return {
        "arn": group["ARN"],
        "replicationGroupId": group["ReplicationGroupId"],
        "description": group["Description"],
        "clusterEnabled": group.get("ClusterEnabled", False),
        "configurationEndpointAddress": group.get("ConfigurationEndpoint", {}).get("Address", ""),
        "primaryEndpointAddress": primary.get("Address", ""),
        "readerEndpointAddress": reader.get("Address", ""),
        "port": primary.get("Port", 0),
        "memberClusters": members,
        "numCacheClusters": len(members),
        "automaticFailoverEnabled": group.get("AutomaticFailover") in ("enabled", "enabling"),
        "multiAzEnabled": group.get("MultiAZ") == "enabled",
        "atRestEncryptionEnabled": group.get("AtRestEncryptionEnabled", False),
        "transitEncryptionEnabled": group.get("TransitEncryptionEnabled", False),
        "kmsKeyId": group.get("KmsKeyId", ""),
        "autoMinorVersionUpgrade": group.get("AutoMinorVersionUpgrade", True),
        "snapshotRetentionLimit": group.get("SnapshotRetentionLimit", 0),
        "snapshotWindow": group.get("SnapshotWindow", ""),
        "networkType": group.get("NetworkType", "ipv4"),
        "ipDiscovery": group.get("IpDiscovery", "ipv4"),
        "nodeType": group.get("CacheNodeType", ""),
        "engine": group.get("Engine") or node.get("Engine", "redis"),
        "engineVersion": node.get("EngineVersion", ""),
        "engineVersionActual": node.get("EngineVersion", ""),
        "maintenanceWindow": node.get("PreferredMaintenanceWindow", ""),
        "parameterGroupName": node.get("CacheParameterGroup", {}).get("CacheParameterGroupName", ""),
        "subnetGroupName": node.get("CacheSubnetGroupName", ""),
        "securityGroupIds": sorted(one["SecurityGroupId"] for one in node.get("SecurityGroups", [])),
        "tagsAll": tags_of(call, group["ARN"]),
    }


def _node(call: Call, members: list[str]) -> dict[str, Any]:
    """Return a node, which knows what the group does not tell: version, parameters, subnets and groups."""
    if not members:
        return {}
    return first(call.client.describe_cache_clusters(CacheClusterId=members[0])["CacheClusters"]) or {}


def _update(call: Call, changed: frozenset[str]) -> None:
    parameters = given(call.inputs, **{MODIFIABLE[name]: name for name in changed & MODIFIABLE.keys()})
    if "numCacheClusters" in changed:
        wanted = call.inputs["numCacheClusters"]
        change = "increase" if wanted > call.state["numCacheClusters"] else "decrease"
        getattr(call.client, f"{change}_replica_count")(
            ReplicationGroupId=call.id, NewReplicaCount=wanted - 1, ApplyImmediately=True
        )
        _wait(call)
    if parameters:
        call.client.modify_replication_group(
            ReplicationGroupId=call.id,
            ApplyImmediately=call.inputs.get("applyImmediately", False),
            **parameters,
        )
        _wait(call)


def _delete(call: Call) -> None:
    call.while_in_use(
        lambda: call.client.delete_replication_group(
            ReplicationGroupId=call.id, **given(call.state, FinalSnapshotIdentifier="finalSnapshotIdentifier")
        ),
        ("InvalidReplicationGroupState",),
    )
    call.until(lambda: _described(call) is None or None, f"{call.id} is deleted")


def _problems(inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not inputs.get("nodeType"):
        yield "nodeType", "nodeType is required: the stand-in does not model global datastores"
    if inputs.get("automaticFailoverEnabled") and inputs.get("numCacheClusters", 1) == 1:
        yield "numCacheClusters", "numCacheClusters must be at least 2 if automaticFailoverEnabled is true"


MISSING = frozenset({"ReplicationGroupNotFoundFault", "ReplicationGroupNotFound"})

REPLICATION_GROUP = ResourceType(
    type_name="aws:elasticache/replicationGroup:ReplicationGroup",
    noun="ElastiCache Replication Group",
    service="elasticache",
    inputs={
        **dict.fromkeys(MODIFIABLE, computed(TEXT)),
        "description": required(TEXT),
        "engine": Input(default="redis"),
        "engineVersion": Input(Kind.VERSION, computed=True),
        "autoMinorVersionUpgrade": computed(Input(Kind.BOOLEAN)),
        "automaticFailoverEnabled": SWITCH,
        "multiAzEnabled": SWITCH,
        "securityGroupIds": computed(SET),
        "snapshotRetentionLimit": Input(Kind.NUMBER, default=0),
        "numCacheClusters": computed(NUMBER),
        "replicationGroupId": Input(replaces=True, named=LONGEST_IDENTIFIER),
        "atRestEncryptionEnabled": fixed(computed(Input(Kind.BOOLEAN))),
        "transitEncryptionEnabled": fixed(computed(Input(Kind.BOOLEAN))),
        "kmsKeyId": fixed(TEXT),
        "networkType": fixed(computed(TEXT)),
        "port": fixed(computed(NUMBER)),
        "subnetGroupName": fixed(computed(TEXT)),
        "applyImmediately": local(SWITCH),
        "finalSnapshotIdentifier": local(TEXT),
    },
    outputs=frozenset(
        {"arn", "clusterEnabled", "configurationEndpointAddress", "engineVersionActual", "memberClusters"}
        | {"primaryEndpointAddress", "readerEndpointAddress"}
    ),
    create=_create,
    settle=_wait,
    read=_read,
    update=_update,
    delete=_delete,
    tag=tag,
    missing=MISSING,
    create_seconds=3600,
    delete_seconds=2700,
    problems=_problems,
)

ROWS = (REPLICATION_GROUP,)
