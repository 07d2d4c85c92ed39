"""S3's notifications: checked when they are configured, and delivered with the destination's permission.

moto accepts any destination and calls the function from inside the upload. Sources: S3 user guide,
notification-content-structure and grant-destinations-permissions-to-s3; Lambda guide, with-s3. Only the resource's
own policy counts. Where it is taken away later, events end and uploads go on.
"""

import json
import time
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from itertools import combinations
from typing import Any
from urllib.parse import quote_plus

from moto.s3 import notifications
from moto.s3.models import NotificationConfiguration
from moto.s3.responses import S3Response

from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.corrections import Corrections, Moto
from vpclab.localcloud.control_plane.event_sources.mapping import service_of
from vpclab.localcloud.control_plane.event_sources.permissions import Permissions

SERVICE = "s3.amazonaws.com"
_ACTIONS = {"lambda": "lambda:InvokeFunction", "sqs": "sqs:SendMessage", "sns": "sns:Publish"}
_SKIP = "x-amz-skip-destination-validation"
_NOT_VALID = "Unable to validate the following destination configurations"
_AMBIGUOUS = (
    "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are "
    "overlapping for the same event type."
)


class BucketNotifications:
    """Corrects moto.

    ``exists`` tells whether there is a queue, topic or function with an ARN; ``deliver`` sends it an event of a
    bucket.
    """

    def __init__(
        self, permissions: Permissions, exists: Callable[[str], bool], deliver: Callable[[Moto, str, bytes], None]
    ) -> None:
        self._permissions = permissions
        self._exists = exists
        self._deliver = deliver

    def correct(self, corrections: Corrections) -> None:
        """Check configurations where they are read, and take the sending over."""
        corrections.wrap(S3Response, "_notification_config_from_body", self._configured)
        corrections.replace(notifications, "send_event", self._send)
        corrections.replace(notifications, "send_test_event", self._send_test)

    def allows(self, bucket_arn: str, account: str, target: str) -> bool:
        """Whether the destination's own policy lets S3 send it events of this bucket of this account."""
        action = _ACTIONS.get(service_of(target))
        return action is not None and self._permissions.service_allows(
            SERVICE, bucket_arn, account, action, target
        )

    def _configured(self, plain: Moto, response: Moto) -> dict[str, Any]:
        """The parsed configuration of a request, once its destinations were found right."""
        config: dict[str, Any] = plain(response)
        if "EventBridgeConfiguration" in config:
            raise ApiError(
                "UnsupportedOperation", "Amazon EventBridge is not modelled by the local cloud: choose a function."
            )
        bucket = response.backend.get_bucket(response.bucket_name)
        made = NotificationConfiguration(
            config.get("TopicConfiguration"),
            config.get("QueueConfiguration"),
            config.get("CloudFunctionConfiguration"),
        )
        rules = [*made.topic, *made.queue, *made.cloud_function]
        if any(_overlap(one, other) for one, other in combinations(rules, 2)):
            raise ApiError("InvalidArgument", _AMBIGUOUS)
        skips = {name.lower(): value for name, value in response.headers.items()}.get(_SKIP, "").lower() == "true"
        if not skips:
            for rule in rules:
                if not self._exists(rule.arn) or not self.allows(bucket.arn, bucket.account_id, rule.arn):
                    raise ApiError("InvalidArgument", _NOT_VALID)
        return config

    def _send(self, account_id: str, event_name: Moto, bucket: Moto, key: Moto) -> None:
        """Hand an event to each destination that wants it (moto calls this within the upload)."""
        config = bucket.notification_configuration
        if config is None:
            return
        for rule in (*config.cloud_function, *config.queue, *config.topic):
            if rule.matches(event_name, key.name):
                event = json.dumps(_event(str(event_name.value), bucket, key, rule.id, account_id))
                self._deliver(bucket, rule.arn, event.encode())

    def _send_test(self, account_id: str, bucket: Moto) -> None:
        """Send queues and topics the event by which S3 tries a new configuration; functions get none."""
        del account_id
        config = bucket.notification_configuration
        for target in {rule.arn for rule in (*config.queue, *config.topic)}:
            event = {
                "Service": "Amazon S3",
                "Event": "s3:TestEvent",
                "Time": _now(),
                "Bucket": bucket.name,
                "RequestId": _request_id(),
                "HostId": uuid.uuid4().hex,
            }
            self._deliver(bucket, target, json.dumps(event).encode())


def _overlap(one: Moto, other: Moto) -> bool:
    """Whether one object's event could match both rules."""
    return _share_event(one.events, other.events) and all(
        _nested(_filter(one, name), _filter(other, name), is_prefix=name == "prefix")
        for name in ("prefix", "suffix")
    )


def _share_event(one: Iterable[str], other: Iterable[str]) -> bool:
    def covers(wide: str, narrow: str) -> bool:
        return wide == narrow or (wide.endswith("*") and narrow.startswith(wide[:-1]))

    return any(covers(first, second) or covers(second, first) for first in one for second in other)


def _filter(rule: Moto, name: str) -> str:
    rules = (rule.filters.get("S3Key") or {}).get("FilterRule") or []
    return next((str(one["Value"]) for one in rules if one["Name"].lower() == name), "")


def _nested(one: str, other: str, *, is_prefix: bool) -> bool:
    if is_prefix:
        return one.startswith(other) or other.startswith(one)
    return one.endswith(other) or other.endswith(one)


def _event(event_name: str, bucket: Moto, key: Moto, rule_id: str, account: str) -> dict[str, Any]:
    """S3's event message, version 2.1."""
    told: dict[str, Any] = {"key": quote_plus(key.name, safe="/")}
    if "ObjectRemoved" not in event_name:
        told |= {"size": key.size, "eTag": key.etag.replace('"', "")}
    if bucket.versioning_status == "Enabled" and key.version_id:
        told["versionId"] = key.version_id
    told["sequencer"] = f"{time.time_ns():016X}"
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": bucket.region_name,
                "eventTime": _now(),
                "eventName": event_name.removeprefix("s3:"),
                "userIdentity": {"principalId": f"AWS:{account}"},
                "requestParameters": {"sourceIPAddress": "127.0.0.1"},
                "responseElements": {"x-amz-request-id": _request_id(), "x-amz-id-2": uuid.uuid4().hex},
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "configurationId": rule_id,
                    "bucket": {
                        "name": bucket.name,
                        "ownerIdentity": {"principalId": account},
                        "arn": bucket.arn,
                    },
                    "object": told,
                },
            }
        ]
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _request_id() -> str:
    return uuid.uuid4().hex[:16].upper()
