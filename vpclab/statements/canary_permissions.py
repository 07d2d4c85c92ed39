"""The canary's trials of permissions: what IAM, Lambda's pollers and S3 refuse on AWS.

Each tries what is not allowed, then the same with permission: a target that refuses everything enforces nothing.
"""

import json
import time
from collections.abc import Callable

from botocore.exceptions import ClientError

from vpclab.statements.canary_world import POLL_SECONDS, CanaryWorld, document
from vpclab.statements.finding import Finding, enforced, not_enforced, unknown
from vpclab.statements.log_group import search
from vpclab.statements.polling import poll

SQS_POLICY = "AWSLambdaSQSQueueExecutionRole"
DELIVERY_SECONDS = 20.0
DENIALS = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError")
LOGS = {"Effect": "Allow", "Action": "logs:CreateLogGroup", "Resource": "arn:aws:logs:*:*:*"}
MALFORMED = {
    "an effect that is neither Allow nor Deny": document({**LOGS, "Effect": "Maybe"}),
    "an action with a space in it": document({**LOGS, "Action": "logs: CreateLogGroup"}),
    "a resource with a space in it": document({**LOGS, "Resource": "arn:aws: logs:*:*:*"}),
    "a principal in a policy of an identity": document({**LOGS, "Principal": "*"}),
}


def authorization(world: CanaryWorld, allowed_function: str | None) -> Finding:
    """Call SQS as a role without policies, then with one for one of two queues.

    ``allowed_function``: one whose role lets its log be delivered. With it the service is tried as well: what a
    function prints whose role has no policies must not arrive.
    """
    role = world.role("bare")
    queues = [_queue(world, name) for name in ("first", "second")]
    bare = world.target.client("sts").assume_role(RoleArn=role, RoleSessionName="canary")["Credentials"]
    sqs = world.target.acting_as(bare).client("sqs")

    def sends(queue: str) -> bool:
        return _is_allowed(lambda: sqs.send_message(QueueUrl=queue, MessageBody="canary"))

    if sends(queues[0]):
        return not_enforced("a role without policies was allowed to send a message")
    statement = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": _queue_arn(world, queues[0])}
    iam, identity = world.target.client("iam"), {"RoleName": role.rpartition("/")[2], "PolicyName": "canary"}
    iam.put_role_policy(**identity, PolicyDocument=document(statement))
    world.undo("inline policy", iam.delete_role_policy, **identity)
    if not sends(queues[0]):
        return unknown("a role was refused what its policy allows")
    if sends(queues[1]):
        return not_enforced("a role whose policy names one queue was allowed to use another")
    if allowed_function is not None and _log_arrives_without_permission(world, allowed_function):
        return not_enforced("what a function printed arrived, although its role may not write logs")
    return enforced("a role was allowed what its policy allows, and nothing else")


def policy_grammar(world: CanaryWorld) -> Finding:
    """Offer documents to IAM that do not obey the grammar, and one that does."""
    iam = world.target.client("iam")

    def accepts(name: str, text: str) -> bool:
        try:
            made = iam.create_policy(PolicyName=world.name(name), PolicyDocument=text)["Policy"]["Arn"]
        except iam.exceptions.MalformedPolicyDocumentException:
            return False
        world.undo(made, iam.delete_policy, PolicyArn=made)
        return True

    if not accepts("well-formed", document(LOGS)):
        return unknown("IAM refused a policy that obeys the grammar")
    taken = [what for number, (what, text) in enumerate(MALFORMED.items()) if accepts(f"malformed-{number}", text)]
    if taken:
        return not_enforced(f"IAM took a policy with {taken[0]}")
    return enforced("IAM refused policies that do not obey the grammar")


def event_sources(world: CanaryWorld, *, runs: bool) -> Finding:
    """Map a queue to a function whose role may not read it; then let it, and send a message."""
    queue, role = _queue(world, "source"), world.role("consumer")
    function = world.function("consumer", role)
    service = world.target.client("lambda")
    wanted = {"EventSourceArn": _queue_arn(world, queue), "FunctionName": function}

    def accepts() -> bool:
        try:
            mapping = service.create_event_source_mapping(**wanted)["UUID"]
        except service.exceptions.InvalidParameterValueException:
            return False
        world.undo(f"mapping {mapping}", service.delete_event_source_mapping, UUID=mapping)
        return True

    if accepts():
        return not_enforced("a mapping was made for a role that may not read the queue")
    world.attach(role, SQS_POLICY)
    if not accepts():
        return unknown("a mapping was refused although the role may read the queue")
    if not runs:
        return unknown("the role is checked, but functions do not run")
    sqs = world.target.client("sqs")
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps({"canary": True}))
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def consumed() -> bool:
        counts = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
        return not any(int(counts[name]) for name in names)

    if not poll(consumed, seconds=DELIVERY_SECONDS, pause=POLL_SECONDS):
        return not_enforced("a message in the queue was not delivered to the function")
    return enforced("the role is checked, and a message was delivered")


def notifications(world: CanaryWorld, function: str, *, logs: bool) -> Finding:
    """Have a bucket notify a function that does not let it; then let it, and upload something."""
    s3, bucket = world.target.client("s3"), world.name("bucket")
    region = world.target.region
    placed = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=bucket, **placed)
    world.undo(f"bucket {bucket}", s3.delete_bucket, Bucket=bucket)
    service = world.target.client("lambda")
    arn = service.get_function_configuration(FunctionName=function)["FunctionArn"]
    wanted = {
        "Bucket": bucket,
        "NotificationConfiguration": {
            "LambdaFunctionConfigurations": [{"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}]
        },
    }
    if _is_accepted(lambda: s3.put_bucket_notification_configuration(**wanted)):
        return not_enforced("a bucket was set to notify a function that does not let it")
    service.add_permission(
        FunctionName=function,
        StatementId="canary",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn=f"arn:aws:s3:::{bucket}",
    )
    if not _is_accepted(lambda: s3.put_bucket_notification_configuration(**wanted)):
        return unknown("a bucket was not let notify a function that lets it")
    if not logs:
        return unknown("the permission is checked, but no log would show that the function was notified")
    began = time.time()
    key = f"canary-{world.run}"
    s3.put_object(Bucket=bucket, Key=key, Body=b"")
    world.undo(f"object {key}", s3.delete_object, Bucket=bucket, Key=key)
    # The canary's code prints an empty line for an event without a nonce; a START line shows that it was invoked.
    if search(world.target, f"/aws/lambda/{function}", "START RequestId", began) is None:
        return not_enforced("an upload did not invoke the function")
    return enforced("the permission is checked, and an upload invoked the function")


def _log_arrives_without_permission(world: CanaryWorld, allowed_function: str) -> bool:
    """Invoke a function that may not log; wait for one that may, invoked after it, and look whose line arrived."""
    mute = world.function("mute", world.role("mute"))
    began = time.time()
    hidden = world.invoke(mute)["nonce"]
    shown = world.invoke(allowed_function)["nonce"]
    search(world.target, f"/aws/lambda/{allowed_function}", shown, began)
    logs = world.target.client("logs")
    try:
        found = logs.filter_log_events(logGroupName=f"/aws/lambda/{mute}", filterPattern=f'"{hidden}"')
    except logs.exceptions.ResourceNotFoundException:
        return False
    return bool(found["events"])


def _queue(world: CanaryWorld, name: str) -> str:
    sqs = world.target.client("sqs")
    url: str = sqs.create_queue(QueueName=world.name(name))["QueueUrl"]
    world.undo(url, sqs.delete_queue, QueueUrl=url)
    return url


def _queue_arn(world: CanaryWorld, url: str) -> str:
    attributes = world.target.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return str(attributes["Attributes"]["QueueArn"])


def _is_allowed(call: Callable[[], object]) -> bool:
    """Whether a call is allowed; what fails for another reason than permissions is raised."""
    try:
        call()
    except ClientError as failure:
        if failure.response["Error"]["Code"] in DENIALS:
            return False
        raise
    return True


def _is_accepted(call: Callable[[], object]) -> bool:
    try:
        call()
    except ClientError as failure:
        if failure.response["Error"]["Code"] == "InvalidArgument":
            return False
        raise
    return True
