"""What follows a Publish: every subscriber is sent the message, with its own policy's permission.

moto sends without asking anybody, from the topic's account only, and calls the function from inside the request;
it keeps every message ever published; and a batch loses without a word what it could not publish. Sources: SNS
guide, sns-sqs-as-subscriber, sns-lambda-as-subscriber and sns-message-delivery-retries (what a subscriber refuses
is a client-side error, not retried); API reference, Publish and PublishBatch. What a function makes of an event
is the Lambda service's to retry.
"""

import json
import logging
from collections.abc import Callable
from typing import Any

from moto.sns.exceptions import InvalidParameterValue
from moto.sns.models import SNSBackend, Topic

from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.corrections import Corrections, Moto
from vpclab.localcloud.control_plane.event_sources.permissions import Permissions
from vpclab.localcloud.control_plane.event_sources.queue import Queue
from vpclab.localcloud.control_plane.event_sources.topic_message import TopicMessage

SERVICE = "sns.amazonaws.com"
ACTIONS = {"lambda": "lambda:InvokeFunction", "sqs": "sqs:SendMessage"}
_MOST_RAW_ATTRIBUTES = 10
_MOST_BYTES = 256 * 1024
_LONGEST_SUBJECT = 100

_LOG = logging.getLogger(__name__)


class TopicDelivery:
    """Corrects moto. Call with the control plane's lock held.

    ``exists`` tells whether there is a queue or function with an ARN; ``queue_event`` queues an event for a
    function.
    """

    def __init__(
        self,
        permissions: Permissions,
        exists: Callable[[str], bool],
        queue_event: Callable[[str, bytes], None],
    ) -> None:
        self._permissions = permissions
        self._exists = exists
        self._queue_event = queue_event

    def correct(self, corrections: Corrections) -> None:
        """Take the sending over."""
        corrections.replace(Topic, "publish", self._publishing())
        corrections.wrap(SNSBackend, "publish", _check_publish)
        corrections.wrap(SNSBackend, "publish_batch", _check_batch)

    def send(self, topic_arn: str, protocol: str, endpoint: str, give: Callable[[], None]) -> None:
        """``give`` something to a subscriber if its own policy lets SNS do so now; its publisher hears nothing."""
        owner = topic_arn.split(":")[4]
        if not self._exists(endpoint):
            _LOG.warning("a message of %s is lost: there is no %s", topic_arn, endpoint)
        elif not self._permissions.service_allows(SERVICE, topic_arn, owner, ACTIONS[protocol], endpoint):
            _LOG.warning("a message of %s is lost: %s does not let SNS send it", topic_arn, endpoint)
        else:
            try:
                give()
            except Exception:  # noqa: BLE001 - what was published is published, and others are subscribed too
                _LOG.exception("a message of %s for %s is lost", topic_arn, endpoint)

    def _publishing(self) -> Callable[..., str]:
        """Return what ``Topic.publish`` is from now on."""

        def publish(  # noqa: PLR0913, PLR0917 - moto's own arguments
            topic: Moto,
            message: str,
            subject: str | None = None,
            message_attributes: dict[str, Any] | None = None,
            group_id: str | None = None,
            deduplication_id: str | None = None,
            message_structure: str | None = None,
        ) -> str:
            del group_id, deduplication_id  # of FIFO topics, which nobody can subscribe to
            texts = _texts(message) if message_structure == "json" else {}
            published = TopicMessage(
                topic_arn=topic.arn,
                text=texts.get("default", message),
                subject=subject or None,
                attributes=message_attributes or {},
                texts=texts,
            )
            for subscription in list(topic.sns_backend.subscriptions.values()):
                if subscription.topic.arn == topic.arn and not subscription.attributes["PendingConfirmation"]:
                    self._deliver(subscription, published)
            return published.message_id

        return publish

    def _deliver(self, subscription: Moto, message: TopicMessage) -> None:
        endpoint, arn = subscription.endpoint, subscription.arn
        if not message.is_wanted(subscription.attributes.get("FilterPolicy")):
            return

        def give() -> None:
            if subscription.protocol == "lambda":
                self._queue_event(endpoint, message.event(arn))
            elif not subscription.attributes["RawMessageDelivery"]:
                Queue(endpoint).send(message.envelope(arn))
            elif len(message.attributes) <= _MOST_RAW_ATTRIBUTES:
                Queue(endpoint).send(message.text_for("sqs"), message.raw_attributes())
            else:
                _LOG.warning("a message for %s is lost: raw, it has at most 10 attributes", endpoint)

        self.send(message.topic_arn, subscription.protocol, endpoint, give)


def _check_publish(plain: Moto, backend: Moto, message: str, arn: str | None, **more: Moto) -> Moto:
    """Refuse what has no topic, or that no topic takes."""
    if more.get("phone_number") or ":endpoint/" in (arn or ""):
        raise ApiError(
            "UnsupportedOperation",
            "Publish to a telephone or an application is not modelled by the local cloud: publish to a topic.",
            501,
        )
    if not arn:
        raise InvalidParameterValue(
            "Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter"
        )
    backend.get_topic(arn)
    if not message:
        raise InvalidParameterValue("Invalid parameter: Empty message")
    if _size(message, more.get("message_attributes")) > _MOST_BYTES:
        raise InvalidParameterValue("Invalid parameter: Message too long")
    subject = more.get("subject")
    if subject is not None and not (0 < len(subject) <= _LONGEST_SUBJECT and subject.isprintable()):
        raise InvalidParameterValue("Invalid parameter: Subject")
    if more.get("message_structure") not in (None, "json"):
        raise InvalidParameterValue("Invalid parameter: MessageStructure")
    return plain(backend, message, arn, **more)


def _check_batch(
    plain: Moto, backend: Moto, topic_arn: str, publish_batch_request_entries: list[dict[str, Any]]
) -> Moto:
    """Refuse a batch without entries, and one that is too long as a whole."""
    entries = publish_batch_request_entries
    if not entries:
        raise ApiError("EmptyBatchRequest", "The batch request doesn't contain any entries.")
    if sum(_size(one["Message"], one.get("MessageAttributes")) for one in entries) > _MOST_BYTES:
        raise ApiError(
            "BatchRequestTooLong",
            "The length of all the batch messages put together is more than the limit.",
        )
    return plain(backend, topic_arn=topic_arn, publish_batch_request_entries=entries)


def _texts(message: str) -> dict[str, str]:
    """Return the texts by protocol of a message whose structure is ``json``."""
    try:
        found = json.loads(message)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise InvalidParameterValue("Invalid parameter: Message Structure - JSON message body failed to parse")
    texts = {name: value for name, value in found.items() if isinstance(value, str)}
    if "default" not in texts:
        raise InvalidParameterValue("Invalid parameter: Message Structure - No default entry in JSON message body")
    return texts


def _size(message: str, attributes: dict[str, Any] | None) -> int:
    """Bytes of a message with its attributes."""
    parts = [message]
    for name, one in (attributes or {}).items():
        parts += [name, str(one.get("Type", "")), str(one.get("Value", ""))]
    return sum(len(part.encode()) for part in parts)
