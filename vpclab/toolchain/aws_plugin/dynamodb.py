"""Row: DynamoDB tables. Name and keys are fixed, the rest changes in place (Amazon DynamoDB API reference).

Secondary indexes, replicas, imports and restores are not modelled.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from vpclab.toolchain.aws_plugin.call import Call
from vpclab.toolchain.aws_plugin.schema import (
    NUMBER,
    SWITCH,
    TEXT,
    Input,
    Kind,
    ResourceType,
    computed,
    fixed,
    required,
)

LONGEST_NAME = 255
PROVISIONED, ON_DEMAND = "PROVISIONED", "PAY_PER_REQUEST"
STREAM = frozenset({"streamEnabled", "streamViewType"})
CAPACITY = frozenset({"billingMode", "readCapacity", "writeCapacity"})


def _capacity(inputs: Mapping[str, Any]) -> dict[str, Any]:
    billing = {"BillingMode": inputs["billingMode"]}
    if inputs["billingMode"] == ON_DEMAND:
        return billing
    units = {"ReadCapacityUnits": inputs["readCapacity"], "WriteCapacityUnits": inputs["writeCapacity"]}
    return {**billing, "ProvisionedThroughput": units}


def _stream(inputs: Mapping[str, Any]) -> dict[str, Any]:
    if not inputs.get("streamEnabled"):
        return {"StreamEnabled": False}
    return {"StreamEnabled": True, "StreamViewType": inputs["streamViewType"]}


def _create(call: Call) -> str:
    inputs = call.inputs
    keys = [{"AttributeName": inputs["hashKey"], "KeyType": "HASH"}]
    if inputs.get("rangeKey"):
        keys.append({"AttributeName": inputs["rangeKey"], "KeyType": "RANGE"})
    call.client.create_table(
        TableName=inputs["name"],
        KeySchema=keys,
        AttributeDefinitions=[
            {"AttributeName": one["name"], "AttributeType": one["type"]} for one in inputs["attributes"]
        ],
        DeletionProtectionEnabled=inputs["deletionProtectionEnabled"],
        TableClass=inputs["tableClass"],
        Tags=[{"Key": name, "Value": value} for name, value in call.tags.items()],
        **_capacity(inputs),
        **({"StreamSpecification": _stream(inputs)} if inputs.get("streamEnabled") else {}),
    )
    return str(inputs["name"])


def _table(call: Call) -> dict[str, Any]:
    found: dict[str, Any] = call.client.describe_table(TableName=call.id)["Table"]
    return found


def _wait(call: Call) -> None:
    call.until(lambda: _table(call)["TableStatus"] == "ACTIVE" or None, f"{call.id} is active")


def _read(call: Call) -> dict[str, Any] | None:
    table = _table(call)
    if table["TableStatus"] == "DELETING":
        return None
    keys = {one["KeyType"]: one["AttributeName"] for one in table["KeySchema"]}
    stream, units = table.get("StreamSpecification", {}), table.get("ProvisionedThroughput", {})
    tags = call.client.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"]
    return {
        "arn": table["TableArn"],
        "name": table["TableName"],
        "attributes": [
            {"name": one["AttributeName"], "type": one["AttributeType"]} for one in table["AttributeDefinitions"]
        ],
        "hashKey": keys["HASH"],
        "rangeKey": keys.get("RANGE", ""),
        "billingMode": (table.get("BillingModeSummary") or {}).get("BillingMode", PROVISIONED),
        "readCapacity": units.get("ReadCapacityUnits", 0),
        "writeCapacity": units.get("WriteCapacityUnits", 0),
        "deletionProtectionEnabled": table.get("DeletionProtectionEnabled", False),
        "tableClass": (table.get("TableClassSummary") or {}).get("TableClass", "STANDARD"),
        "streamEnabled": stream.get("StreamEnabled", False),
        "streamViewType": stream.get("StreamViewType", ""),
        "streamArn": table.get("LatestStreamArn", ""),
        "streamLabel": table.get("LatestStreamLabel", ""),
        "tagsAll": {tag["Key"]: tag["Value"] for tag in tags},
    }


def _update(call: Call, changed: frozenset[str]) -> None:
    inputs = call.inputs
    changes: list[dict[str, Any]] = []
    if changed & CAPACITY:
        changes.append(_capacity(inputs))
    if changed & STREAM:
        if call.state.get("streamEnabled") and inputs.get("streamEnabled"):
            changes.append({"StreamSpecification": {"StreamEnabled": False}})  # a stream keeps its view
        changes.append({"StreamSpecification": _stream(inputs)})
    if "deletionProtectionEnabled" in changed:
        changes.append({"DeletionProtectionEnabled": inputs["deletionProtectionEnabled"]})
    if "tableClass" in changed:
        changes.append({"TableClass": inputs["tableClass"]})
    for change in changes:
        call.client.update_table(TableName=call.id, **change)
        _wait(call)


def _delete(call: Call) -> None:
    call.while_in_use(lambda: call.client.delete_table(TableName=call.id), ("ResourceInUseException",))
    call.until_not_found(lambda: _table(call))


def _tag(call: Call, wanted: dict[str, str], unwanted: list[str]) -> None:
    arn = call.state["arn"]
    if unwanted:
        call.client.untag_resource(ResourceArn=arn, TagKeys=unwanted)
    if wanted:
        tags = [{"Key": name, "Value": value} for name, value in wanted.items()]
        call.client.tag_resource(ResourceArn=arn, Tags=tags)


def _problems(inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not inputs.get("hashKey"):
        yield "hashKey", "hashKey is required"
    if inputs.get("billingMode", PROVISIONED) == PROVISIONED:
        for name in ("readCapacity", "writeCapacity"):
            if not inputs.get(name):
                yield name, f"{name} is required where billingMode is PROVISIONED"
    if inputs.get("streamEnabled") and not inputs.get("streamViewType"):
        yield "streamViewType", "streamViewType is required when streamEnabled is true"


TABLE = ResourceType(
    type_name="aws:dynamodb/table:Table",
    noun="DynamoDB Table",
    service="dynamodb",
    inputs={
        "name": Input(replaces=True, named=LONGEST_NAME),
        "attributes": Input(Kind.OBJECTS, fields={"name": required(TEXT), "type": required(TEXT)}),
        "hashKey": fixed(TEXT),
        "rangeKey": fixed(TEXT),
        "billingMode": Input(default=PROVISIONED),
        "readCapacity": computed(NUMBER),
        "writeCapacity": computed(NUMBER),
        "deletionProtectionEnabled": SWITCH,
        "tableClass": Input(default="STANDARD"),
        "streamEnabled": SWITCH,
        "streamViewType": computed(TEXT),
    },
    outputs=frozenset({"arn", "streamArn", "streamLabel"}),
    create=_create,
    settle=_wait,
    read=_read,
    update=_update,
    delete=_delete,
    tag=_tag,
    missing=frozenset({"ResourceNotFoundException"}),
    problems=_problems,
)

ROWS = (TABLE,)
