"""The evaluator's verdict where not everything about a request is known.

A statement is in doubt when it names a condition key that is not told here, or resources while it is not told
which one the request is for. The verdict is taken as if every such statement helped, and as if every one harmed;
only when both agree is it known.
"""

from collections.abc import Callable
from dataclasses import replace

from vpclab.authorization import (
    NamedPolicy,
    NotModelledError,
    Policies,
    Request,
    Statement,
    Verdict,
    authorize,
)
from vpclab.authorization.pattern import action_matches
from vpclab.localcloud.control_plane.authorization.context_keys import is_known

_ANYTHING = ("*",)


def judge(request: Request, policies: Policies, *, resource_is_told: bool = True) -> Verdict:
    """Return the verdict. NotModelledError: what is not told about the request could change it.

    The request's resource is ``*`` where it is not told.
    """
    reasons: list[str] = []
    present = {key.lower() for key in request.context}

    def is_told(key: str) -> bool:
        return key in present or is_known(key)

    def unbound(statement: Statement) -> Statement:
        """The statement with what cannot be told left out."""
        return replace(
            statement,
            conditions=tuple(one for one in statement.conditions if is_told(one.key)),
            resources=_ANYTHING if statement.resources and not resource_is_told else statement.resources,
            not_resources=statement.not_resources and resource_is_told,
        )

    def in_doubt(statement: Statement) -> bool:
        names = any(action_matches(pattern, request.action) for pattern in statement.actions)
        if names == statement.not_actions:
            return False
        keys = [one.key for one in statement.conditions if not is_told(one.key)]
        if keys:
            reasons.append(f"the condition key {keys[0]} is not modelled")
        resources = not resource_is_told and (statement.not_resources or "*" not in statement.resources)
        if resources:
            reasons.append("which resource the request is for is not modelled")
        return bool(keys) or resources

    worst = _rewritten(policies, in_doubt, unbound, helping=False)
    if not reasons:
        return authorize(request, policies)
    best = authorize(request, _rewritten(policies, in_doubt, unbound, helping=True))
    if best.allowed != authorize(request, worst).allowed:
        raise NotModelledError("; ".join(dict.fromkeys(reasons)))
    return best


def _rewritten(
    policies: Policies,
    in_doubt: Callable[[Statement], bool],
    unbound: Callable[[Statement], Statement],
    *,
    helping: bool,
) -> Policies:
    """Return the policies with their doubtful statements resolved for the caller, or against."""

    def one(named: NamedPolicy | None) -> NamedPolicy | None:
        if named is None:
            return None
        statements: list[Statement] = []
        for statement in named.policy.statements:
            if not in_doubt(statement):
                statements.append(statement)
            elif statement.allow == helping:
                statements.append(unbound(statement))
        return replace(named, policy=replace(named.policy, statements=tuple(statements)))

    def several(given: tuple[NamedPolicy, ...]) -> tuple[NamedPolicy, ...]:
        return tuple(found for found in map(one, given) if found is not None)

    return Policies(
        identity=several(policies.identity),
        resource=one(policies.resource),
        boundary=one(policies.boundary),
        session=None if policies.session is None else several(policies.session),
        endpoint=one(policies.endpoint),
    )
