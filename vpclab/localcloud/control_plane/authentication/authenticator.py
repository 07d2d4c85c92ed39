"""From a request to its caller: whose key it is, whether its signature and token fit, whether it is in time.

Deploy credentials are ``test`` and every 12-digit account id (LocalStack's convention), with any secret: their
signature is not looked at. They hold at the cloud's own endpoint alone: a function that signs itself with them is
answered as by AWS, where nobody knows such a key. Sources for all others: IAM guide, reference_sigv; STS API
reference.
"""

import hmac
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeAlias

from vpclab.authorization import Principal, PrincipalKind
from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.api_request import ApiRequest
from vpclab.localcloud.control_plane.authentication.caller import CALLER_KEY, Caller
from vpclab.localcloud.control_plane.authentication.identities import Identities, UserKey
from vpclab.localcloud.control_plane.authentication.legacy_signature import (
    LegacyRequest,
    check_legacy_signature,
    read_legacy_signature,
)
from vpclab.localcloud.control_plane.authentication.payload import check_chunks, payload_hash
from vpclab.localcloud.control_plane.authentication.refusal import Reason, RefusedError, refusal
from vpclab.localcloud.control_plane.authentication.session import Session, Sessions
from vpclab.localcloud.control_plane.authentication.signature import canonical_request, signature, signing_key
from vpclab.localcloud.control_plane.authentication.signed_request import (
    SignedRequest,
    is_signed,
    raw_path,
    read_signature,
    signed_values,
)
from vpclab.localcloud.control_plane.settings import Settings
from vpclab.localcloud.request_source import ENVIRON_KEY, RequestSource

DEPLOY_KEY = "test"

Claims: TypeAlias = SignedRequest | LegacyRequest

_ACCOUNT = re.compile(r"[0-9]{12}")
_S3_SKEW_SECONDS, _SKEW_SECONDS = 900.0, 300.0
_FORM = "multipart/form-data"
_MAY_BE_UNSIGNED = {
    "s3": None,
    "sts": frozenset({"AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"}),
}
"""What AWS answers without a signature; None: all, as far as the resource's policy lets anybody."""


class Authenticator:
    """Asked once per request, holding no lock."""

    def __init__(self, settings: Settings, identities: Identities, sessions: Sessions) -> None:
        self._settings = settings
        self._identities = identities
        self._sessions = sessions

    def caller(self, request: ApiRequest) -> Caller:
        """Return who sent ``request``, and leave it in the request's environ for ``caller_of``.

        Raises:
            ApiError: its key, signature, token or date is refused, with the code that its service uses.
        """
        try:
            found = self._caller(request)
        except RefusedError as error:
            raise refusal(error, request) from None
        request.environ[CALLER_KEY] = found
        return found

    def _caller(self, request: ApiRequest) -> Caller:
        found = request.environ.get(ENVIRON_KEY)
        source = found if isinstance(found, RequestSource) else None
        key = request.access_key_id
        if source is None and key == DEPLOY_KEY:
            return administrator(self._settings.account, key, source)
        if source is None and _ACCOUNT.fullmatch(key):
            return administrator(key, key, source)
        if not is_signed(request):
            return self._anonymous(request, source)
        claims = read_legacy_signature(request) or read_signature(request)
        if not _is_same(claims, request):
            raise RefusedError(Reason.INCOMPLETE, "The request has more than one Credential.")
        session = self._sessions.find(key)
        if session is not None:
            return self._of_session(request, claims, session, source)
        user = self._identities.user_key(key)
        if user is None:
            raise RefusedError(Reason.UNKNOWN_KEY)
        if claims.token:
            raise RefusedError(Reason.BAD_TOKEN)
        _check_signature(request, claims, user.secret_access_key)
        return _of_user(user, key, source)

    def _anonymous(self, request: ApiRequest, source: RequestSource | None) -> Caller:
        if request.service == "s3" and request.environ.get("CONTENT_TYPE", "").startswith(_FORM):
            raise ApiError(
                "UnsupportedOperation",
                "The local cloud does not model uploads to S3 by a form (POST): presign a PUT instead.",
                501,
            )
        allowed = _MAY_BE_UNSIGNED.get(request.service, frozenset())
        if allowed is not None and request.action not in allowed:
            raise RefusedError(Reason.MISSING)
        nobody = Principal(kind=PrincipalKind.ANONYMOUS, account=None, arn="*")
        return Caller(
            principal=nobody, account=self._settings.account, user_id="ANONYMOUS_PRINCIPAL", source=source
        )

    def _of_session(
        self,
        request: ApiRequest,
        claims: Claims,
        session: Session,
        source: RequestSource | None,
    ) -> Caller:
        if claims.token is None:
            raise RefusedError(Reason.UNKNOWN_KEY)
        if not hmac.compare_digest(claims.token.encode(), session.token.encode()):
            raise RefusedError(Reason.BAD_TOKEN)
        tags = self._identities.tags_behind(session)
        if tags is None or (session.user_name is not None and request.service == "iam"):
            raise RefusedError(Reason.UNKNOWN_KEY)  # GetSessionToken without MFA is not good for IAM
        if time.time() >= session.expires_at:
            raise RefusedError(Reason.EXPIRED_TOKEN)
        _check_signature(request, claims, session.secret_access_key)
        issued = datetime.fromtimestamp(session.issued_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        context = {
            "aws:tokenissuetime": (issued,),
            "aws:multifactorauthpresent": ("false",),
            **_tag_keys({**tags, **session.tags}),
        }
        if session.source_identity is not None:
            context["aws:sourceidentity"] = (session.source_identity,)
        if session.function_arn is not None:
            context["lambda:sourcefunctionarn"] = (session.function_arn,)
        return Caller(
            principal=session.principal,
            account=session.account,
            access_key_id=session.access_key_id,
            user_name=session.user_name,
            user_id=session.user_id,
            session_policies=session.policies,
            is_administrator=session.is_administrator,
            issued_at=session.issued_at,
            source=source,
            session_context=context,
        )


def administrator(account: str, access_key_id: str, source: RequestSource | None) -> Caller:
    """Return the caller that an account's deploy credentials stand for."""
    return Caller(
        principal=Principal(kind=PrincipalKind.ROOT, account=account, arn=f"arn:aws:iam::{account}:root"),
        account=account,
        access_key_id=access_key_id,
        user_id=account,
        is_administrator=True,
        source=source,
    )


def _of_user(user: UserKey, access_key_id: str, source: RequestSource | None) -> Caller:
    return Caller(
        principal=user.principal,
        account=user.account,
        access_key_id=access_key_id,
        user_name=user.user_name,
        user_id=user.user_id,
        source=source,
        session_context=_tag_keys(user.tags),
    )


def _tag_keys(tags: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    return {f"aws:principaltag/{key.lower()}": (value,) for key, value in tags.items()}


def _is_same(claims: Claims, request: ApiRequest) -> bool:
    """Whether the credential that is checked is the one that the rest of the control plane goes by."""
    if claims.access_key_id != request.access_key_id:
        return False
    return isinstance(claims, LegacyRequest) or claims.scope.service.lower() == request.service


def _check_signature(request: ApiRequest, claims: Claims, secret: str) -> None:
    """Compute the signature again, then look at the time: in that order, as only a signed date can be believed."""
    if isinstance(claims, LegacyRequest):
        check_legacy_signature(request, claims, secret)
        return
    is_s3 = request.service == "s3"
    canonical = canonical_request(
        method=request.method,
        path=raw_path(request),
        query=request.query,
        headers=signed_values(request, claims),
        payload_hash=payload_hash(request, claims),
        is_s3=is_s3,
    )
    key = signing_key(secret, claims.scope)
    expected = signature(key, claims.timestamp, claims.scope, canonical)
    if not hmac.compare_digest(expected.encode(), claims.signature.encode()):
        raise RefusedError(Reason.MISMATCH)
    _check_time(claims, is_s3=is_s3)
    check_chunks(request, claims, key)


def _check_time(claims: SignedRequest, *, is_s3: bool) -> None:
    now = time.time()
    skew = _S3_SKEW_SECONDS if is_s3 else _SKEW_SECONDS
    age = now - claims.signed_at
    if claims.expires is not None:
        if age > claims.expires:
            raise RefusedError(Reason.EXPIRED_URL, _expired(claims, now, claims.expires))
        if age < -skew:
            raise RefusedError(Reason.SKEWED, _early(claims, now, skew))
    elif age > skew:
        raise RefusedError(Reason.SKEWED, _expired(claims, now, skew))
    elif age < -skew:
        raise RefusedError(Reason.SKEWED, _early(claims, now, skew))


def _expired(claims: SignedRequest, now: float, seconds: float) -> str:
    limit = _text(now - seconds)
    return (
        f"Signature expired: {claims.timestamp} is now earlier than {limit} "
        f"({_text(now)} - {seconds / 60:.0f} min.)"
    )


def _early(claims: SignedRequest, now: float, seconds: float) -> str:
    limit = _text(now + seconds)
    return (
        f"Signature not yet current: {claims.timestamp} is still later than {limit} "
        f"({_text(now)} + {seconds / 60:.0f} min.)"
    )


def _text(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y%m%dT%H%M%SZ")
