"""The policy of a resource, as its service keeps it."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.dynamodb.models import dynamodb_backends
from moto.ec2.models import ec2_backends
from moto.kinesis.models import kinesis_backends
from moto.kms.models import kms_backends
from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from vpclab.authorization import NamedPolicy
from vpclab.localcloud.control_plane.additions import function_policies
from vpclab.localcloud.control_plane.authorization.principal_policies import parsed
from vpclab.localcloud.control_plane.corrections import Moto

_PARTITION = "aws"
_ARN_SEGMENTS = 6
_FUNCTION_SEGMENTS = 2


def resource_policy(arn: str) -> NamedPolicy | None:
    """Return the resource-based policy that applies to the resource with this ARN; None: it has none."""
    parts = arn.split(":", _ARN_SEGMENTS - 1)
    if len(parts) < _ARN_SEGMENTS or parts[2] not in _READERS:
        return None
    _, _, service, region, account, resource = parts
    document: Any = None
    with suppress(KeyError):  # neither the Region nor the resource need exist
        document = _READERS[service](account, region, resource)
    if not document:
        return None
    text = document if isinstance(document, str) else json.dumps(document)
    return NamedPolicy(f"the policy of {arn}", parsed(text))


def services_with_policies() -> frozenset[str]:
    """Return the services, by their prefixes in ARNs, whose resources may have a policy."""
    return frozenset(_READERS)


def endpoint_policy(endpoint_id: str) -> NamedPolicy | None:
    """Return the policy of a VPC endpoint; None: it lets everything pass."""
    for regions in list(ec2_backends.values()):
        for backend in list(regions.values()):
            endpoint = backend.vpc_end_points.get(endpoint_id)
            if endpoint is not None:
                document: str | None = endpoint.policy_document
                return NamedPolicy(endpoint_id, parsed(document)) if document else None
    return None


def _of_function(account: str, region: str, resource: str) -> Mapping[str, Any] | None:
    segments = resource.split(":")
    if segments[0] != "function" or len(segments) < _FUNCTION_SEGMENTS:
        return None
    qualifier = segments[2] if len(segments) > _FUNCTION_SEGMENTS else None
    return function_policies.document(lambda_backends[account][region], segments[1], qualifier)


def _of_bucket(_account: str, _region: str, resource: str) -> str | None:
    bucket = resource.partition("/")[0]
    partition, owner = s3_backends.bucket_accounts[bucket]
    policy = s3_backends[owner][partition].buckets[bucket].policy
    return policy.decode() if policy else None


def _of_queue(account: str, region: str, resource: str) -> str | None:
    text: str | None = sqs_backends[account][region].queues[resource].policy
    return text


def _of_topic(account: str, region: str, resource: str) -> Moto:
    return sns_backends[account][region].topics[f"arn:aws:sns:{region}:{account}:{resource}"].policy


def _of_secret(account: str, region: str, resource: str) -> str | None:
    arn = f"arn:aws:secretsmanager:{region}:{account}:{resource}"
    secret = secretsmanager_backends[account][region].secrets.get(arn)
    return None if secret is None else secret.policy


def _of_key(account: str, region: str, resource: str) -> str | None:
    text: str | None = kms_backends[account][region].keys[resource.removeprefix("key/")].policy
    return text


def _of_stream(account: str, region: str, resource: str) -> str | None:
    text: str | None = kinesis_backends[account][region].resource_policies[
        f"arn:aws:kinesis:{region}:{account}:{resource}"
    ]
    return text


def _of_table(account: str, region: str, resource: str) -> str | None:
    policies = dynamodb_backends[account][region].resource_policies
    arn = f"arn:aws:dynamodb:{region}:{account}:{resource.partition('/index/')[0]}"
    text: str | None = policies[arn].policy_doc
    return text


_READERS: Mapping[str, Callable[[str, str, str], Any]] = {
    "dynamodb": _of_table,
    "kinesis": _of_stream,
    "kms": _of_key,
    "lambda": _of_function,
    "s3": _of_bucket,
    "secretsmanager": _of_secret,
    "sns": _of_topic,
    "sqs": _of_queue,
}
