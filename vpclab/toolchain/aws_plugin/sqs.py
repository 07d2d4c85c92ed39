"""Row: SQS queues. The name is fixed, all attributes change in place (Amazon SQS API reference).

First-in-first-out queues are not modelled.
"""

from collections.abc import Mapping
from typing import Any

from vpclab.toolchain.aws_plugin.call import Call
from vpclab.toolchain.aws_plugin.schema import TEXT, Input, Kind, ResourceType, computed

LONGEST_NAME = 80

NUMBERS = {
    "delaySeconds": ("DelaySeconds", 0),
    "maxMessageSize": ("MaximumMessageSize", 262_144),
    "messageRetentionSeconds": ("MessageRetentionPeriod", 345_600),
    "receiveWaitTimeSeconds": ("ReceiveMessageWaitTimeSeconds", 0),
    "visibilityTimeoutSeconds": ("VisibilityTimeout", 30),
    "kmsDataKeyReusePeriodSeconds": ("KmsDataKeyReusePeriodSeconds", 300),
}
"""The attribute behind an input, and what it is when left out."""

DOCUMENTS = {"policy": "Policy", "redrivePolicy": "RedrivePolicy", "redriveAllowPolicy": "RedriveAllowPolicy"}
ATTRIBUTES = {**{name: attribute for name, (attribute, _) in NUMBERS.items()}, **DOCUMENTS} | {
    "kmsMasterKeyId": "KmsMasterKeyId",
    "sqsManagedSseEnabled": "SqsManagedSseEnabled",
}
OF_A_KEY = frozenset({"kmsDataKeyReusePeriodSeconds"})
"""Says something only where there is a key, and is not sent without one."""


def _text(value: Any) -> str:  # noqa: ANN401 - a plain value
    return str(value).lower() if isinstance(value, bool) else str(value)


def _attributes(inputs: Mapping[str, Any]) -> dict[str, str]:
    unsaid = frozenset() if inputs.get("kmsMasterKeyId") else OF_A_KEY
    return {
        attribute: _text(inputs[name])
        for name, attribute in ATTRIBUTES.items()
        if inputs.get(name) not in (None, "") and name not in unsaid
    }


def _create(call: Call) -> str:
    answer = call.client.create_queue(
        QueueName=call.inputs["name"], Attributes=_attributes(call.inputs), tags=dict(call.tags)
    )
    return str(answer["QueueUrl"])


def _read(call: Call) -> dict[str, Any] | None:
    found = call.client.get_queue_attributes(QueueUrl=call.id, AttributeNames=["All"])["Attributes"]
    return {
        "arn": found["QueueArn"],
        "url": call.id,
        "name": found["QueueArn"].rpartition(":")[2],
        **{name: int(found.get(attribute, default)) for name, (attribute, default) in NUMBERS.items()},
        **{name: found.get(attribute, "") for name, attribute in DOCUMENTS.items()},
        "kmsMasterKeyId": found.get("KmsMasterKeyId", ""),
        "sqsManagedSseEnabled": found.get("SqsManagedSseEnabled", "false") == "true",
        "tagsAll": call.client.list_queue_tags(QueueUrl=call.id).get("Tags", {}),
    }


def _update(call: Call, changed: frozenset[str]) -> None:
    wanted = _attributes(call.inputs)
    # An empty text takes back what was set before.
    attributes = {ATTRIBUTES[name]: wanted.get(ATTRIBUTES[name], "") for name in changed & ATTRIBUTES.keys()}
    call.client.set_queue_attributes(QueueUrl=call.id, Attributes=attributes)


def _tag(call: Call, wanted: dict[str, str], unwanted: list[str]) -> None:
    if unwanted:
        call.client.untag_queue(QueueUrl=call.id, TagKeys=unwanted)
    if wanted:
        call.client.tag_queue(QueueUrl=call.id, Tags=wanted)


QUEUE = ResourceType(
    type_name="aws:sqs/queue:Queue",
    noun="SQS Queue",
    service="sqs",
    inputs={
        "name": Input(replaces=True, named=LONGEST_NAME),
        **{name: Input(Kind.NUMBER, default=default) for name, (_, default) in NUMBERS.items()},
        **dict.fromkeys(DOCUMENTS, Input(Kind.POLICY, computed=True)),
        "redrivePolicy": Input(Kind.POLICY),
        "kmsMasterKeyId": TEXT,
        "sqsManagedSseEnabled": computed(Input(Kind.BOOLEAN)),
    },
    outputs=frozenset({"arn", "url"}),
    create=_create,
    read=_read,
    update=_update,
    delete=lambda call: call.client.delete_queue(QueueUrl=call.id),
    tag=_tag,
    missing=frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}),
)

ROWS = (QUEUE,)
