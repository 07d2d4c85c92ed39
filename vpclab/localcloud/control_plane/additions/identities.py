"""IAM's users and roles for authentication, and what moto lacks of them.

moto lets an inactive or deleted key, and a session of a role that is gone, go on working, and its users' ids are
not AWS's. AWS: IAM guide, id_credentials_access-keys, id_credentials_temp and reference_identifiers.
"""

from collections.abc import Mapping

from moto.core.utils import utcnow
from moto.iam.models import User, iam_backends
from moto.iam.utils import generate_access_key_id_from_account_id

from vpclab.authorization import Principal, PrincipalKind
from vpclab.localcloud.control_plane.authentication.identities import UserKey
from vpclab.localcloud.control_plane.authentication.session import Session
from vpclab.localcloud.control_plane.corrections import Corrections, Moto

_PARTITION = "aws"
_USER_ID_LENGTH = 21
_NOTHING: Mapping[str, str] = {}


def correct(corrections: Corrections) -> None:
    """Give users ids as AWS has them: they tell a user from one of the same name that was deleted."""
    corrections.wrap(User, "__init__", _made)


def _made(plain: Moto, user: Moto, account_id: str, *given: Moto, **named: Moto) -> None:
    plain(user, account_id, *given, **named)
    user.id = generate_access_key_id_from_account_id(account_id, "AIDA", _USER_ID_LENGTH)


class MotoIdentities:
    """Reads moto's IAM at every question."""

    def user_key(self, access_key_id: str) -> UserKey | None:
        """Return an active key; None: there is none, it is inactive, or its user is gone."""
        for account, partitions in list(iam_backends.items()):
            backend = partitions[_PARTITION]
            key = backend.access_keys.get(access_key_id)
            if key is None:
                continue
            user = _user_of(backend, key)
            if user is None or key.status != "Active":
                return None
            return UserKey(
                secret_access_key=key.secret_access_key,
                principal=Principal(kind=PrincipalKind.USER, account=account, arn=user.arn),
                account=account,
                user_name=user.name,
                user_id=user.id,
                tags=_tags(backend.tagger.list_tags_for_resource(user.arn)["Tags"]),
            )
        return None

    def account_of_key(self, access_key_id: str) -> str | None:
        """Return the account of a user's key, active or not; None: there is no such key."""
        for account, partitions in list(iam_backends.items()):
            if access_key_id in partitions[_PARTITION].access_keys:
                return str(account)
        return None

    def tags_behind(self, session: Session) -> Mapping[str, str] | None:
        """Return the tags of the role or user behind a session; None: it is gone, and the session with it."""
        if not session.identity_id:
            return _NOTHING
        backend = iam_backends[session.account][_PARTITION]
        if session.principal.role_arn is not None:
            role = backend.roles.get(session.identity_id)
            if role is None:
                return None
            role.last_used = utcnow()
            return _tags(role.tags)
        user = backend.users.get(session.user_name)
        if user is None or user.id != session.identity_id:
            return None
        return _tags(backend.tagger.list_tags_for_resource(user.arn)["Tags"])


def _user_of(backend: Moto, key: Moto) -> Moto:
    """The user that has the key: by name, else (renamed since) by looking."""
    user = backend.users.get(key.user_name)
    if user is None or key not in user.access_keys:
        user = next((one for one in list(backend.users.values()) if key in one.access_keys), None)
    return user


def _tags(given: Moto) -> dict[str, str]:
    return {one["Key"]: one["Value"] for one in given or ()}
