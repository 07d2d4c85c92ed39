"""A message published to an SNS topic, as each kind of subscriber gets it.

Sources: SNS guide, sns-message-and-json-formats, sns-large-payload-raw-message-delivery, message-filtering and
sns-subscription-filter-policies; Lambda guide, with-sns. Nothing is signed here: the fields of a signature are
there, for code that reads them, and hold no signature.
"""

import base64
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from vpclab.localcloud.control_plane.event_sources.filter_pattern import matches

_UNSIGNED = "VU5TSUdORUQ="
"""``UNSIGNED`` in base64, where a signature would be."""

Attributes = Mapping[str, Mapping[str, str]]
"""Message attributes by name, each with ``Type`` and ``Value``; binary values in base64."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicMessage:
    """What was published. ``texts`` holds texts by protocol beside ``text``, which is for every other."""

    topic_arn: str
    text: str
    subject: str | None = None
    attributes: Attributes = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    message_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    timestamp: str = field(
        default_factory=lambda: datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )

    def text_for(self, protocol: str) -> str:
        """Return the text that subscribers by this protocol get."""
        return self.texts.get(protocol, self.text)

    def is_wanted(self, filter_policy: str | None) -> bool:
        """Whether it passes a subscription's filter on message attributes, as JSON text."""
        if not filter_policy:
            return True
        found = {name: _value(one["Type"], one["Value"]) for name, one in self.attributes.items()}
        return matches(json.loads(filter_policy), {name: one for name, one in found.items() if one is not None})

    def envelope(self, subscription_arn: str) -> str:
        """Return the JSON text in a queue's message."""
        found: dict[str, Any] = {
            "Type": "Notification",
            "MessageId": self.message_id,
            "TopicArn": self.topic_arn,
            **({} if self.subject is None else {"Subject": self.subject}),
            "Message": self.text_for("sqs"),
            "Timestamp": self.timestamp,
            "SignatureVersion": "1",
            "Signature": _UNSIGNED,
            "SigningCertURL": _certificate(self.topic_arn),
            "UnsubscribeURL": _unsubscribe(self.topic_arn, subscription_arn),
        }
        if self.attributes:
            found["MessageAttributes"] = self.attributes
        return json.dumps(found, indent=2)

    def raw_attributes(self) -> dict[str, dict[str, Any]]:
        """Return the message attributes as a queue's message has them, where delivery is raw."""
        found: dict[str, dict[str, Any]] = {}
        for name, one in self.attributes.items():
            is_binary = one["Type"].startswith("Binary")
            value = {"BinaryValue": base64.b64decode(one["Value"])} if is_binary else {"StringValue": one["Value"]}
            found[name] = {"DataType": one["Type"], **value}
        return found

    def event(self, subscription_arn: str) -> bytes:
        """Return the event that a function gets."""
        told = {
            "Type": "Notification",
            "MessageId": self.message_id,
            "TopicArn": self.topic_arn,
            "Subject": self.subject,
            "Message": self.text_for("lambda"),
            "Timestamp": self.timestamp,
            "SignatureVersion": "1",
            "Signature": _UNSIGNED,
            "SigningCertUrl": _certificate(self.topic_arn),
            "UnsubscribeUrl": _unsubscribe(self.topic_arn, subscription_arn),
            "MessageAttributes": self.attributes,
        }
        record = {
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "EventSubscriptionArn": subscription_arn,
            "Sns": told,
        }
        return json.dumps({"Records": [record]}).encode()


def confirmation(topic_arn: str, token: str) -> str:
    """Return the message that asks the owner of another account's queue whether it wants to be subscribed."""
    return json.dumps(
        {
            "Type": "SubscriptionConfirmation",
            "MessageId": str(uuid.uuid4()),
            "Token": token,
            "TopicArn": topic_arn,
            "Message": f"You have chosen to subscribe to the topic {topic_arn}.\n"
            "To confirm the subscription, visit the SubscribeURL included in this message.",
            "SubscribeURL": f"{_endpoint(topic_arn)}/?Action=ConfirmSubscription&TopicArn={topic_arn}"
            f"&Token={token}",
            "Timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "SignatureVersion": "1",
            "Signature": _UNSIGNED,
            "SigningCertURL": _certificate(topic_arn),
        },
        indent=2,
    )


def _value(kind: str, value: str) -> object:
    """A message attribute as filters compare it; None: they do not see it, as those in binary."""
    try:
        if kind.endswith(".Array"):
            return json.loads(value)
        if kind.startswith("Number"):
            return float(value)
    except ValueError:
        return None
    return value if kind.startswith("String") else None


def _endpoint(topic_arn: str) -> str:
    return f"https://sns.{topic_arn.split(':')[3]}.amazonaws.com"


def _certificate(topic_arn: str) -> str:
    return f"{_endpoint(topic_arn)}/SimpleNotificationService-unsigned.pem"


def _unsubscribe(topic_arn: str, subscription_arn: str) -> str:
    return f"{_endpoint(topic_arn)}/?Action=Unsubscribe&SubscriptionArn={subscription_arn}"
