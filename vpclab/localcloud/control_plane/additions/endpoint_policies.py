"""Endpoint policies: every request through a VPC endpoint is held against the endpoint's policy.

moto records any text and enforces none. AWS (PrivateLink guide, vpc-endpoints-access): without a policy, full
access is allowed; what the policy does not allow is refused by the service, as an error of its API. Policies whose
answer would depend on what is not modelled (principals, conditions, most resources) are refused when they are set.
"""

from functools import lru_cache

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import ec2_backends
from moto.sts.models import sts_backends

from vpclab.authorization import Decision, MalformedPolicyError, Policy, Statement, decide, parse_policy
from vpclab.localcloud.control_plane.additions.requested_access import (
    RESOURCES_ARE_KNOWN,
    Access,
    requested_access,
)
from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.api_request import ApiRequest
from vpclab.localcloud.request_source import ENVIRON_KEY, RequestSource

_ANYBODY = frozenset({"*", "AWS:*"})
_PARTITION = "aws"
_FORBIDDEN = 403
_CODES = {"ec2": ("UnauthorizedOperation", _FORBIDDEN), "json": ("AccessDeniedException", 400)}
_DENIALS = {
    Decision.IMPLICITLY_DENIED: "because no VPC endpoint policy allows the {action} action",
    Decision.EXPLICITLY_DENIED: "with an explicit deny in a VPC endpoint policy",
}


def check_policy(document: str | None, service: str) -> None:
    """Return for no policy and for one that can be enforced for ``service`` (``s3``); raise EC2's error else."""
    if not document:
        return
    try:
        statements = _parsed(document).statements
    except MalformedPolicyError as error:
        raise EC2ClientError("InvalidPolicyDocument", f"The policy document is invalid: {error}") from None
    for statement in statements:
        if reason := _not_modelled(statement, service):
            raise EC2ClientError(
                "UnsupportedOperation",
                f"This endpoint policy is refused by the local cloud, because {reason}.",
            )


def refuse(request: ApiRequest, action: str, account: str) -> None:
    """Raise the service's refusal of a request that came through an endpoint whose policy does not allow it."""
    source = request.environ.get(ENVIRON_KEY)
    if not isinstance(source, RequestSource) or source.endpoint_id is None:
        return
    document = _policy_of(source.endpoint_id)
    if not document:
        return
    access = requested_access(request, action, account)
    decision = decide([_parsed(document)], access.action, access.resource)
    if decision is not Decision.ALLOWED:
        code, status = _CODES.get(request.protocol, ("AccessDenied", _FORBIDDEN))
        raise ApiError(code, _denial(_caller(request, account), access, decision), status)


@lru_cache(maxsize=256)
def _parsed(document: str) -> Policy:
    return parse_policy(document)


def _not_modelled(statement: Statement, service: str) -> str | None:
    if not _ANYBODY & set(statement.principals):
        return 'only the Principal "*" is modelled for endpoints'
    if statement.conditional:
        return "a Condition is not modelled: leave it out"
    if not statement.resources:
        return "a statement of an endpoint policy needs a Resource"
    if any("${" in pattern for pattern in statement.resources):
        return "policy variables are not modelled"
    everything = statement.resources == ("*",) and not statement.not_resources
    if not everything and service not in RESOURCES_ARE_KNOWN:
        return f'which resource a request to {service} is for is not modelled: use the Resource "*"'
    return None


def _policy_of(endpoint_id: str) -> str | None:
    for regions in list(ec2_backends.values()):
        for backend in list(regions.values()):
            endpoint = backend.vpc_end_points.get(endpoint_id)
            if endpoint is not None:
                document: str | None = endpoint.policy_document
                return document
    return None


def _caller(request: ApiRequest, account: str) -> str:
    session = sts_backends[account][_PARTITION].get_assumed_role_from_access_key(request.access_key_id)
    return str(session.arn) if session is not None else f"arn:aws:iam::{account}:root"


def _denial(caller: str, access: Access, decision: Decision) -> str:
    why = _DENIALS[decision].format(action=access.action)
    return f'User: {caller} is not authorized to perform: {access.action} on resource: "{access.resource}" {why}'
