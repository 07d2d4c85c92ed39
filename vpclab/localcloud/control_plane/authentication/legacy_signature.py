"""Signature Version 2 of S3, which boto3 still presigns URLs with in us-east-1 unless told otherwise.

botocore's own signer computes it again. Source: S3 guide, "Signing and authenticating REST requests (Signature
Version 2)".
"""

import hmac
import re
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import SplitResult, parse_qsl

from botocore.auth import HmacV1Auth
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from vpclab.localcloud.control_plane.api_request import ApiRequest
from vpclab.localcloud.control_plane.authentication.refusal import Reason, RefusedError
from vpclab.localcloud.control_plane.authentication.signed_request import raw_path
from vpclab.localcloud.request_source import SIGNED_HOST_KEY

_HEADER = re.compile(r"AWS ([^:\s]+):(\S+)")
_BUCKET_HOST = re.compile(r"(?P<bucket>.+)\.s3[.-](?:[a-z0-9-]+\.)*amazonaws\.com(?::\d+)?")
_SKEW_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class LegacyRequest:
    """The claims. ``date``: the text of the signed Date or Expires. ``expires``: when a presigned URL ends."""

    access_key_id: str
    signature: str
    date: str
    token: str | None
    expires: int | None


class _Signer(HmacV1Auth):  # type: ignore[misc]  # botocore has no type information
    """botocore's signer with the client's date in place of its own."""

    def __init__(self, credentials: Credentials, date: str) -> None:
        super().__init__(credentials)
        self._date = date

    def _get_date(self) -> str:
        return self._date


def read_legacy_signature(request: ApiRequest) -> LegacyRequest | None:
    """Return the claims of a request signed so; None: it is not.

    Raises:
        RefusedError: a presigned URL lacks a part.
    """
    if request.service != "s3":
        return None
    environ = request.environ
    header = _HEADER.fullmatch(str(environ.get("HTTP_AUTHORIZATION", "")))
    if header is not None:
        date = "" if "HTTP_X_AMZ_DATE" in environ else str(environ.get("HTTP_DATE", ""))
        return LegacyRequest(header[1], header[2], date, environ.get("HTTP_X_AMZ_SECURITY_TOKEN"), None)
    if "AWSAccessKeyId=" not in request.query:
        return None
    given = dict(parse_qsl(request.query, keep_blank_values=True))
    key, signature, expires = (given.get(name, "") for name in ("AWSAccessKeyId", "Signature", "Expires"))
    if not key or not signature or not expires.isdecimal():
        raise RefusedError(
            Reason.MISSING,
            "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters",
        )
    return LegacyRequest(key, signature, expires, given.get("x-amz-security-token"), int(expires))


def check_legacy_signature(request: ApiRequest, claims: LegacyRequest, secret: str) -> None:
    """Compute the signature again, and look at the time.

    Raises:
        RefusedError: it does not fit, or it is too late.
    """
    environ = request.environ
    headers = HTTPHeaders()
    for key, value in environ.items():
        if key.startswith("HTTP_X_AMZ_") or key in ("HTTP_CONTENT_MD5", "CONTENT_TYPE"):
            headers[key.removeprefix("HTTP_").replace("_", "-").lower()] = str(value)
    if claims.expires is not None and claims.token is not None:
        headers["x-amz-security-token"] = claims.token
    path = raw_path(request)
    virtual = _BUCKET_HOST.fullmatch(str(environ.get(SIGNED_HOST_KEY) or environ.get("HTTP_HOST", "")))
    signer = _Signer(Credentials(claims.access_key_id, secret), claims.date)
    text = signer.canonical_string(
        request.method,
        SplitResult("http", "", path, request.query, ""),
        headers,
        auth_path=f"/{virtual['bucket']}{path}" if virtual else None,
    )
    if not hmac.compare_digest(signer.sign_string(text).encode(), claims.signature.encode()):
        raise RefusedError(Reason.MISMATCH)
    if claims.expires is not None:
        if time.time() > claims.expires:
            raise RefusedError(Reason.EXPIRED_URL)
    elif abs(time.time() - _signed_at(request)) > _SKEW_SECONDS:
        raise RefusedError(Reason.SKEWED)


def _signed_at(request: ApiRequest) -> float:
    text = str(request.environ.get("HTTP_X_AMZ_DATE") or request.environ.get("HTTP_DATE", ""))
    try:
        return parsedate_to_datetime(text).timestamp()
    except ValueError:
        raise RefusedError(Reason.MISSING) from None
