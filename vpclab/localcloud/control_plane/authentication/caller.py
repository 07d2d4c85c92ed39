"""Who sent a request: what its credentials prove, before anybody asks whether it may."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vpclab.authorization import Principal
    from vpclab.localcloud.control_plane.api_request import ApiRequest
    from vpclab.localcloud.request_source import RequestSource

CALLER_KEY = "vpclab.caller"
"""The key of a request's environ under which its ``Caller`` stands, once it is authenticated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The sender of one request.

    ``account`` is the account that answers: the principal's, and for anonymous callers the cloud's default one.
    ``user_id`` is what GetCallerIdentity calls UserId (``AIDA…``; ``AROA…:session``; the account's id for root).
    ``session_policies`` are documents; None: no session, or a session without policies; they narrow a session.
    ``is_administrator``: deploy credentials, which every policy lets pass. ``issued_at``: seconds since the epoch,
    when a session's credentials were made; None for keys without end. ``session_context``: condition keys that
    the session itself carries (``aws:PrincipalTag/…``, ``aws:MultiFactorAuthPresent``, ``aws:TokenIssueTime``,
    ``sts:SourceIdentity``, ``lambda:SourceFunctionArn``), lower-cased, each with its values.
    """

    principal: "Principal"
    account: str
    access_key_id: str = ""
    user_name: str | None = None
    user_id: str = ""
    session_policies: tuple[str, ...] | None = None
    is_administrator: bool = False
    issued_at: float | None = None
    source: "RequestSource | None" = None
    session_context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def caller_of(request: "ApiRequest") -> Caller:
    """Return who sent an authenticated request. KeyError: it was not authenticated yet."""
    found: Caller = request.environ[CALLER_KEY]
    return found
