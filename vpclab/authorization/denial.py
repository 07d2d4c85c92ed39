"""The reason of a denial in AWS's words (IAM guide, troubleshoot_access-denied)."""

from vpclab.authorization.policies import PolicyKind
from vpclab.authorization.request import Request
from vpclab.authorization.verdict import Decision, Verdict

_ASSUMING = "sts:assumerole"
_TRUST_POLICY = "role trust policy"


def denial_reason(verdict: Verdict, request: Request) -> str:
    """Return what follows "is not authorized to perform: … on resource: …"; "" when the request is allowed."""
    if verdict.refused_by is None:
        return ""
    kind: str = verdict.refused_by
    if verdict.refused_by is PolicyKind.RESOURCE and request.action.lower().startswith(_ASSUMING):
        kind = _TRUST_POLICY
    if verdict.decision is Decision.EXPLICITLY_DENIED:
        return f"with an explicit deny in {_article(kind)} {kind}"
    return f"because no {kind} allows the {request.action} action"


def _article(kind: str) -> str:
    if kind == _TRUST_POLICY:
        return "the"
    return "an" if kind[0] == "i" else "a"
