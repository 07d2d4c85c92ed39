"""The evaluator's verdict where not everything about a request is known.

A statement is in doubt when it names a condition key that is not told here, or resources while it is not told
which one the request is for. The verdict is taken as if every such statement helped, and as if every one harmed;
only when both agree is it known.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from vpclab.authorization import (
    NamedPolicy,
    NotModelledError,
    Policies,
    Policy,
    Request,
    Statement,
    Verdict,
    authorize,
)
from vpclab.authorization.pattern import action_matches
from vpclab.authorization.variables import keys_named
from vpclab.localcloud.control_plane.authorization.context_keys import is_known

_ANYTHING = ("*",)
_MOST_NAMED = 1024
_named: dict[int, tuple[Policy, dict[str, Policy]]] = {}


def judge(request: Request, policies: Policies, *, resource_is_told: bool = True) -> Verdict:
    """Return the verdict. NotModelledError: what is not told about the request could change it.

    The request's resource is ``*`` where it is not told.
    """
    policies = _changed(policies, lambda policy: naming(policy, request.action))
    reasons: list[str] = []
    present = {key.lower() for key in request.context}

    def is_told(key: str) -> bool:
        return key in present or is_known(key)

    def untold(keys: Iterable[str], patterns: Iterable[str]) -> list[str]:
        """The keys that are not told, of these and of the variables in ``patterns``."""
        return [key for key in (*keys, *keys_named(patterns)) if not is_told(key)]

    def is_resource_told(statement: Statement) -> bool:
        return resource_is_told and not untold((), statement.resources)

    def unbound(statement: Statement) -> Statement:
        """The statement with what cannot be told left out."""
        is_told_which = is_resource_told(statement)
        return replace(
            statement,
            conditions=tuple(one for one in statement.conditions if not untold([one.key], one.values)),
            resources=_ANYTHING if statement.resources and not is_told_which else statement.resources,
            not_resources=statement.not_resources and is_told_which,
        )

    def in_doubt(statement: Statement) -> bool:
        keys = untold((), statement.resources)
        keys += [key for one in statement.conditions for key in untold([one.key], one.values)]
        if keys:
            reasons.append(f"the condition key {keys[0]} is not modelled")
        resources = not resource_is_told and (statement.not_resources or "*" not in statement.resources)
        if resources:
            reasons.append("which resource the request is for is not modelled")
        return bool(keys) or resources

    if not any(in_doubt(statement) for statement in _statements(policies)):
        return authorize(request, policies)
    worst = _rewritten(policies, in_doubt, unbound, helping=False)
    best = authorize(request, _rewritten(policies, in_doubt, unbound, helping=True))
    if best.allowed != authorize(request, worst).allowed:
        raise NotModelledError("; ".join(dict.fromkeys(reasons)))
    return best


def naming(policy: Policy, action: str) -> Policy:
    """Return the statements of a policy that name ``action``, each as if it named that alone.

    The same policy is asked for the same few actions over and over; managed ones have thousands of patterns.
    """
    known, by_action = _named.get(id(policy), (None, {}))
    if known is not policy:
        if len(_named) >= _MOST_NAMED:
            _named.clear()
        by_action = {}
        _named[id(policy)] = policy, by_action  # holding the policy, so that its id stays its own
    if action not in by_action:
        statements = tuple(
            replace(one, actions=(action,), not_actions=False, sid=one.sid or f"#{index}")
            for index, one in enumerate(policy.statements)
            if any(action_matches(pattern, action) for pattern in one.actions) != one.not_actions
        )
        by_action[action] = replace(policy, statements=statements)
    return by_action[action]


def _rewritten(
    policies: Policies,
    in_doubt: Callable[[Statement], bool],
    unbound: Callable[[Statement], Statement],
    *,
    helping: bool,
) -> Policies:
    """Return the policies with their doubtful statements resolved for the caller, or against."""

    def resolved(policy: Policy) -> Policy:
        statements: list[Statement] = []
        for statement in policy.statements:
            if not in_doubt(statement):
                statements.append(statement)
            elif statement.allow == helping:
                statements.append(unbound(statement))
        return replace(policy, statements=tuple(statements))

    return _changed(policies, resolved)


def _statements(policies: Policies) -> Iterator[Statement]:
    """Every statement of all of them."""
    for named in (
        *policies.identity,
        policies.resource,
        policies.boundary,
        *(policies.session or ()),
        policies.endpoint,
    ):
        if named is not None:
            yield from named.policy.statements


def _changed(policies: Policies, change: Callable[[Policy], Policy]) -> Policies:
    """Return the policies with each document changed."""

    def one(named: NamedPolicy) -> NamedPolicy:
        return replace(named, policy=change(named.policy))

    return Policies(
        identity=tuple(map(one, policies.identity)),
        resource=one(policies.resource) if policies.resource else None,
        boundary=one(policies.boundary) if policies.boundary else None,
        session=None if policies.session is None else tuple(map(one, policies.session)),
        endpoint=one(policies.endpoint) if policies.endpoint else None,
    )
