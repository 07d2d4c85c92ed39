"""Reading Create- and UpdateEventSourceMapping: bounds and combinations that Lambda refuses, in its words."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.event_sources.filter_pattern import check_pattern
from vpclab.localcloud.control_plane.event_sources.mapping import MappingSettings, service_of

_DEFAULT_BATCH = {"sqs": 10, "kinesis": 100, "dynamodb": 100}
_MOST_IN_BATCH, _MOST_IN_FIFO_BATCH, _MOST_WITHOUT_WINDOW = 10_000, 10, 10
_MOST_FILTERS = 5
_BOUNDS = {
    "BatchSize": (1, _MOST_IN_BATCH),
    "MaximumBatchingWindowInSeconds": (0, 300),
    "MaximumRetryAttempts": (-1, 10_000),
    "MaximumRecordAgeInSeconds": (-1, 604_800),
}
_FOR_STREAMS = (
    "StartingPosition",
    "StartingPositionTimestamp",
    "BisectBatchOnFunctionError",
    "MaximumRetryAttempts",
    "MaximumRecordAgeInSeconds",
    "ParallelizationFactor",
    "TumblingWindowInSeconds",
)


def invalid(message: str) -> ApiError:
    """Return Lambda's error for a value that it does not take."""
    return ApiError("InvalidParameterValueException", message)


def initial_settings(document: Mapping[str, Any]) -> MappingSettings:
    """Read a CreateEventSourceMapping. ApiError: something in it cannot be."""
    service = service_of(document["EventSourceArn"])
    plain = MappingSettings(
        is_enabled=True, batch_size=_DEFAULT_BATCH[service], batching_window=0, reports_item_failures=False
    )
    return changed_settings(plain, document, document["EventSourceArn"])


def changed_settings(before: MappingSettings, document: Mapping[str, Any], source_arn: str) -> MappingSettings:
    """Read what a request changes. ApiError: something in it cannot be."""
    for name, (least, most) in _BOUNDS.items():
        value = document.get(name)
        if value is not None and not least <= int(value) <= most:
            raise ApiError(
                "ValidationException",
                f"1 validation error detected: Value '{value}' at '{name[0].lower()}{name[1:]}' failed to satisfy "
                f"constraint: Member must have value between {least} and {most}",
            )
    is_queue = service_of(source_arn) == "sqs"
    if is_queue:
        for name in _FOR_STREAMS:
            if document.get(name) is not None:
                raise invalid(f"Unsupported {name} parameter for given event source mapping type.")
    response_types = document.get("FunctionResponseTypes")
    age = document.get("MaximumRecordAgeInSeconds")
    if age is not None and 0 <= int(age) < 60:  # noqa: PLR2004 - the API's: -1, or a minute to a week
        raise invalid(f"MaximumRecordAgeInSeconds {age} is invalid: it is -1, or 60 to 604800.")
    settings = replace(
        before,
        is_enabled=_given(document, "Enabled", before.is_enabled),
        batch_size=int(_given(document, "BatchSize", before.batch_size)),
        batching_window=int(_given(document, "MaximumBatchingWindowInSeconds", before.batching_window)),
        reports_item_failures=(
            before.reports_item_failures if response_types is None else "ReportBatchItemFailures" in response_types
        ),
        patterns=_patterns(document, before.patterns),
        maximum_concurrency=_concurrency(document, before.maximum_concurrency),
        maximum_retry_attempts=int(_given(document, "MaximumRetryAttempts", before.maximum_retry_attempts)),
        maximum_record_age=int(_given(document, "MaximumRecordAgeInSeconds", before.maximum_record_age)),
        bisects=_given(document, "BisectBatchOnFunctionError", before.bisects),
        on_failure=_on_failure(document, before.on_failure, is_queue=is_queue),
    )
    if is_queue:
        _check_queue(settings, source_arn)
    return settings


def _given(document: Mapping[str, Any], name: str, before: Any) -> Any:  # noqa: ANN401 - JSON
    value = document.get(name)
    return before if value is None else value


def _check_queue(settings: MappingSettings, source_arn: str) -> None:
    if source_arn.endswith(".fifo"):
        if settings.batch_size > _MOST_IN_FIFO_BATCH:
            raise invalid(f"The batch size for a FIFO queue is at most {_MOST_IN_FIFO_BATCH}.")
        if settings.batching_window:
            raise invalid("Batching window is not supported for FIFO queues.")
    elif settings.batch_size > _MOST_WITHOUT_WINDOW and not settings.batching_window:
        raise invalid(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
        )


def _patterns(document: Mapping[str, Any], before: tuple[str, ...]) -> tuple[str, ...]:
    if document.get("FilterCriteria") is None:
        return before
    patterns = tuple(str(one.get("Pattern", "")) for one in document["FilterCriteria"].get("Filters") or ())
    if len(patterns) > _MOST_FILTERS:
        raise invalid(f"A mapping has at most {_MOST_FILTERS} filters.")
    for pattern in patterns:
        try:
            parsed = json.loads(pattern)
        except ValueError:
            parsed = None
        if not isinstance(parsed, dict):
            raise invalid("Invalid filter pattern definition.")
        check_pattern(parsed)
    return patterns


def _concurrency(document: Mapping[str, Any], before: int | None) -> int | None:
    if document.get("ScalingConfig") is None:
        return before
    value = document["ScalingConfig"].get("MaximumConcurrency")
    return None if value is None else int(value)


def _on_failure(document: Mapping[str, Any], before: str | None, *, is_queue: bool) -> str | None:
    if document.get("DestinationConfig") is None:
        return before
    config = document["DestinationConfig"]
    if (config.get("OnSuccess") or {}).get("Destination"):
        raise invalid("Unsupported DestinationConfig parameter for given event source mapping type.")
    target = (config.get("OnFailure") or {}).get("Destination") or None
    if target and is_queue:
        raise invalid("Unsupported DestinationConfig parameter for given event source mapping type.")
    return target
