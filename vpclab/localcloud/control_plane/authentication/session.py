"""Temporary credentials: what STS hands out, for roles and for users."""

import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from vpclab.authorization import Principal

_TOKEN_PREFIX = "IQoJb3JpZ2luX2Vj"  # noqa: S105 - how AWS's tokens begin, no secret
_TOKEN_BYTES = 240
_SECRET_BYTES = 30
_KEPT_AFTER_EXPIRY = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One session. Times are seconds since the epoch.

    ``identity_id``: the unique id of the role or user behind it (``AROA…``), which dies with it; empty for the
    administrator of an account. ``policies``: documents of session policies, None without. ``tags`` are its own,
    beside the role's; ``transitive`` names those that a chained session inherits.
    """

    access_key_id: str
    secret_access_key: str = field(repr=False)
    token: str = field(repr=False)
    principal: Principal
    account: str
    issued_at: float
    expires_at: float
    identity_id: str = ""
    name: str = ""
    user_name: str | None = None
    policies: tuple[str, ...] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive: frozenset[str] = frozenset()
    source_identity: str | None = None
    function_arn: str | None = None
    is_administrator: bool = False

    @property
    def user_id(self) -> str:
        """What GetCallerIdentity calls UserId."""
        if self.name:
            return f"{self.identity_id}:{self.name}"
        return self.identity_id or self.account


class Sessions:
    """Every session of the cloud, by its access key id. Expired ones are known for an hour, to be told so."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()

    def find(self, access_key_id: str) -> Session | None:
        """Return the session of a key, expired or not."""
        return self._sessions.get(access_key_id)

    def keep(self, session: Session) -> Session:
        """Make a session known."""
        forgotten = time.time() - _KEPT_AFTER_EXPIRY
        with self._lock:
            for old in [key for key, one in self._sessions.items() if one.expires_at < forgotten]:
                del self._sessions[old]
            self._sessions[session.access_key_id] = session
        return session


def new_secret() -> str:
    """Return a secret access key: 40 characters."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def new_token() -> str:
    """Return a session token."""
    return _TOKEN_PREFIX + secrets.token_urlsafe(_TOKEN_BYTES)
