"""Who may assume a role: its trust policy."""

from vpclab.authorization.pattern import action_matches
from vpclab.authorization.policy import Policy
from vpclab.authorization.verdict import NotModelledError

ASSUME_ROLE = "sts:AssumeRole"


def service_may_assume(trust: Policy, service: str) -> bool:
    """Whether the trust policy lets the service principal (``lambda.amazonaws.com``) assume the role.

    NotModelledError when only a conditional statement decides.
    """
    applying = [
        statement
        for statement in trust.statements
        if any(action_matches(pattern, ASSUME_ROLE) for pattern in statement.actions) != statement.not_actions
        and (
            statement.not_principals or "*" in statement.principals or f"Service:{service}" in statement.principals
        )
    ]
    if any(not statement.allow and not statement.conditional for statement in applying):
        return False
    if not any(statement.allow for statement in applying):
        return False
    if any(not statement.allow for statement in applying) or not any(
        statement.allow and not statement.conditional for statement in applying
    ):
        raise NotModelledError(
            f"whether {service} may assume the role depends on a Condition of its trust policy, which is not "
            "modelled; write the trust policy without it"
        )
    return True
