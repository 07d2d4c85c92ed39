"""Whom a statement's Principal names, and how directly (IAM guide, reference_policies_elements_principal)."""

from enum import IntEnum

from vpclab.authorization.policy import Statement
from vpclab.authorization.principal import Principal, PrincipalKind
from vpclab.authorization.verdict import NotModelledError

_ANYBODY = frozenset({"*", "AWS:*"})


class Grant(IntEnum):
    """How directly a principal is named; what it is named by decides which other policies bound an allow."""

    NONE = 0
    ACCOUNT = 1
    """By its account: the account may grant, so an identity-based policy has to."""
    ROLE = 2
    """By its role: bounded by the role's permissions boundary and the session's policies."""
    DIRECT = 3
    """Itself (a user's, a session's or a service's name, or everybody's): not bounded in its own account."""


def grant(statement: Statement, principal: Principal) -> Grant:
    """Return how directly ``statement`` names ``principal``.

    NotModelledError: it names by exclusion, or by an S3 canonical user id.
    """
    if statement.not_principals:
        raise NotModelledError("NotPrincipal is not modelled: name the principals that are meant")
    return max((_named(one, principal) for one in statement.principals), default=Grant.NONE)


def names_anybody(statement: Statement) -> bool:
    """Whether the Principal is everybody."""
    return not statement.not_principals and not _ANYBODY.isdisjoint(statement.principals)


def _named(name: str, principal: Principal) -> Grant:
    if name in _ANYBODY:
        return Grant.DIRECT
    kind, _, value = name.partition(":")
    if kind == "CanonicalUser":
        raise NotModelledError("a principal named by its canonical user id is not modelled: use its ARN")
    if kind == "Service":
        return Grant.DIRECT if principal.kind is PrincipalKind.SERVICE and value == principal.arn else Grant.NONE
    if kind != "AWS" or principal.account is None:
        return Grant.NONE
    if value in (principal.account, f"arn:aws:iam::{principal.account}:root"):
        return Grant.ACCOUNT
    if value == principal.arn:
        return Grant.DIRECT
    return Grant.ROLE if value == principal.role_arn else Grant.NONE
