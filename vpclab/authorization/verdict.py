"""The answer, and what it rests on."""

from dataclasses import dataclass
from enum import StrEnum

from vpclab.authorization.policies import PolicyKind


class NotModelledError(Exception):
    """The answer depends on something that is not modelled, so there is none."""


class Decision(StrEnum):
    """The outcome; both denials refuse the request, and AWS words them differently."""

    ALLOWED = "allowed"
    IMPLICITLY_DENIED = "implicitly denied"
    EXPLICITLY_DENIED = "explicitly denied"


@dataclass(frozen=True, slots=True)
class Match:
    """A statement that applies to the request: in which policy, its Sid (or ``#index``, from 0), its effect."""

    kind: PolicyKind
    policy: str
    statement: str
    allow: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The decision. ``refused_by``: the kind of policy that denied, or did not allow; None when allowed."""

    allowed: bool
    decision: Decision
    refused_by: PolicyKind | None
    matched: tuple[Match, ...] = ()
