"""Policies of buckets, queues, secrets, topics, keys, streams and tables are checked at the call that sets them.

moto keeps whatever text it is given, and the policy is read at every later request. AWS refuses, each service with
a code of its own: S3 API, PutBucketPolicy (MalformedPolicy); SQS API, SetQueueAttributes (InvalidAttributeValue);
Secrets Manager API, PutResourcePolicy (MalformedPolicyDocumentException); SNS API, SetTopicAttributes
(InvalidParameter); KMS API, PutKeyPolicy (MalformedPolicyDocumentException); Kinesis API, PutResourcePolicy
(InvalidArgumentException; its words, and the size, are from memory); DynamoDB API, PutResourcePolicy
(ValidationException, in the words of its answers). Sizes are those of the same pages. A user or role that a policy
names has to exist.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.responses import DynamoHandler
from moto.kinesis.models import KinesisBackend
from moto.kms.models import KmsBackend
from moto.s3.models import S3Backend
from moto.secretsmanager.models import SecretsManagerBackend
from moto.sns.models import SNSBackend
from moto.sqs.models import SQSBackend

from vpclab.authorization import MalformedPolicyError, check_resource_policy
from vpclab.authorization.pattern import text_matches
from vpclab.localcloud.control_plane.additions.policy_documents import is_there, principals_named
from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.authorization.published import is_published
from vpclab.localcloud.control_plane.corrections import Corrections, Moto

_BUCKET, _QUEUE, _SECRET, _TOPIC, _KEY = 20480, 8192, 20480, 30720, 32768
_STREAM, _TABLE = 20480, 20480
"""The most bytes of a policy of each."""

_POLICY = "Policy"


def correct(corrections: Corrections) -> None:
    """Check before moto keeps."""
    corrections.wrap(S3Backend, "put_bucket_policy", _put_bucket_policy)
    corrections.wrap(SQSBackend, "create_queue", _create_queue)
    corrections.wrap(SQSBackend, "set_queue_attributes", _set_queue_attributes)
    corrections.wrap(SecretsManagerBackend, "put_resource_policy", _put_resource_policy)
    corrections.wrap(SNSBackend, "create_topic", _create_topic)
    corrections.wrap(SNSBackend, "set_topic_attribute", _set_topic_attribute)
    corrections.wrap(KmsBackend, "create_key", _create_key)
    corrections.wrap(KmsBackend, "put_key_policy", _put_key_policy)
    corrections.wrap(KinesisBackend, "put_resource_policy", _put_stream_policy)
    corrections.wrap(DynamoDBBackend, "put_resource_policy", _put_table_policy)
    corrections.wrap(DynamoHandler, "create_table", _create_table)


class _PrincipalError(MalformedPolicyError):
    """A principal is of no possible form, or does not exist."""


def _checked(text: str, longest: int) -> Any:  # noqa: ANN401 - what JSON holds
    """Return the document. MalformedPolicyError: it cannot be a policy, or names nobody."""
    if len(text.encode(errors="replace")) > longest:
        raise MalformedPolicyError(
            f"Normalized policy document exceeds the maximum allowed size of {longest} bytes."
        )
    try:
        check_resource_policy(text)
    except MalformedPolicyError as error:
        raise (_PrincipalError if "rincipal" in str(error) else MalformedPolicyError)(str(error)) from None
    for name in principals_named(text):
        if not is_there(name):
            raise _PrincipalError(f'Invalid principal in policy: "AWS":"{name}"')
    return json.loads(text)


def _put_bucket_policy(plain: Moto, backend: Moto, bucket_name: str, policy: bytes) -> None:
    backend.get_bucket(bucket_name)
    text = policy.decode(errors="replace")
    if not text.startswith("{"):
        raise ApiError("MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'")
    try:
        document = _checked(text, _BUCKET)
    except _PrincipalError:
        raise ApiError("MalformedPolicy", "Invalid principal in policy") from None
    except MalformedPolicyError as error:
        raise ApiError("MalformedPolicy", str(error)) from None
    for action in _named(document, "Action"):
        if "*" not in action and "?" not in action and not is_published(action):
            raise ApiError("MalformedPolicy", "Policy has invalid action")
    for resource in _named(document, "Resource"):
        bucket = resource.removeprefix("arn:aws:s3:::").partition("/")[0]
        if resource != "*" and (bucket == resource.partition("/")[0] or not text_matches(bucket, bucket_name)):
            raise ApiError("MalformedPolicy", "Policy has invalid resource")
    plain(backend, bucket_name, policy)


def _create_queue(plain: Moto, backend: Moto, name: str, *given: Moto, **attributes: Moto) -> Moto:
    _check_queue(attributes)
    return plain(backend, name, *given, **attributes)


def _set_queue_attributes(plain: Moto, backend: Moto, queue_name: str, attributes: dict[str, Any]) -> Moto:
    backend.get_queue(queue_name)
    _check_queue(attributes)
    return plain(backend, queue_name, attributes)


def _check_queue(attributes: dict[str, Any]) -> None:
    _check(attributes.get(_POLICY), _QUEUE, lambda _: _refusal("InvalidAttributeValue", "parameter"))


def _refusal(code: str, what: str) -> ApiError:
    return ApiError(code, f"Invalid value for the {what} Policy.")


def _put_resource_policy(plain: Moto, backend: Moto, secret_id: str, policy: str) -> Moto:
    backend.describe_secret(secret_id)  # raises where there is none

    def refused(error: MalformedPolicyError) -> ApiError:
        said = "an unsupported principal" if isinstance(error, _PrincipalError) else f"a syntax error: {error}"
        return ApiError(
            "MalformedPolicyDocumentException", f"This resource policy contains {said}.".replace("..", ".")
        )

    _check(policy or "{}", _SECRET, refused)
    return plain(backend, secret_id, policy)


def _create_topic(
    plain: Moto, backend: Moto, name: str, attributes: Moto = None, *given: Moto, **more: Moto
) -> Moto:
    _check((attributes or {}).get(_POLICY), _TOPIC, _of_topic)
    return plain(backend, name, attributes, *given, **more)


def _set_topic_attribute(plain: Moto, backend: Moto, topic_arn: str, name: str, value: str) -> None:
    backend.get_topic(topic_arn)
    if name.lower() == "policy":
        _check(value, _TOPIC, _of_topic)
    plain(backend, topic_arn, name, value)


def _of_topic(error: MalformedPolicyError) -> ApiError:
    said = "PrincipalNotFound" if isinstance(error, _PrincipalError) else str(error)
    return ApiError("InvalidParameter", f"Invalid parameter: Policy Error: {said}")


def _create_key(plain: Moto, backend: Moto, policy: str | None, *given: Moto, **more: Moto) -> Moto:
    _check(policy, _KEY, _of_key)
    return plain(backend, policy, *given, **more)


def _put_key_policy(plain: Moto, backend: Moto, key_id: str, policy: str) -> None:
    _check(policy, _KEY, _of_key)
    plain(backend, key_id, policy)


def _of_key(error: MalformedPolicyError) -> ApiError:
    said = "Policy contains a statement with one or more invalid principals."
    return ApiError("MalformedPolicyDocumentException", said if isinstance(error, _PrincipalError) else str(error))


def _put_stream_policy(plain: Moto, backend: Moto, resource_arn: str, policy_doc: str) -> None:
    if "/consumer/" not in resource_arn:
        backend.describe_stream(stream_arn=resource_arn, stream_name=None)  # raises where there is none
    _check(policy_doc or "{}", _STREAM, lambda error: ApiError("InvalidArgumentException", str(error)))
    plain(backend, resource_arn, policy_doc)


def _put_table_policy(plain: Moto, backend: Moto, resource_arn: str, policy_doc: str, **given: Moto) -> Moto:
    if resource_arn.rpartition("/")[2] in backend.tables:
        _check(policy_doc or "{}", _TABLE, _of_table)
    return plain(backend, resource_arn, policy_doc, **given)


def _create_table(plain: Moto, handler: Moto) -> Moto:
    """Take the policy that comes with a new table, which moto lets fall."""
    text = handler.body.get("ResourcePolicy")
    _check(text, _TABLE, _of_table)
    answer = plain(handler)
    if text:
        backend = handler.dynamodb_backend
        table = backend.tables[handler.body["TableName"]]
        backend.put_resource_policy(resource_arn=table.table_arn, policy_doc=text, expected_revision_id=None)
    return answer


def _of_table(error: MalformedPolicyError) -> ApiError:
    said = f"One or more parameter values were invalid: Invalid policy document: {error}"
    return ApiError("ValidationException", said)


def _check(text: str | None, longest: int, refused: Callable[[MalformedPolicyError], ApiError]) -> None:
    """Return for no policy and for a good one."""
    if not text:
        return
    try:
        _checked(text, longest)
    except MalformedPolicyError as error:
        raise refused(error) from None


def _named(document: Any, element: str) -> Iterator[str]:  # noqa: ANN401 - what JSON holds
    statements = document["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        given = statement.get(element, statement.get(f"Not{element}", ()))
        yield from [given] if isinstance(given, str) else given
