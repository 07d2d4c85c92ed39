"""Execution roles: who may assume one, what it allows, and its temporary credentials.

moto checks nothing of a function's role but its existence. AWS: the role must trust lambda.amazonaws.com, and may
create network interfaces when the function has a VpcConfig (Lambda guide, lambda-intro-execution-role and
configuration-vpc); code runs with credentials whose session is named after the function.
"""

import time
from dataclasses import dataclass

from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from vpclab.authorization import (
    Decision,
    MalformedPolicyError,
    NotModelledError,
    decide,
    parse_policy,
    service_may_assume,
)
from vpclab.localcloud.control_plane.corrections import Moto

PARTITION = "aws"
LAMBDA = "lambda.amazonaws.com"
INTERFACE_ACTIONS = ("CreateNetworkInterface", "DescribeNetworkInterfaces")
"""What AWS is known to check when a function gets a VpcConfig, in this order."""

_CREDENTIALS_SECONDS = 12 * 3600
_KEPT_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class _Session:
    """Credentials of one function as environment variables, when they were made, and for which role."""

    variables: dict[str, str]
    made: float
    role_id: str


class ExecutionRoles:
    """Reads roles at every question, so a changed policy holds for the next call. Keeps credentials an hour."""

    def __init__(self) -> None:
        self._sessions: dict[tuple[str, str], _Session] = {}

    def can_be_assumed(self, role_arn: str) -> bool:
        """Whether the role exists and trusts Lambda. NotModelledError: a Condition decides."""
        role = _role(role_arn)
        if role is None:
            return False
        try:
            trust = parse_policy(role.assume_role_policy_document)
        except MalformedPolicyError:
            return False
        return service_may_assume(trust, LAMBDA)

    def allows(self, role_arn: str, action: str, resource: str = "*") -> bool:
        """Whether the role's policies allow an action. NotModelledError: a Condition decides."""
        role = _role(role_arn)
        if role is None:
            return False
        documents = [*role.policies.values(), *(_document(one) for one in role.managed_policies.values())]
        return decide([parse_policy(one) for one in documents], action, resource) is Decision.ALLOWED

    def refused_interface_action(self, role_arn: str) -> str | None:
        """Return the first EC2 action that Lambda needs for interfaces and the role does not allow."""
        for action in INTERFACE_ACTIONS:
            if not self.allows(role_arn, f"ec2:{action}"):
                return action
        return None

    def role_id(self, role_arn: str) -> str:
        """Return the role's unique id (``AROA…``); a deleted role has none left."""
        role = _role(role_arn)
        return "" if role is None else str(role.id)

    def credentials(self, role_arn: str, function_name: str, region: str) -> dict[str, str]:
        """Return the AWS_… variables of a session named after the function, which STS knows.

        A role that was deleted and made anew under its name gets a new session, as it is another role.
        """
        key, role_id = (role_arn, function_name), self.role_id(role_arn)
        known = self._sessions.get(key)
        if known is None or known.role_id != role_id or time.monotonic() - known.made > _KEPT_SECONDS:
            account = role_arn.split(":")[4]
            session = sts_backends[account][PARTITION].assume_role(
                region_name=region,
                role_session_name=function_name,
                role_arn=role_arn,
                policy=None,
                duration=_CREDENTIALS_SECONDS,
                external_id=None,
            )
            variables = {
                "AWS_ACCESS_KEY_ID": session.access_key_id,
                "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
                "AWS_SESSION_TOKEN": session.session_token,
            }
            known = _Session(variables, time.monotonic(), role_id)
            self._sessions[key] = known
        return dict(known.variables)


def _document(policy: Moto) -> str:
    """The default version of a managed policy."""
    return next(str(one.document) for one in policy.versions if one.version_id == policy.default_version_id)


def _role(role_arn: str) -> Moto:
    parts = role_arn.split(":")
    if len(parts) < 6:  # noqa: PLR2004 - an ARN
        return None
    try:
        return iam_backends[parts[4]][PARTITION].get_role_by_arn(role_arn)
    except NotFoundException:
        return None


__all__ = ["ExecutionRoles", "NotModelledError"]
