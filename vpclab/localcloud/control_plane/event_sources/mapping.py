"""An event source mapping as Lambda describes it (API reference, EventSourceMappingConfiguration)."""

import time
import uuid
from dataclasses import dataclass, field
from typing import Any

NOTHING_YET = "No records processed"
OK = "OK"
FUNCTION_FAILED = "PROBLEM: Function call failed"
BY_USER = "USER_INITIATED"
WITHOUT_END = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingSettings:
    """What can be changed of a mapping. Times in seconds; -1 means without end, as in the API."""

    is_enabled: bool
    batch_size: int
    batching_window: int
    reports_item_failures: bool
    patterns: tuple[str, ...] = ()
    maximum_concurrency: int | None = None
    maximum_retry_attempts: int = WITHOUT_END
    maximum_record_age: int = WITHOUT_END
    bisects: bool = False
    on_failure: str | None = None


@dataclass(slots=True, kw_only=True)
class EventSourceMapping:
    """One mapping. ``positions`` holds, per shard, the sequence number up to which records were dealt with."""

    account: str
    region: str
    function_arn: str
    event_source_arn: str
    settings: MappingSettings
    starting_position: str | None = None
    starting_timestamp: float | None = None
    tags: dict[str, str] = field(default_factory=dict)
    positions: dict[str, int] = field(default_factory=dict)
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    state: str = "Creating"
    last_result: str = NOTHING_YET
    last_modified: float = field(default_factory=time.time)

    @property
    def arn(self) -> str:
        """The mapping's own ARN."""
        return f"arn:aws:lambda:{self.region}:{self.account}:event-source-mapping:{self.uuid}"

    @property
    def source_service(self) -> str:
        """``sqs``, ``kinesis`` or ``dynamodb``."""
        return service_of(self.event_source_arn)

    def get_configuration(self) -> dict[str, Any]:
        """Return what the API answers; only streams have positions, retries and destinations."""
        settings = self.settings
        found: dict[str, Any] = {
            "UUID": self.uuid,
            "BatchSize": settings.batch_size,
            "MaximumBatchingWindowInSeconds": settings.batching_window,
            "EventSourceArn": self.event_source_arn,
            "EventSourceMappingArn": self.arn,
            "FunctionArn": self.function_arn,
            "LastModified": self.last_modified,
            "LastProcessingResult": self.last_result,
            "State": self.state,
            "StateTransitionReason": BY_USER,
            "FunctionResponseTypes": ["ReportBatchItemFailures"] if settings.reports_item_failures else [],
        }
        if settings.patterns:
            found["FilterCriteria"] = {"Filters": [{"Pattern": one} for one in settings.patterns]}
        if self.source_service == "sqs":
            if settings.maximum_concurrency is not None:
                found["ScalingConfig"] = {"MaximumConcurrency": settings.maximum_concurrency}
            return found
        target = {"Destination": settings.on_failure} if settings.on_failure else {}
        found |= {
            "StartingPosition": self.starting_position,
            "ParallelizationFactor": 1,
            "DestinationConfig": {"OnFailure": target},
            "MaximumRecordAgeInSeconds": settings.maximum_record_age,
            "BisectBatchOnFunctionError": settings.bisects,
            "MaximumRetryAttempts": settings.maximum_retry_attempts,
            "TumblingWindowInSeconds": 0,
        }
        if self.starting_timestamp is not None:
            found["StartingPositionTimestamp"] = self.starting_timestamp
        return found


def service_of(arn: str) -> str:
    """Return the service in an ARN; empty where there is none."""
    parts = arn.split(":")
    return parts[2] if len(parts) > 2 else ""  # noqa: PLR2004 - arn:partition:service
