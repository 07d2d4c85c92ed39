"""Reads denials: which kind of policy a service's message says has not allowed, or has denied, a call.

The sentences are documented in the IAM user guide, "Troubleshoot access denied error messages".
"""

import re

from vpclab.statements.observation import Refusal

IDENTITY = "identity-based-policy"
RESOURCE = "resource-based-policy"
BOUNDARY = "permissions-boundary"
SESSION = "session-policy"
ENDPOINT = "vpc-endpoint-policy"

IMPLICIT = "implicit deny"
EXPLICIT = "explicit deny"

_KINDS = {
    "identity-based policy": IDENTITY,
    "resource-based policy": RESOURCE,
    "permissions boundary": BOUNDARY,
    "session policy": SESSION,
    "VPC endpoint policy": ENDPOINT,
}
_WORDS = "|".join(_KINDS)
_CALL = re.compile(r"User: (?P<caller>\S+) is not authorized to perform: (?P<action>[\w:-]+)")
_RESOURCE = re.compile(r"on resource: (?P<resource>\S+)")
_IMPLICIT = re.compile(rf"because no (?P<kind>{_WORDS}) allows the \S+ action")
_EXPLICIT = re.compile(rf"with an explicit deny in an? (?P<kind>{_WORDS})(?:: (?P<policy>arn:\S+))?")

_CODES = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "UnauthorizedOperation",
        "Client.UnauthorizedOperation",
    }
)


def is_denial(code: str) -> bool:
    """Whether a service uses this code where a permission is missing."""
    return code.rpartition("#")[2] in _CODES


def refusal_of(message: str) -> Refusal | None:
    """Return the kind of policy that ``message`` blames, with whose policy it is; None where it blames none.

    Identity policies, boundaries and session policies are the caller's, resource policies the resource's. A policy
    whose ARN the message gives is named by it.
    """
    implicit, explicit = _IMPLICIT.search(message), _EXPLICIT.search(message)
    found = explicit or implicit
    if found is None:
        return None
    kind = _KINDS[found["kind"]]
    named = explicit["policy"] if explicit else None
    reason = f"no {found['kind']} allows it" if found is implicit else f"explicit deny in its {found['kind']}"
    call = _CALL.search(message)
    return Refusal(
        kind=kind,
        component=(named or _holder(kind, message)).rstrip("."),
        code=EXPLICIT if explicit else IMPLICIT,
        reason=f"{call['action']}: {reason}" if call else reason,
    )


def _holder(kind: str, message: str) -> str:
    """Return whose policy it is: the resource's ARN, or the role or user that called."""
    call, resource = _CALL.search(message), _RESOURCE.search(message)
    if kind == RESOURCE:
        return resource["resource"] if resource else "the resource"
    if kind == ENDPOINT:
        return "the VPC endpoint"
    return _identity(call["caller"]) if call else "the caller"


def _identity(arn: str) -> str:
    """Return ``role/NAME`` for a session of the role, and ``user/NAME`` for a user."""
    kind, _, name = arn.rpartition(":")[2].partition("/")
    return f"role/{name.partition('/')[0]}" if kind == "assumed-role" else f"{kind}/{name}"
