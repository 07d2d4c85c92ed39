"""What operations of SQS and SNS need. Source: Service Authorization Reference."""

import re

from vpclab.localcloud.control_plane.authorization.access import Access
from vpclab.localcloud.control_plane.authorization.asked import Asked, account_of

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
    arns = [_queue_arn(asked, url) for url in given.texts("QueueUrl")]
    arns += given.texts("SourceArn")
    owner = given.text("QueueOwnerAWSAccountId") if operation == "GetQueueUrl" else None
    arns += [asked.arn("sqs", name, owner) for name in given.texts("QueueName")]
    return tuple(asked.access(action, arn) for arn in arns) or (Access(action, None),)


def _queue_arn(asked: Asked, url: str) -> str | None:
    named = _QUEUE_URL.fullmatch(url)
    if named is not None:
        return asked.arn("sqs", named[2], named[1])
    return asked.arn("sqs", url) if "/" not in url else None


def topic_accesses(asked: Asked) -> tuple[Access, ...]:
    """Return what one operation of SNS needs."""
    given, operation = asked.given, asked.operation
    action = f"sns:{_TOPIC_ACTIONS.get(operation, operation)}"
    if operation in _WITHOUT_TOPIC:
        return (Access(action),)
    arns = list(given.all("TopicArn", "TargetArn", "ResourceArn"))
    if operation == "ConfirmSubscription":  # the topic's owner has agreed, by handing out the token
        return tuple(Access(action, arn) for arn in arns) or (Access(action, None),)
    if operation == "CreateTopic":
        arns += [asked.arn("sns", name) for name in given.texts("Name")]
    context = {}
    if operation == "Subscribe":
        keys = {"sns:protocol": given.text("Protocol"), "sns:endpoint": given.text("Endpoint")}
        context = {key: (value,) for key, value in keys.items() if value}
    return tuple(Access(action, arn, account_of(arn), context) for arn in arns) or (Access(action, None),)
