"""Row: event source mappings of queues and streams. Source and starting position are fixed (Lambda API reference).

Kafka, Amazon MQ and Amazon DocumentDB are not modelled.
"""

from collections.abc import Mapping
from typing import Any

from vpclab.toolchain.aws_plugin.call import Call, given
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
    required,
)

CHANGEABLE = {
    "BatchSize": "batchSize",
    "BisectBatchOnFunctionError": "bisectBatchOnFunctionError",
    "Enabled": "enabled",
    "FunctionName": "functionName",
    "FunctionResponseTypes": "functionResponseTypes",
    "MaximumBatchingWindowInSeconds": "maximumBatchingWindowInSeconds",
    "MaximumRecordAgeInSeconds": "maximumRecordAgeInSeconds",
    "MaximumRetryAttempts": "maximumRetryAttempts",
    "ParallelizationFactor": "parallelizationFactor",
    "TumblingWindowInSeconds": "tumblingWindowInSeconds",
}
CREATE_ONLY = {"EventSourceArn": "eventSourceArn", "StartingPosition": "startingPosition"}
NUMBERS = (
    *("batchSize", "maximumBatchingWindowInSeconds", "maximumRecordAgeInSeconds", "maximumRetryAttempts"),
    *("parallelizationFactor",),
)
MOVING_STATES = frozenset({"Creating", "Enabling", "Disabling", "Updating"})


def _nested(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that are more than a value; what the inputs leave out stays out."""
    parameters: dict[str, Any] = {}
    if inputs.get("filterCriteria"):
        filters = [{"Pattern": one["pattern"]} for one in inputs["filterCriteria"].get("filters", [])]
        parameters["FilterCriteria"] = {"Filters": filters}
    if inputs.get("destinationConfig"):
        failed = inputs["destinationConfig"].get("onFailure") or {}
        parameters["DestinationConfig"] = {"OnFailure": given(failed, Destination="destinationArn")}
    if inputs.get("scalingConfig"):
        parameters["ScalingConfig"] = given(inputs["scalingConfig"], MaximumConcurrency="maximumConcurrency")
    return parameters


def _parameters(inputs: Mapping[str, Any]) -> dict[str, Any]:
    parameters = {**given(inputs, **CHANGEABLE), **_nested(inputs)}
    if ":sqs:" in inputs.get("eventSourceArn", ""):
        parameters.pop("BisectBatchOnFunctionError")  # of streams alone, as its default cannot know
    return parameters


def _create(call: Call) -> str:
    tags = {"Tags": dict(call.tags)} if call.tags else {}
    answer = call.client.create_event_source_mapping(
        **given(call.inputs, **CREATE_ONLY), **_parameters(call.inputs), **tags
    )
    return str(answer["UUID"])


def _mapping(call: Call) -> dict[str, Any]:
    found: dict[str, Any] = call.client.get_event_source_mapping(UUID=call.id)
    return found


def _wait(call: Call) -> None:
    call.until(lambda: _mapping(call)["State"] not in MOVING_STATES or None, f"{call.id} is in force")


def _read(call: Call) -> dict[str, Any] | None:
    found = _mapping(call)
    if found["State"] == "Deleting":
        return None
    arn = found.get("EventSourceMappingArn") or (
        f"arn:aws:lambda:{call.region}:{call.account}:event-source-mapping:{call.id}"
    )
    function, said = found["FunctionArn"], call.inputs.get("functionName") or call.state.get("functionName")
    filters = (found.get("FilterCriteria") or {}).get("Filters", [])
    failed = ((found.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
    concurrency = (found.get("ScalingConfig") or {}).get("MaximumConcurrency")
    return {
        "arn": arn,
        "uuid": found["UUID"],
        "eventSourceArn": found.get("EventSourceArn", ""),
        "functionArn": function,
        "functionName": said if said and function.endswith(f":{said}") else function,
        "startingPosition": found.get("StartingPosition", ""),
        "enabled": found["State"] not in ("Disabled", "Disabling"),
        "bisectBatchOnFunctionError": found.get("BisectBatchOnFunctionError") or False,
        "tumblingWindowInSeconds": found.get("TumblingWindowInSeconds") or 0,
        **{name: found.get(f"{name[0].upper()}{name[1:]}") for name in NUMBERS},
        "functionResponseTypes": sorted(found.get("FunctionResponseTypes") or []),
        "filterCriteria": {"filters": [{"pattern": one["Pattern"]} for one in filters]} if filters else None,
        "destinationConfig": {"onFailure": {"destinationArn": failed}} if failed else None,
        "scalingConfig": {"maximumConcurrency": concurrency} if concurrency else None,
        "lastModified": _moment(found.get("LastModified")),
        "lastProcessingResult": found.get("LastProcessingResult") or "",
        "state": found["State"],
        "stateTransitionReason": found.get("StateTransitionReason") or "",
        "tagsAll": call.client.list_tags(Resource=arn).get("Tags", {}),
    }


def _moment(found: Any) -> str:  # noqa: ANN401 - a date, if anything
    return found.strftime("%Y-%m-%dT%H:%M:%SZ") if found else ""


def _update(call: Call, changed: frozenset[str]) -> None:
    parameters = _parameters(call.inputs)
    if "filterCriteria" in changed:
        parameters.setdefault("FilterCriteria", {})
    if "functionResponseTypes" in changed:
        parameters.setdefault("FunctionResponseTypes", [])
    call.client.update_event_source_mapping(UUID=call.id, **parameters)
    _wait(call)


def _delete(call: Call) -> None:
    call.while_in_use(lambda: call.client.delete_event_source_mapping(UUID=call.id), ("ResourceInUseException",))
    call.until_not_found(lambda: _mapping(call))


def _tag(call: Call, wanted: dict[str, str], unwanted: list[str]) -> None:
    arn = call.state["arn"]
    if unwanted:
        call.client.untag_resource(Resource=arn, TagKeys=unwanted)
    if wanted:
        call.client.tag_resource(Resource=arn, Tags=wanted)


FAILED = {"onFailure": Input(Kind.OBJECT, fields={"destinationArn": required(TEXT)})}
FILTERS = {"filters": Input(Kind.OBJECTS, fields={"pattern": Input(Kind.POLICY)})}

MAPPING = ResourceType(
    type_name="aws:lambda/eventSourceMapping:EventSourceMapping",
    noun="Lambda Event Source Mapping",
    service="lambda",
    inputs={
        "eventSourceArn": fixed(TEXT),
        "functionName": required(TEXT),
        "startingPosition": fixed(TEXT),
        "enabled": Input(Kind.BOOLEAN, default=True),
        **dict.fromkeys(NUMBERS, computed(NUMBER)),
        "bisectBatchOnFunctionError": SWITCH,
        "tumblingWindowInSeconds": computed(NUMBER),
        "functionResponseTypes": SET,
        "filterCriteria": Input(Kind.OBJECT, fields=FILTERS),
        "destinationConfig": Input(Kind.OBJECT, fields=FAILED),
        "scalingConfig": Input(Kind.OBJECT, fields={"maximumConcurrency": NUMBER}),
    },
    outputs=frozenset(
        {"arn", "functionArn", "lastModified", "lastProcessingResult", "state", "stateTransitionReason", "uuid"}
    ),
    create=_create,
    settle=_wait,
    read=_read,
    update=_update,
    delete=_delete,
    tag=_tag,
    missing=frozenset({"ResourceNotFoundException"}),
    moving=frozenset({"lastModified"}),
)

ROWS = (MAPPING,)
