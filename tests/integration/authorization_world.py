"""Principals with chosen policies, and what the tests of authorisation say about refusals."""

# ruff: noqa: ANN401 - boto3 has no type information

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from tests.integration.control_plane_world import ACCOUNT, REGION, World, policy, refused

OTHER = "222222222222"
"""The second account; its id is a deploy key."""

MANAGED = "arn:aws:iam::aws:policy/"
NO_IDENTITY = "because no identity-based policy allows the {action} action"
NO_RESOURCE = "because no resource-based policy allows the {action} action"
NO_BOUNDARY = "because no permissions boundary allows the {action} action"
NO_SESSION = "because no session policy allows the {action} action"
DENIED = "with an explicit deny in {article} {kind} policy"

Statement = Mapping[str, Any]


@dataclass(frozen=True)
class Caller:
    """Somebody with credentials: ``arn`` is the role's or the user's, as policies name it."""

    here: World
    arn: str
    credentials: Mapping[str, Any]

    def __call__(self, service: str) -> Any:
        """A client of a service."""
        return self.here.client_of(service, self.credentials)


def allow(action: str | Sequence[str], resource: str | Sequence[str] = "*", **more: Any) -> Statement:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str | Sequence[str], resource: str | Sequence[str] = "*", **more: Any) -> Statement:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def role(  # noqa: PLR0913 - what a role's session is made of
    here: World,
    name: str,
    *statements: Statement,
    managed: Sequence[str] = (),
    account: str = ACCOUNT,
    boundary: str | None = None,
    session_policy: str | None = None,
) -> Caller:
    """A session of a new role of that account, with these statements inline and these managed policies."""
    iam = here.client("iam", key=account)
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}
    given: dict[str, Any] = {} if boundary is None else {"PermissionsBoundary": boundary}
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust), **given)["Role"]["Arn"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=policy(*statements))
    for one in managed:
        iam.attach_role_policy(RoleName=name, PolicyArn=one)
    return Caller(here, arn, assume(here, arn, session_policy, account))


def assume(here: World, role_arn: str, session_policy: str | None = None, account: str = ACCOUNT) -> Any:
    given: dict[str, Any] = {} if session_policy is None else {"Policy": session_policy}
    sts = here.client("sts", key=account)
    return sts.assume_role(RoleArn=role_arn, RoleSessionName="session", **given)["Credentials"]


def user(here: World, name: str, *statements: Statement, account: str = ACCOUNT) -> Caller:
    return Caller(here, f"arn:aws:iam::{account}:user/{name}", here.user(name, *statements, account=account))


def customer_policy(here: World, name: str, *statements: Statement) -> str:
    """A managed policy of the account; its ARN."""
    made = here.client("iam").create_policy(PolicyName=name, PolicyDocument=policy(*statements))
    arn: str = made["Policy"]["Arn"]
    return arn


def queue(here: World, name: str = "queue") -> tuple[str, str]:
    """A queue's URL and ARN."""
    url: str = here.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    return url, f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def check(call: Callable[[], Any], code: str, text: str | None) -> None:
    """The call succeeds where ``text`` is None; else it is refused with this code, and says that."""
    if text is None:
        call()
        return
    with refused(code, text):
        call()


def denied_as_such(call: Callable[[], Any], *codes: str) -> None:
    """The call is refused for want of permission."""
    with pytest.raises(Exception, match=r"\((" + "|".join(codes) + r")\)"):
        call()
