"""Roles, functions and other things made for a moment, named after the run, and undone by id."""

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from vpclab.statements.ending import Ending
from vpclab.statements.error import VerificationError
from vpclab.statements.experiments.attempt import attempt, settle
from vpclab.statements.managed_policy import MANAGED_POLICIES
from vpclab.statements.target import Target
from vpclab.statements.temporary_function import NAME_PREFIX, delete_function, new_function, wait_until_active
from vpclab.statements.trial import Trial  # noqa: TC001 - of an attribute, which mypy wants to know
from vpclab.statements.variation import Variation

INLINE = "granted"
Statement = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Role:
    """A role of ours; ``home`` is the target as its account's administrator."""

    arn: str
    home: Target

    @property
    def name(self) -> str:
        """The role's name."""
        return self.arn.rpartition("/")[2]


class Workshop:
    """What one experiment works with: it makes things, notes trials, and knows how to undo what it made.

    A context manager: leaving it undoes everything, the last thing first, even where some of it fails.
    ``problems`` says what could not be undone.
    """

    def __init__(self, target: Target, variation: Variation) -> None:
        self.target = target
        self.variation = variation
        self.run = f"{target.run}-{uuid.uuid4().hex[:6]}"
        self.trials: dict[str, Trial] = {}
        self.problems: list[str] = []
        self._undo: list[tuple[str, Callable[[], object]]] = []

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Undo everything that was made."""
        while self._undo:
            what, action = self._undo.pop()
            try:
                action()
            except (ClientError, BotoCoreError, VerificationError) as failure:
                self.problems.append(f"{what} is left: {failure}")

    def undo(self, what: str, action: Callable[..., object], **arguments: object) -> None:
        """Have ``action`` called in the end."""
        self._undo.append((what, lambda: action(**arguments)))

    def name(self, what: str) -> str:
        """Return a name of this run's own."""
        return f"{NAME_PREFIX}{self.run}-{what}"

    def role(
        self,
        what: str,
        *,
        managed: Sequence[str] = (),
        allowing: Sequence[Statement] = (),
        home: Target | None = None,
    ) -> Role:
        """Make a role that functions and its own account may assume.

        ``managed`` are names of the managed policies that the notes speak of, or ARNs; ``allowing`` the statements
        of an inline policy.
        """
        home = home or self.target
        iam, name = home.client("iam"), self.name(what)
        account = home.client("sts").get_caller_identity()["Account"]
        trusted = {"Service": "lambda.amazonaws.com", "AWS": f"arn:aws:iam::{account}:root"}
        boundary = {"PermissionsBoundary": self.variation.boundary} if self.variation.boundary else {}
        made = iam.create_role(
            RoleName=name,
            Description="made for a moment by vpclab verify",
            AssumeRolePolicyDocument=document(
                {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}
            ),
            **boundary,
        )
        self.undo(f"role {name}", iam.delete_role, RoleName=name)
        role = Role(made["Role"]["Arn"], home)
        for policy in managed:
            self.attach(role, policy)
        if allowing:
            self.grant(role, *allowing)
        return role

    def attach(self, role: Role, policy: str) -> Callable[[], None]:
        """Attach a managed policy, by one of the notes' names or an ARN; returns what detaches it again."""
        known = MANAGED_POLICIES.get(policy)
        arn = self.variation.policies.get(policy) or (known.arn if known else policy)
        iam = role.home.client("iam")
        iam.attach_role_policy(RoleName=role.name, PolicyArn=arn)

        def detach() -> None:
            attached = iam.list_attached_role_policies(RoleName=role.name)["AttachedPolicies"]
            if arn in {one["PolicyArn"] for one in attached}:
                iam.detach_role_policy(RoleName=role.name, PolicyArn=arn)

        self.undo(f"{arn} on {role.name}", detach)
        return detach

    def grant(self, role: Role, *statements: Statement) -> None:
        """Give the role an inline policy of these statements in place of the one before; none: take it away."""
        iam, identity = role.home.client("iam"), {"RoleName": role.name, "PolicyName": INLINE}
        if not statements:
            iam.delete_role_policy(**identity)
            return
        iam.put_role_policy(**identity, PolicyDocument=document(*statements))

        def take_back() -> None:
            if INLINE in iam.list_role_policies(RoleName=role.name)["PolicyNames"]:
                iam.delete_role_policy(**identity)

        self.undo(f"inline policy on {role.name}", take_back)

    def session(self, role: Role) -> Target:
        """Assume a role of ours; a new role may take a while to be known.

        Raises:
            VerificationError: it could not be assumed.
        """
        credentials: dict[str, Any] = {}

        def assume() -> None:
            sts = role.home.client("sts")
            credentials.update(sts.assume_role(RoleArn=role.arn, RoleSessionName="vpclab-verify")["Credentials"])

        trial = settle(role.home, Ending.DONE, lambda: attempt(f"assuming {role.name}", assume))
        if trial.ending is not Ending.DONE:
            raise VerificationError(f"{trial.what}: {trial.code} {trial.message}")
        return self.target.acting_as(credentials)

    def function(
        self, what: str, role: Role, like: str, *, subnet_ids: Sequence[str] = (), group_ids: Sequence[str] = ()
    ) -> str:
        """Make a function with the probe's code, the runtime of the function ``like``, and a role; give its name.

        A new role may take a while until Lambda can assume it; until then the service rejects the function.
        """
        name = self.name(what)
        trial = settle(
            self.target,
            Ending.DONE,
            lambda: attempt(
                f"making the function {name}",
                lambda: new_function(
                    self.target,
                    name,
                    like,
                    role_arn=role.arn,
                    subnet_ids=subnet_ids,
                    security_group_ids=group_ids,
                ),
            ),
        )
        if trial.ending is not Ending.DONE:
            raise VerificationError(f"{trial.what}: {trial.code} {trial.message}")
        self.undo(f"function {name}", delete_function, target=self.target, name=name)
        wait_until_active(self.target, name)
        return name

    def queue(self, what: str) -> str:
        """Make a queue; give its URL."""
        sqs = self.target.client("sqs")
        url = str(sqs.create_queue(QueueName=self.name(what))["QueueUrl"])
        self.undo(f"queue {url}", sqs.delete_queue, QueueUrl=url)
        return url

    def queue_arn(self, url: str) -> str:
        """Return a queue's ARN."""
        found = self.target.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return str(found["Attributes"]["QueueArn"])


def document(*statements: Statement) -> str:
    """Return a policy document of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | Sequence[str], resource: str = "*", **more: object) -> Statement:
    """Return a statement that allows."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str | Sequence[str], resource: str = "*", **more: object) -> Statement:
    """Return a statement that denies."""
    return {**allow(action, resource, **more), "Effect": "Deny"}
