"""Whether a function's execution role lets the service deliver log lines."""

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from vpclab.statements.observation import Refusal
from vpclab.statements.target import Target

DELIVERY_ACTIONS = ("logs:CreateLogStream", "logs:PutLogEvents")
"""What the service does with the role for each environment's stream and lines (AWSLambdaBasicExecutionRole)."""


def delivery_refusal(target: Target, role_name: str) -> Refusal | None:
    """Return the role as the refusing component where its own policies do not allow delivery.

    Only the actions are compared; resources, conditions and boundaries may forbid more, so None says nothing.
    """
    statements = list(_statements(target, role_name))
    missing = [action for action in DELIVERY_ACTIONS if not allowed(statements, action)]
    if not missing:
        return None
    return Refusal(
        kind="execution-role",
        component=role_name,
        reason=f"none of its identity-based policies allows {' and '.join(missing)}",
    )


def allowed(statements: Iterable[Mapping[str, Any]], action: str) -> bool:
    """Whether policy statements allow an action on anything: some Allow matches, and no Deny on everything."""
    effects = [
        (statement.get("Effect"), _listed(statement.get("Resource")))
        for statement in statements
        if any(fnmatchcase(action.lower(), pattern.lower()) for pattern in _listed(statement.get("Action")))
    ]
    denied = any(effect == "Deny" and "*" in resources for effect, resources in effects)
    return not denied and any(effect == "Allow" for effect, _ in effects)


def _listed(value: Any) -> list[str]:  # noqa: ANN401 - a policy document's field
    return [value] if isinstance(value, str) else [str(entry) for entry in value or ()]


def _statements(target: Target, role_name: str) -> Iterator[Mapping[str, Any]]:
    for document in _documents(target, role_name):
        found = document.get("Statement") or ()
        yield from [found] if isinstance(found, dict) else found


def _documents(target: Target, role_name: str) -> Iterator[Mapping[str, Any]]:
    iam = target.client("iam")
    for policy in iam.list_attached_role_policies(RoleName=role_name)["AttachedPolicies"]:
        arn = policy["PolicyArn"]
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        yield iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    for name in iam.list_role_policies(RoleName=role_name)["PolicyNames"]:
        yield iam.get_role_policy(RoleName=role_name, PolicyName=name)["PolicyDocument"]
