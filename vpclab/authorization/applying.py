"""Which statements of a policy apply to a request."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from vpclab.authorization.condition import holds
from vpclab.authorization.grant import Grant, grant, names_anybody
from vpclab.authorization.pattern import action_matches, resource_matches
from vpclab.authorization.policies import NamedPolicy, PolicyKind
from vpclab.authorization.policy import Policy, Statement
from vpclab.authorization.principal import Principal
from vpclab.authorization.request import Request
from vpclab.authorization.variables import substituted
from vpclab.authorization.verdict import Match, NotModelledError

_WITH_PRINCIPALS = frozenset({PolicyKind.RESOURCE, PolicyKind.ENDPOINT})


@dataclass(frozen=True, slots=True)
class Applying:
    """A statement that applies, or may: ``unknown`` says why that cannot be told. ``grant``: as whom it names."""

    match: Match
    grant: Grant
    unknown: NotModelledError | None = None


@dataclass(frozen=True, slots=True)
class Circumstances:
    """A request's context with its keys lower-cased, as conditions and variables read it."""

    context: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, request: Request) -> "Circumstances":
        """Read the context of ``request``; a key without values is absent."""
        return cls({key.lower(): values for key, values in request.context.items() if values})


def applying(
    kind: PolicyKind, named: NamedPolicy, request: Request, circumstances: Circumstances
) -> Iterator[Applying]:
    """Yield the statements of a policy that apply to ``request``, and those of which it cannot be told."""
    for index, statement in enumerate(named.policy.statements):
        if not _names_action(statement, request.action):
            continue
        match = Match(kind, named.name, statement.sid or f"#{index}", statement.allow)
        one = _applied(match, named.policy, statement, request, circumstances)
        if one is not None:
            yield one


def _names_action(statement: Statement, action: str) -> bool:
    return any(action_matches(pattern, action) for pattern in statement.actions) != statement.not_actions


def _applied(
    match: Match, policy: Policy, statement: Statement, request: Request, circumstances: Circumstances
) -> Applying | None:
    """Not applicable as soon as one element says no, whatever cannot be told of the others."""
    unknown: NotModelledError | None = None
    as_whom = Grant.DIRECT
    if match.kind in _WITH_PRINCIPALS:
        try:
            as_whom = _grant(match.kind, statement, request.principal)
        except NotModelledError as error:
            unknown = error
        if as_whom is Grant.NONE:
            return None
    context = circumstances.context
    try:
        if not _names_resource(statement, request.resource, context, variables=policy.variables):
            return None
    except NotModelledError as error:
        unknown = error
    for condition in statement.conditions:
        try:
            if not holds(condition, context, variables=policy.variables):
                return None
        except NotModelledError as error:
            unknown = error
    return Applying(match, as_whom, unknown)


def _grant(kind: PolicyKind, statement: Statement, principal: Principal) -> Grant:
    if kind is PolicyKind.ENDPOINT and not names_anybody(statement):
        raise NotModelledError('only the Principal "*" is modelled in VPC endpoint policies')
    return grant(statement, principal)


def _names_resource(
    statement: Statement, resource: str, context: Mapping[str, tuple[str, ...]], *, variables: bool
) -> bool:
    if not statement.resources:
        return True  # a trust policy speaks of its role
    patterns = statement.resources
    if variables:
        resolved = [substituted(pattern, context) for pattern in patterns]
        if statement.not_resources and None in resolved:
            raise NotModelledError("a policy variable of NotResource has no value in this request")
        patterns = tuple(one for one in resolved if one is not None)
    return any(resource_matches(pattern, resource) for pattern in patterns) != statement.not_resources
