"""Row: log groups. A name and a class are fixed; retention and key change in place (CloudWatch Logs API)."""

from typing import Any

from vpclab.toolchain.aws_plugin.call import Call, given
from vpclab.toolchain.aws_plugin.schema import NUMBER, SWITCH, TEXT, Input, ResourceType, computed, fixed, local

LONGEST_NAME = 512


def _create(call: Call) -> str:
    parameters = given(call.inputs, logGroupName="name", kmsKeyId="kmsKeyId", logGroupClass="logGroupClass")
    call.client.create_log_group(**parameters, **({"tags": dict(call.tags)} if call.tags else {}))
    return str(call.inputs["name"])


def _write_retention(call: Call) -> None:
    days = call.inputs.get("retentionInDays")
    if days:
        call.client.put_retention_policy(logGroupName=call.id, retentionInDays=days)
    elif call.state.get("retentionInDays"):
        call.client.delete_retention_policy(logGroupName=call.id)


def _update(call: Call, changed: frozenset[str]) -> None:
    if "retentionInDays" in changed:
        _write_retention(call)
    if "kmsKeyId" in changed:
        key = call.inputs.get("kmsKeyId")
        if key:
            call.client.associate_kms_key(logGroupName=call.id, kmsKeyId=key)
        else:
            call.client.disassociate_kms_key(logGroupName=call.id)


def _read(call: Call) -> dict[str, Any] | None:
    groups = call.client.describe_log_groups(logGroupNamePrefix=call.id)["logGroups"]
    for group in groups:
        if group["logGroupName"] == call.id:
            arn = group["arn"].removesuffix(":*")
            return {
                "arn": arn,
                "name": call.id,
                "retentionInDays": group.get("retentionInDays", 0),
                "kmsKeyId": group.get("kmsKeyId", ""),
                "logGroupClass": group.get("logGroupClass", "STANDARD"),
                "tagsAll": call.client.list_tags_for_resource(resourceArn=arn)["tags"],
            }
    return None


def _tag(call: Call, wanted: dict[str, str], unwanted: list[str]) -> None:
    arn = call.state["arn"]
    if unwanted:
        call.client.untag_resource(resourceArn=arn, tagKeys=unwanted)
    if wanted:
        call.client.tag_resource(resourceArn=arn, tags=wanted)


def _delete(call: Call) -> None:
    if not call.state.get("skipDestroy"):
        call.client.delete_log_group(logGroupName=call.id)


LOG_GROUP = ResourceType(
    type_name="aws:cloudwatch/logGroup:LogGroup",
    noun="CloudWatch Logs Log Group",
    service="logs",
    inputs={
        "name": Input(replaces=True, named=LONGEST_NAME),
        "retentionInDays": NUMBER,
        "kmsKeyId": TEXT,
        "logGroupClass": fixed(computed(TEXT)),
        "skipDestroy": local(SWITCH),
    },
    outputs=frozenset({"arn"}),
    create=_create,
    settle=_write_retention,
    read=_read,
    update=_update,
    delete=_delete,
    tag=_tag,
    missing=frozenset({"ResourceNotFoundException"}),
)

ROWS = (LOG_GROUP,)
