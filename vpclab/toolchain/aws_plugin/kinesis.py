"""Row: Kinesis data streams. The name is fixed, the rest changes in place (Kinesis Data Streams API reference)."""

from collections.abc import Iterator, Mapping
from typing import Any

from vpclab.toolchain.aws_plugin.call import Call, given
from vpclab.toolchain.aws_plugin.schema import NUMBER, SWITCH, Input, Kind, ResourceType, computed, local, required

LONGEST_NAME = 128
SHORTEST_RETENTION_HOURS = 24
PROVISIONED, ON_DEMAND = "PROVISIONED", "ON_DEMAND"


def _mode(inputs: Mapping[str, Any]) -> str:
    return str((inputs.get("streamModeDetails") or {}).get("streamMode") or PROVISIONED)


def _create(call: Call) -> str:
    shards = given(call.inputs, ShardCount="shardCount") if _mode(call.inputs) == PROVISIONED else {}
    call.client.create_stream(
        StreamName=call.inputs["name"],
        StreamModeDetails={"StreamMode": _mode(call.inputs)},
        **shards,
    )
    summary = call.client.describe_stream_summary(StreamName=call.inputs["name"])["StreamDescriptionSummary"]
    return str(summary["StreamARN"])


def _summary(call: Call) -> dict[str, Any]:
    found: dict[str, Any] = call.client.describe_stream_summary(StreamARN=call.id)["StreamDescriptionSummary"]
    return found


def _wait(call: Call) -> None:
    call.until(lambda: _summary(call)["StreamStatus"] == "ACTIVE" or None, f"{call.id} is active")


def _write_retention(call: Call, before: int) -> None:
    hours = call.inputs["retentionPeriod"]
    if hours != before:
        change = "increase" if hours > before else "decrease"
        getattr(call.client, f"{change}_stream_retention_period")(StreamARN=call.id, RetentionPeriodHours=hours)
        _wait(call)


def _settle(call: Call) -> None:
    _wait(call)
    _write_retention(call, SHORTEST_RETENTION_HOURS)
    _tag(call, dict(call.tags), [])


def _read(call: Call) -> dict[str, Any] | None:
    found = _summary(call)
    if found["StreamStatus"] == "DELETING":
        return None
    mode = found.get("StreamModeDetails", {}).get("StreamMode", PROVISIONED)
    tags = call.client.list_tags_for_stream(StreamARN=call.id)["Tags"]
    return {
        "arn": found["StreamARN"],
        "name": found["StreamName"],
        "retentionPeriod": found["RetentionPeriodHours"],
        "shardCount": found["OpenShardCount"] if mode == PROVISIONED else 0,
        "streamModeDetails": {"streamMode": mode},
        "tagsAll": {tag["Key"]: tag["Value"] for tag in tags},
    }


def _update(call: Call, changed: frozenset[str]) -> None:
    if "streamModeDetails" in changed:
        call.client.update_stream_mode(StreamARN=call.id, StreamModeDetails={"StreamMode": _mode(call.inputs)})
        _wait(call)
    if "shardCount" in changed and _mode(call.inputs) == PROVISIONED:
        call.client.update_shard_count(
            StreamARN=call.id, TargetShardCount=call.inputs["shardCount"], ScalingType="UNIFORM_SCALING"
        )
        _wait(call)
    if "retentionPeriod" in changed:
        _write_retention(call, call.state["retentionPeriod"])


def _delete(call: Call) -> None:
    call.client.delete_stream(
        StreamARN=call.id, EnforceConsumerDeletion=call.state.get("enforceConsumerDeletion", False)
    )
    call.until_not_found(lambda: _summary(call))


def _tag(call: Call, wanted: dict[str, str], unwanted: list[str]) -> None:
    if unwanted:
        call.client.remove_tags_from_stream(StreamARN=call.id, TagKeys=unwanted)
    if wanted:
        call.client.add_tags_to_stream(StreamARN=call.id, Tags=wanted)


def _problems(inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if _mode(inputs) == PROVISIONED and not inputs.get("shardCount"):
        yield "shardCount", "shardCount is required where streamModeDetails.streamMode is PROVISIONED"


STREAM = ResourceType(
    type_name="aws:kinesis/stream:Stream",
    noun="Kinesis Stream",
    service="kinesis",
    inputs={
        "name": Input(replaces=True, named=LONGEST_NAME),
        "shardCount": computed(NUMBER),
        "retentionPeriod": Input(Kind.NUMBER, default=SHORTEST_RETENTION_HOURS),
        "streamModeDetails": Input(Kind.OBJECT, computed=True, fields={"streamMode": required(Input())}),
        "enforceConsumerDeletion": local(SWITCH),
    },
    outputs=frozenset({"arn"}),
    create=_create,
    settle=_settle,
    read=_read,
    update=_update,
    delete=_delete,
    tag=_tag,
    missing=frozenset({"ResourceNotFoundException"}),
    problems=_problems,
)

ROWS = (STREAM,)
