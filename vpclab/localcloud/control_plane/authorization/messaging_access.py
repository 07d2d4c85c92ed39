"""What operations of SQS and SNS need. Source: Service Authorization Reference."""

import re

from vpclab.localcloud.control_plane.authorization.access import Access
from vpclab.localcloud.control_plane.authorization.asked import Asked

_QUEUE_URL = re.compile(r"https?://[^/]+/(?:queue/[^/]+/)?(\d{12})/([^/?]+)/?")
_QUEUE_ACTIONS = {
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
    "DeleteMessageBatch": "DeleteMessage",
    "SendMessageBatch": "SendMessage",
}
_TOPIC_ACTIONS = {"PublishBatch": "Publish"}
_WITHOUT_TOPIC = frozenset(
    [
        "CheckIfPhoneNumberIsOptedOut",
        "GetSMSAttributes",
        "GetSubscriptionAttributes",
        "ListOriginationNumbers",
        "ListPhoneNumbersOptedOut",
        "ListPlatformApplications",
        "ListSMSSandboxPhoneNumbers",
        "ListSubscriptions",
        "ListTopics",
        "OptInPhoneNumber",
        "SetSMSAttributes",
        "SetSubscriptionAttributes",
        "Unsubscribe",
    ]
)


def queue_accesses(asked: Asked) -> tuple[Access, ...]:
    """Return what one operation of SQS needs."""
    given, operation = asked.given, asked.operation
    action = f"sqs:{_QUEUE_ACTIONS.get(operation, operation)}"
    if operation == "ListQueues":
        return (Access(action),)
    if url := given.text("QueueUrl"):
        named = _QUEUE_URL.fullmatch(url)
        account, name = (named[1], named[2]) if named else (None, url if "/" not in url else None)
        return (asked.access(action, asked.arn("sqs", name, account) if name else None),)
    if source := given.text("SourceArn"):
        return (asked.access(action, source),)
    name = given.text("QueueName")
    owner = given.text("QueueOwnerAWSAccountId") if operation == "GetQueueUrl" else None
    return (asked.access(action, asked.arn("sqs", name, owner) if name else None),)


def topic_accesses(asked: Asked) -> tuple[Access, ...]:
    """Return what one operation of SNS needs."""
    given, operation = asked.given, asked.operation
    action = f"sns:{_TOPIC_ACTIONS.get(operation, operation)}"
    if operation in _WITHOUT_TOPIC:
        return (Access(action),)
    arn = given.text("TopicArn", "TargetArn", "ResourceArn")
    if arn is None and operation == "CreateTopic":
        name = given.text("Name")
        arn = asked.arn("sns", name) if name else None
    plain = asked.access(action, arn)
    context = {}
    if operation == "Subscribe":
        keys = {"sns:protocol": given.text("Protocol"), "sns:endpoint": given.text("Endpoint")}
        context = {key: (value,) for key, value in keys.items() if value}
    return (Access(plain.action, plain.resource, plain.account, context),)
