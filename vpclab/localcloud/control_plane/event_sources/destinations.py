"""Where events go that a function failed at, or was done with: destinations and dead-letter queues.

Sources: Lambda guide, invocation-async-retain-records, kinesis-on-failure-destination; API reference,
DestinationConfig and DeadLetterConfig. The service acts with the function's execution role, asked when the target
is configured and again when something is sent.
"""

import json
import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.core.exceptions import ServiceException
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends

from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.event_sources.mapping import service_of
from vpclab.localcloud.control_plane.event_sources.permissions import Permissions
from vpclab.localcloud.control_plane.event_sources.queue import Queue

_ACTIONS = {
    "sqs": "sqs:SendMessage",
    "sns": "sns:Publish",
    "lambda": "lambda:InvokeFunction",
    "s3": "s3:PutObject",
}

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Failure:
    """How the last invocation ended."""

    status: int
    executed_version: str
    function_error: str | None

    @property
    def context(self) -> dict[str, Any]:
        """``responseContext`` of an invocation record."""
        found: dict[str, Any] = {"statusCode": self.status, "executedVersion": self.executed_version}
        if self.function_error is not None:
            found["functionError"] = self.function_error
        return found


class Destinations:
    """Sends to SQS, SNS, Lambda and S3. Call with the control plane's lock held.

    ``queue_event`` queues an event for a function, by its ARN.
    """

    def __init__(self, permissions: Permissions, queue_event: Callable[[str, bytes], None]) -> None:
        self._permissions = permissions
        self._queue_event = queue_event

    def check(self, role_arn: str, target: str) -> None:
        """Raise Lambda's refusal of a destination that is none, or that the role may not use."""
        service = service_of(target)
        if service not in _ACTIONS:
            raise ApiError(
                "UnsupportedOperation",
                f"The destination {target} is not modelled by the local cloud: it sends to SQS queues, "
                "SNS topics, Lambda functions and S3 buckets.",
            )
        if service == "s3":
            if _bucket(target) is None:
                raise ApiError("InvalidParameterValueException", f"The destination ARN {target} is invalid.")
        elif len(target.split(":")) < 6:  # noqa: PLR2004 - an ARN
            raise ApiError("InvalidParameterValueException", f"The destination ARN {target} is invalid.")
        if not self._allowed(role_arn, target):
            raise ApiError(
                "InvalidParameterValueException",
                f"The function's execution role does not have permissions to call "
                f"{_ACTIONS[service].partition(':')[2]} on {target}",
            )

    def check_dead_letter(self, role_arn: str, target: str) -> None:
        """Raise Lambda's refusal of a DeadLetterConfig."""
        service = service_of(target)
        if service not in ("sqs", "sns"):
            raise ApiError(
                "InvalidParameterValueException",
                f"The target ARN {target} is invalid: a dead-letter queue is an SQS queue or an SNS topic.",
            )
        if not self._allowed(role_arn, target):
            raise ApiError(
                "InvalidParameterValueException",
                "The provided execution role does not have permissions to call "
                f"{_ACTIONS[service].partition(':')[2]} on {service.upper()}",
            )

    def send(
        self,
        role_arn: str,
        target: str,
        record: Mapping[str, Any],
        *,
        object_prefix: str,
        object_adds: Mapping[str, Any] | None = None,
    ) -> None:
        """Send an invocation record; to a bucket, as an object under a prefix with more in it.

        What cannot be delivered is lost, as on AWS, which counts DestinationDeliveryFailures; the log has it.
        """
        now = datetime.now(UTC)
        key = f"{object_prefix}/{now:%Y/%m/%d/%Y-%m-%dT%H.%M.%S}-{uuid.uuid4()}"
        if service_of(target) == "s3":
            record = {**record, **(object_adds or {})}
        self._deliver(role_arn, target, json.dumps(record), {}, key)

    def send_dead_letter(
        self, role_arn: str, target: str, payload: bytes, attributes: Mapping[str, tuple[str, str]]
    ) -> None:
        """Send an event as it is, with what is told of it as message attributes (name to type and value)."""
        given = {
            name: {"DataType": kind, "StringValue": value} for name, (kind, value) in attributes.items() if value
        }
        self._deliver(role_arn, target, payload.decode("utf-8", "replace"), given, "")

    def _deliver(
        self, role_arn: str, target: str, body: str, attributes: dict[str, dict[str, str]], key: str
    ) -> None:
        if not self._allowed(role_arn, target):
            _LOG.warning("%s may not send to %s: what should have gone there is lost", role_arn, target)
            return
        _, _, service, region, account, name = target.split(":", 5)
        try:
            if service == "sqs":
                Queue(target).send(body, attributes)
            elif service == "sns":
                told = {
                    key: {"Type": one["DataType"], "Value": one["StringValue"]} for key, one in attributes.items()
                }
                sns_backends[account][region].publish(body, arn=target, message_attributes=told)
            elif service == "lambda":
                self._queue_event(target, body.encode())
            elif (backend := _bucket(target)) is not None:
                backend.put_object(name.partition("/")[0], key, body.encode())
        except (ServiceException, ApiError, KeyError) as error:
            _LOG.warning("%s could not be sent to: %s", target, error)

    def _allowed(self, role_arn: str, target: str) -> bool:
        service = service_of(target)
        resource = f"{target}/*" if service == "s3" else target
        return self._permissions.role_allows(role_arn, _ACTIONS[service], resource)


def _bucket(target: str) -> Any:  # noqa: ANN401 - moto's backend
    """The S3 backend that has the bucket; None: none has it."""
    name = target.rpartition(":")[2]
    for of_account in s3_backends.values():
        for backend in of_account.values():
            if name in backend.buckets:
                return backend
    return None
