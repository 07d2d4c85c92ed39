"""Row: DB instances.

What ModifyDBInstance cannot change forces a new instance: engine, user name, database name, encryption, zone (RDS
API reference).
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

LONGEST_IDENTIFIER = 63

# Inputs that CreateDBInstance and ModifyDBInstance both take, by the parameter's name.
MODIFIABLE = {
    "allocatedStorage": "AllocatedStorage",
    "autoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
    "backupRetentionPeriod": "BackupRetentionPeriod",
    "backupWindow": "PreferredBackupWindow",
    "caCertIdentifier": "CACertificateIdentifier",
    "copyTagsToSnapshot": "CopyTagsToSnapshot",
    "dbSubnetGroupName": "DBSubnetGroupName",
    "deletionProtection": "DeletionProtection",
    "engineVersion": "EngineVersion",
    "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
    "instanceClass": "DBInstanceClass",
    "iops": "Iops",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "manageMasterUserPassword": "ManageMasterUserPassword",
    "masterUserSecretKmsKeyId": "MasterUserSecretKmsKeyId",
    "maxAllocatedStorage": "MaxAllocatedStorage",
    "multiAz": "MultiAZ",
    "parameterGroupName": "DBParameterGroupName",
    "password": "MasterUserPassword",
    "publiclyAccessible": "PubliclyAccessible",
    "storageThroughput": "StorageThroughput",
    "storageType": "StorageType",
    "vpcSecurityGroupIds": "VpcSecurityGroupIds",
}
CREATE_ONLY = {
    "availabilityZone": "AvailabilityZone",
    "dbName": "DBName",
    "engine": "Engine",
    "kmsKeyId": "KmsKeyId",
    "port": "Port",
    "storageEncrypted": "StorageEncrypted",
    "username": "MasterUsername",
}
MODIFIED_OTHERWISE = {"port": "DBPortNumber"}


def _create_instance(call: Call) -> str:
    parameters = given(
        call.inputs,
        DBInstanceIdentifier="identifier",
        **{parameter: name for name, parameter in (MODIFIABLE | CREATE_ONLY).items()},
    )
    call.client.create_db_instance(**parameters, Tags=tag_list(call.tags))
    return str(call.inputs["identifier"])


def _instance(call: Call) -> dict[str, Any] | None:
    try:
        return first(call.client.describe_db_instances(DBInstanceIdentifier=call.id)["DBInstances"])
    except call.client.exceptions.ClientError as answer:
        if answer.response["Error"]["Code"] in INSTANCE_MISSING:
            return None
        raise


def _settle_instance(call: Call) -> None:
    def decided() -> bool | None:
        instance = _instance(call) or {"DBInstanceStatus": "deleted"}
        status = instance["DBInstanceStatus"]
        if status in ("failed", "deleted", "deleting", "incompatible-network", "incompatible-parameters"):
            raise AwsPluginError(f"{call.id} became {status}")
        return status == "available" or None

    call.until(decided, f"{call.id} is available")


def _read_instance(call: Call) -> dict[str, Any] | None:
    instance = _instance(call)
    if instance is None:
        return None
    return {**instance_properties(instance), "tagsAll": tags_of(call, instance["DBInstanceArn"])}


def instance_properties(instance: Mapping[str, Any]) -> dict[str, Any]:
    """Return the official properties of what DescribeDBInstances says."""
    endpoint = instance.get("Endpoint", {})
    address, port, secret = endpoint.get("Address", ""), endpoint.get("Port", 0), instance.get("MasterUserSecret")
    return {
        "address": address,
        "arn": instance["DBInstanceArn"],
        "endpoint": f"{address}:{port}" if address else "",
        "port": port,
        "hostedZoneId": endpoint.get("HostedZoneId", ""),
        "identifier": instance["DBInstanceIdentifier"],
        "resourceId": instance.get("DbiResourceId", ""),
        "status": instance["DBInstanceStatus"],
        "allocatedStorage": instance.get("AllocatedStorage"),
        "autoMinorVersionUpgrade": instance.get("AutoMinorVersionUpgrade"),
        "availabilityZone": instance.get("AvailabilityZone", ""),
        "backupRetentionPeriod": instance.get("BackupRetentionPeriod", 0),
        "backupWindow": instance.get("PreferredBackupWindow", ""),
        "caCertIdentifier": instance.get("CACertificateIdentifier", ""),
        "copyTagsToSnapshot": instance.get("CopyTagsToSnapshot", False),
        "dbName": instance.get("DBName", ""),
        "dbSubnetGroupName": instance.get("DBSubnetGroup", {}).get("DBSubnetGroupName", ""),
        "deletionProtection": instance.get("DeletionProtection", False),
        "engine": instance["Engine"],
        "engineVersion": instance["EngineVersion"],
        "engineVersionActual": instance["EngineVersion"],
        "iamDatabaseAuthenticationEnabled": instance.get("IAMDatabaseAuthenticationEnabled", False),
        "instanceClass": instance["DBInstanceClass"],
        "iops": instance.get("Iops", 0),
        "kmsKeyId": instance.get("KmsKeyId", ""),
        "latestRestorableTime": "",
        "licenseModel": instance.get("LicenseModel", ""),
        "listenerEndpoints": [],
        "maintenanceWindow": instance.get("PreferredMaintenanceWindow", ""),
        "manageMasterUserPassword": True if secret else None,
        "masterUserSecrets": [
            {
                "kmsKeyId": secret.get("KmsKeyId", ""),
                "secretArn": secret.get("SecretArn", ""),
                "secretStatus": secret.get("SecretStatus", ""),
            }
        ]
        if secret
        else [],
        "masterUserSecretKmsKeyId": secret.get("KmsKeyId", "") if secret else "",
        "maxAllocatedStorage": instance.get("MaxAllocatedStorage", 0),
        "multiAz": instance.get("MultiAZ", False),
        "parameterGroupName": next(
            (one["DBParameterGroupName"] for one in instance.get("DBParameterGroups", [])), ""
        ),
        "publiclyAccessible": instance.get("PubliclyAccessible", False),
        "replicas": instance.get("ReadReplicaDBInstanceIdentifiers", []),
        "storageEncrypted": instance.get("StorageEncrypted", False),
        "storageThroughput": instance.get("StorageThroughput", 0),
        "storageType": instance.get("StorageType", ""),
        "upgradeRolloutOrder": instance.get("UpgradeRolloutOrder", ""),
        "username": instance.get("MasterUsername", ""),
        "vpcSecurityGroupIds": sorted(one["VpcSecurityGroupId"] for one in instance.get("VpcSecurityGroups", [])),
    }


def _update_instance(call: Call, changed: frozenset[str]) -> None:
    names = {**MODIFIABLE, **MODIFIED_OTHERWISE}
    parameters = given(call.inputs, **{names[name]: name for name in changed & names.keys()})
    if parameters:
        call.client.modify_db_instance(
            DBInstanceIdentifier=call.id,
            ApplyImmediately=call.inputs.get("applyImmediately", False),
            AllowMajorVersionUpgrade=call.inputs.get("allowMajorVersionUpgrade", False),
            **parameters,
        )
        _settle_instance(call)


def _delete_instance(call: Call) -> None:
    state = call.state
    snapshot = (
        {"SkipFinalSnapshot": True}
        if state.get("skipFinalSnapshot")
        else {"FinalDBSnapshotIdentifier": state.get("finalSnapshotIdentifier", "")}
    )
    call.client.delete_db_instance(
        DBInstanceIdentifier=call.id,
        DeleteAutomatedBackups=state.get("deleteAutomatedBackups", True),
        **snapshot,
    )
    call.until(lambda: _instance(call) is None or None, f"{call.id} is deleted")


def _instance_problems(inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not inputs.get("skipFinalSnapshot") and not inputs.get("finalSnapshotIdentifier"):
        yield "finalSnapshotIdentifier", "finalSnapshotIdentifier is required unless skipFinalSnapshot is true"
    if inputs.get("manageMasterUserPassword") and inputs.get("password"):
        yield "password", "password and manageMasterUserPassword exclude each other"


INSTANCE_MISSING = frozenset({"DBInstanceNotFound", "DBInstanceNotFoundFault"})

INSTANCE = ResourceType(
    type_name="aws:rds/instance:Instance",
    noun="RDS DB Instance",
    service="rds",
    inputs={
        **dict.fromkeys(MODIFIABLE, computed(TEXT)),
        **dict.fromkeys(("allocatedStorage", "backupRetentionPeriod", "iops"), computed(NUMBER)),
        **dict.fromkeys(("maxAllocatedStorage", "storageThroughput"), computed(NUMBER)),
        **dict.fromkeys(("copyTagsToSnapshot", "deletionProtection", "iamDatabaseAuthenticationEnabled"), SWITCH),
        **dict.fromkeys(("multiAz", "publiclyAccessible"), SWITCH),
        "autoMinorVersionUpgrade": Input(Kind.BOOLEAN, default=True),
        "manageMasterUserPassword": Input(Kind.BOOLEAN),
        "engineVersion": Input(Kind.VERSION, computed=True),
        "instanceClass": required(TEXT),
        "password": Input(secret=True, local=True),
        "vpcSecurityGroupIds": computed(SET),
        "identifier": Input(replaces=True, named=LONGEST_IDENTIFIER),
        "availabilityZone": fixed(computed(TEXT)),
        "dbName": fixed(computed(TEXT)),
        "engine": fixed(computed(TEXT)),
        "kmsKeyId": fixed(computed(TEXT)),
        "port": computed(NUMBER),
        "storageEncrypted": fixed(SWITCH),
        "username": fixed(computed(TEXT)),
        "applyImmediately": local(SWITCH),
        "allowMajorVersionUpgrade": local(SWITCH),
        "deleteAutomatedBackups": Input(Kind.BOOLEAN, default=True, local=True),
        "finalSnapshotIdentifier": local(TEXT),
        "skipFinalSnapshot": local(SWITCH),
    },
    outputs=frozenset(
        {"address", "arn", "endpoint", "engineVersionActual", "hostedZoneId", "latestRestorableTime", "replicas"}
        | {"licenseModel", "listenerEndpoints", "masterUserSecrets", "resourceId", "status", "upgradeRolloutOrder"}
    ),
    create=_create_instance,
    settle=_settle_instance,
    read=_read_instance,
    update=_update_instance,
    delete=_delete_instance,
    tag=tag,
    missing=INSTANCE_MISSING,
    create_seconds=2400,
    delete_seconds=3600,
    problems=_instance_problems,
)

ROWS = (INSTANCE,)
