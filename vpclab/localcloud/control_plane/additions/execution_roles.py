"""Execution roles: who may assume one, what it allows, and its temporary credentials.

moto checks nothing of a function's role but its existence. AWS: the role must trust lambda.amazonaws.com, and may
create network interfaces when the function has a VpcConfig (Lambda guide, lambda-intro-execution-role and
configuration-vpc); code runs with credentials whose session is named after the function.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends

from vpclab.authorization import MalformedPolicyError, NotModelledError
from vpclab.localcloud.control_plane.additions.role_sessions import RoleSessions
from vpclab.localcloud.control_plane.additions.role_trust import service_may_assume
from vpclab.localcloud.control_plane.authorization import Authorizer
from vpclab.localcloud.control_plane.corrections import Moto

PARTITION = "aws"
LAMBDA = "lambda.amazonaws.com"
INTERFACE_ACTIONS = ("CreateNetworkInterface", "DescribeNetworkInterfaces")
"""What AWS is known to check when a function gets a VpcConfig, in this order."""

_CREDENTIALS_SECONDS = 12 * 3600
_KEPT_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class _Kept:
    """Credentials of one function as environment variables, when they were made, and for which role."""

    variables: dict[str, str]
    made: float
    role_id: str


class ExecutionRoles:
    """Reads roles at every question, so a changed policy holds for the next call. Keeps credentials an hour."""

    def __init__(self, authorizer: Authorizer, sessions: RoleSessions) -> None:
        self._authorizer = authorizer
        self._sessions = sessions
        self._kept: dict[tuple[str, str], _Kept] = {}

    def can_be_assumed(self, role_arn: str, function_arn: str | None = None) -> bool:
        """Whether the role exists and trusts Lambda. NotModelledError: what decides is not modelled."""
        role = _role(role_arn)
        if role is None:
            return False
        try:
            return service_may_assume(role, LAMBDA, str(role.account_id), function_arn)
        except MalformedPolicyError:
            return False

    def allows(
        self,
        role_arn: str,
        action: str,
        resource: str = "*",
        context: Mapping[str, tuple[str, ...]] | None = None,
    ) -> bool:
        """Whether a service that acts with the role may do something. NotModelledError: that is not modelled."""
        return self._authorizer.role_allows(role_arn, action, resource, context).allowed

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

        A role that was deleted and made anew under its name gets a new session, as it is another role. One that is
        gone gives credentials that nobody accepts any more: its last, or none.
        """
        key, role = (role_arn, function_name), _role(role_arn)
        known = self._kept.get(key)
        if role is None:
            return {} if known is None else dict(known.variables)
        if known is None or known.role_id != role.id or time.monotonic() - known.made > _KEPT_SECONDS:
            session = self._sessions.open(
                role,
                function_name,
                _CREDENTIALS_SECONDS,
                function_arn=f"arn:aws:lambda:{region}:{role.account_id}:function:{function_name}",
            )
            variables = {
                "AWS_ACCESS_KEY_ID": session.access_key_id,
                "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
                "AWS_SESSION_TOKEN": session.token,
            }
            known = _Kept(variables, time.monotonic(), str(role.id))
            self._kept[key] = known
        return dict(known.variables)


def _role(role_arn: str) -> Moto:
    parts = role_arn.split(":")
    if len(parts) < 6:  # noqa: PLR2004 - an ARN
        return None
    try:
        return iam_backends[parts[4]][PARTITION].get_role_by_arn(role_arn)
    except NotFoundException:
        return None


__all__ = ["ExecutionRoles", "NotModelledError"]
