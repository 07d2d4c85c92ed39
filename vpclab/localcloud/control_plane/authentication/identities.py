"""What authentication asks of IAM."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from vpclab.authorization import Principal
from vpclab.localcloud.control_plane.authentication.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class UserKey:
    """An active access key of an IAM user that exists."""

    secret_access_key: str = field(repr=False)
    principal: Principal
    account: str
    user_name: str
    user_id: str
    tags: Mapping[str, str] = field(default_factory=dict)


class Identities(Protocol):
    """IAM's users and roles, as they are now."""

    def user_key(self, access_key_id: str) -> UserKey | None:
        """Return an active key; None: there is none, it is inactive, or its user is gone."""

    def tags_behind(self, session: Session) -> Mapping[str, str] | None:
        """Return the tags of the role or user behind a session; None: it is gone, and the session with it."""
