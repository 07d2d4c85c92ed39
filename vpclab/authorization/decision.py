"""The decision of IAM: an explicit deny wins, then an allow, else it is denied."""

from collections.abc import Iterable

from vpclab.authorization.pattern import action_matches, resource_matches
from vpclab.authorization.policy import Policy, Statement
from vpclab.authorization.verdict import Decision, NotModelledError

_VARIABLE = "${"


def decide(policies: Iterable[Policy], action: str, resource: str) -> Decision:
    """Decide whether identity-based ``policies`` together allow ``action`` on ``resource`` (an ARN, or ``*``).

    NotModelledError only when a statement that cannot be evaluated could change the answer.
    """
    statements = [
        statement
        for policy in policies
        for statement in policy.statements
        if _applies(statement, action, resource)
    ]
    denying = [statement for statement in statements if not statement.allow]
    allowing = [statement for statement in statements if statement.allow]
    if any(_certain(statement) for statement in denying):
        return Decision.EXPLICITLY_DENIED
    if not allowing:
        return Decision.IMPLICITLY_DENIED  # refused whatever a conditional deny says
    if denying:
        return _unknown(denying, action, resource)
    if any(_certain(statement) for statement in allowing):
        return Decision.ALLOWED
    return _unknown(allowing, action, resource)


def _applies(statement: Statement, action: str, resource: str) -> bool:
    action_named = any(action_matches(pattern, action) for pattern in statement.actions)
    if action_named == statement.not_actions:
        return False
    if any(_VARIABLE in pattern for pattern in statement.resources):
        return True  # perhaps; _certain says that it is not known
    resource_named = any(resource_matches(pattern, resource) for pattern in statement.resources)
    return resource_named != statement.not_resources


def _certain(statement: Statement) -> bool:
    return not statement.conditional and not any(_VARIABLE in pattern for pattern in statement.resources)


def _unknown(statements: list[Statement], action: str, resource: str) -> Decision:
    what = "a Condition" if any(statement.conditional for statement in statements) else "a policy variable"
    raise NotModelledError(
        f"whether {action} on {resource} is allowed depends on {what}, which is not modelled; "
        "write the policy without it"
    )
