"""What was found out about one capability of a target, and why that is thought."""

from dataclasses import dataclass

from vpclab.statements.capability import Enforcement


@dataclass(frozen=True, slots=True)
class Finding:
    """``reason`` says what was seen, in a sentence without a full stop."""

    enforcement: Enforcement
    reason: str


def enforced(reason: str) -> Finding:
    """Return that the target has the capability."""
    return Finding(Enforcement.ENFORCED, reason)


def not_enforced(reason: str) -> Finding:
    """Return that the target lacks the capability."""
    return Finding(Enforcement.NOT_ENFORCED, reason)


def unknown(reason: str) -> Finding:
    """Return that it could not be found out."""
    return Finding(Enforcement.UNKNOWN, reason)
