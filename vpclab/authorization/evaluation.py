"""The decision over all policies of a request.

Source: IAM guide, reference_policies_evaluation-logic with its pages on single accounts, on cross-account requests
and on denials, and access_policies_boundaries on what a resource-based policy's allow is bounded by.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from vpclab.authorization.applying import Applying, Circumstances, applying
from vpclab.authorization.grant import Grant
from vpclab.authorization.policies import NamedPolicy, Policies, PolicyKind
from vpclab.authorization.principal import PrincipalKind
from vpclab.authorization.request import Request
from vpclab.authorization.verdict import Decision, NotModelledError, Verdict

_ALWAYS_BY_THE_RESOURCE = ("sts:assumerole", "sts:tagsession", "sts:setsourceidentity")
"""Actions on a role, which only its trust policy can open, even inside one account (as a key policy its key)."""

_DENIALS_NAMED_FIRST = (
    PolicyKind.IDENTITY,
    PolicyKind.BOUNDARY,
    PolicyKind.SESSION,
    PolicyKind.RESOURCE,
    PolicyKind.ENDPOINT,
)
"""AWS names one kind when several deny and does not say which; this is ours."""

_WITHOUT_IDENTITY = frozenset({PrincipalKind.SERVICE, PrincipalKind.ANONYMOUS})


def authorize(request: Request, policies: Policies) -> Verdict:
    """Decide whether ``policies`` allow ``request``.

    An explicit deny in any of them wins. Otherwise: in one account either an identity-based or a resource-based
    policy has to allow, across accounts both; what allows through the identity is bounded by the permissions
    boundary and the session's policies; services and anonymous callers have nothing but the resource-based policy.

    NotModelledError: only when a statement that cannot be evaluated could change the answer.
    """
    found = tuple(_applying(request, policies))
    surest = _decision(request, policies, [one for one in found if one.unknown is None])
    doubtful = [one for one in found if one.unknown is not None]
    if doubtful:
        best = _decision(request, policies, [one for one in found if one.unknown is None or one.match.allow])
        worst = _decision(request, policies, [one for one in found if one.unknown is None or not one.match.allow])
        if (best[0] is Decision.ALLOWED) != (worst[0] is Decision.ALLOWED):
            reasons = "; ".join(dict.fromkeys(str(one.unknown) for one in doubtful))
            raise NotModelledError(
                f"whether {request.action} on {request.resource} is allowed is not known: {reasons}"
            )
    decision, refused_by = surest
    return Verdict(
        allowed=decision is Decision.ALLOWED,
        decision=decision,
        refused_by=refused_by,
        matched=tuple(one.match for one in found if one.unknown is None),
    )


def _applying(request: Request, policies: Policies) -> Iterator[Applying]:
    circumstances = Circumstances.of(request)
    for kind, named in _all(policies):
        yield from applying(kind, named, request, circumstances)


def _all(policies: Policies) -> Iterator[tuple[PolicyKind, NamedPolicy]]:
    yield from ((PolicyKind.IDENTITY, one) for one in policies.identity)
    yield from ((PolicyKind.SESSION, one) for one in policies.session or ())
    for kind, one in (
        (PolicyKind.BOUNDARY, policies.boundary),
        (PolicyKind.RESOURCE, policies.resource),
        (PolicyKind.ENDPOINT, policies.endpoint),
    ):
        if one is not None:
            yield kind, one


@dataclass(frozen=True, slots=True)
class _Allows:
    """How directly each kind of policy allows; a kind that does not is not there."""

    grants: Mapping[PolicyKind, Grant] = field(default_factory=dict)

    @classmethod
    def among(cls, found: Iterable[Applying]) -> "_Allows":
        grants: dict[PolicyKind, Grant] = {}
        for one in found:
            if one.match.allow:
                grants[one.match.kind] = max(one.grant, grants.get(one.match.kind, Grant.NONE))
        return cls(grants)

    def __contains__(self, kind: PolicyKind) -> bool:
        return kind in self.grants

    @property
    def resource(self) -> Grant:
        return self.grants.get(PolicyKind.RESOURCE, Grant.NONE)


_Outcome = tuple[Decision, PolicyKind | None]


def _decision(request: Request, policies: Policies, found: list[Applying]) -> _Outcome:
    denied = {one.match.kind for one in found if not one.match.allow}
    for kind in _DENIALS_NAMED_FIRST:
        if kind in denied:
            return Decision.EXPLICITLY_DENIED, kind
    lacking = _lacking(request, policies, _Allows.among(found))
    return (Decision.ALLOWED, None) if lacking is None else (Decision.IMPLICITLY_DENIED, lacking)


def _lacking(request: Request, policies: Policies, allows: _Allows) -> PolicyKind | None:
    """Return the kind of policy whose allow is missing, the first that a request meets; None: all is there."""
    if policies.endpoint is not None and PolicyKind.ENDPOINT not in allows:
        return PolicyKind.ENDPOINT
    kind = request.principal.kind
    across = request.resource_account not in (None, request.principal.account)
    only_resource = kind in _WITHOUT_IDENTITY or (not across and _opened_by_the_resource_only(request))
    if only_resource and PolicyKind.RESOURCE not in allows:
        return PolicyKind.RESOURCE
    if kind not in _WITHOUT_IDENTITY and kind is not PrincipalKind.ROOT:
        lacking = _lacking_of_identity(policies, allows, Grant.NONE if across else allows.resource)
        if lacking is not None:
            return lacking
    return PolicyKind.RESOURCE if across and PolicyKind.RESOURCE not in allows else None


def _lacking_of_identity(policies: Policies, allows: _Allows, granted: Grant) -> PolicyKind | None:
    """The principal's side. ``granted``: what the resource-based policy gives in the same account."""
    if granted is Grant.DIRECT:
        return None
    if granted is not Grant.ROLE and PolicyKind.IDENTITY not in allows:
        return PolicyKind.IDENTITY
    if policies.boundary is not None and PolicyKind.BOUNDARY not in allows:
        return PolicyKind.BOUNDARY
    if policies.session is not None and PolicyKind.SESSION not in allows:
        return PolicyKind.SESSION
    return None


def _opened_by_the_resource_only(request: Request) -> bool:
    action = request.action.lower()
    return action.startswith(_ALWAYS_BY_THE_RESOURCE) or (
        action.startswith("kms:") and ":key/" in request.resource
    )
