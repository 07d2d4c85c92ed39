"""What a request says of its own signature: in the Authorization header, or in a presigned URL's query."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl

from vpclab.localcloud.control_plane.api_request import ApiRequest
from vpclab.localcloud.control_plane.authentication.refusal import Reason, RefusedError
from vpclab.localcloud.control_plane.authentication.signature import ALGORITHM, TERMINATOR, Scope
from vpclab.localcloud.request_source import SIGNED_HOST_KEY

_TIMESTAMP = re.compile(r"\d{8}T\d{6}Z")
_DATE = re.compile(r"\d{8}")
_PARTS = ("Credential", "Signature", "SignedHeaders")
_SCOPE_PARTS = 5
_LONGEST_EXPIRY, _USUAL_EXPIRY = 7 * 24 * 3600, 900
_UNSIGNED_MAY_BE = frozenset({"x-amz-user-agent"})
"""Headers that SDKs add after signing."""


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """The claims. ``expires``: seconds that a presigned URL is good for; None: the header was used."""

    access_key_id: str
    scope: Scope
    timestamp: str
    signed_headers: tuple[str, ...]
    signature: str
    token: str | None = None
    expires: int | None = None

    @property
    def signed_at(self) -> float:
        """When it was signed, in seconds since the epoch."""
        return datetime.strptime(self.timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()


def is_signed(request: ApiRequest) -> bool:
    """Whether the request claims any signature, of whatever kind."""
    query = request.query
    return "HTTP_AUTHORIZATION" in request.environ or "X-Amz-Algorithm=" in query or "AWSAccessKeyId=" in query


def read_signature(request: ApiRequest) -> SignedRequest:
    """Return the claims of a signed request.

    Raises:
        RefusedError: they are incomplete, contradictory, or of another kind than Signature Version 4.
    """
    in_query = "X-Amz-Algorithm=" in request.query
    header = str(request.environ.get("HTTP_AUTHORIZATION", ""))
    if in_query and header:
        raise RefusedError(Reason.TWO_MECHANISMS)
    found = _of_query(request.query) if in_query else _of_header(header, request.environ)
    if found.scope.date != found.timestamp[:8]:
        raise RefusedError(
            Reason.INCOMPLETE,
            f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{found.scope.date}' != '{found.timestamp[:8]}', from '{found.timestamp}'.",
        )
    return found


def header(environ: Mapping[str, Any], name: str) -> str | None:
    """Return a header's value as the client sent it, values of the same name joined by commas; None: not sent."""
    if name == "host":
        value = environ.get(SIGNED_HOST_KEY) or environ.get("HTTP_HOST")
    elif name in ("content-type", "content-length"):
        value = environ.get(name.upper().replace("-", "_"))
    else:
        value = environ.get("HTTP_" + name.upper().replace("-", "_"))
    return None if value is None else str(value)


def raw_path(request: ApiRequest) -> str:
    """Return the path as it was sent, escapes and all."""
    path = str(request.environ["RAW_URI"]).partition("?")[0]
    if path.startswith(("http://", "https://")):  # absolute form, RFC 9112 section 3.2.2
        path = "/" + path.partition("://")[2].partition("/")[2]
    return path


def signed_values(request: ApiRequest, claims: SignedRequest) -> dict[str, str]:
    """Return the signed headers with their values.

    Raises:
        RefusedError: a header that must be signed is not (Host, and every ``x-amz-`` header that was sent).
    """
    environ, signed = request.environ, claims.signed_headers
    if "host" not in signed:
        raise RefusedError(
            Reason.UNSIGNED_HEADER, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
        )
    for key in environ:
        if key.startswith("HTTP_X_AMZ_"):
            name = key[5:].replace("_", "-").lower()
            if name not in signed and name not in _UNSIGNED_MAY_BE and not _metadata_signed(name, signed):
                raise RefusedError(
                    Reason.UNSIGNED_HEADER, f"'{name}' must be a 'SignedHeader' in the AWS Authorization."
                )
    return {name: header(environ, name) or "" for name in signed}


def _metadata_signed(name: str, signed: tuple[str, ...]) -> bool:
    """Whether S3 metadata with an underscore in its name, which the environ cannot tell from a dash, is signed."""
    return name.startswith("x-amz-meta-") and any(one.replace("_", "-") == name for one in signed)


def _of_header(text: str, environ: Mapping[str, Any]) -> SignedRequest:
    algorithm, _, rest = text.strip().partition(" ")
    if algorithm != ALGORITHM:
        raise RefusedError(Reason.OTHER_ALGORITHM)
    pairs = [part.strip().partition("=")[::2] for part in rest.split(",")]
    parts = dict(pairs)
    if missing := [name for name in _PARTS if not parts.get(name)]:
        wanted = " ".join(f"Authorization header requires '{name}' parameter." for name in missing)
        raise RefusedError(Reason.INCOMPLETE, wanted)
    if len(pairs) != len(_PARTS):
        raise RefusedError(Reason.INCOMPLETE, "Authorization header has other parameters than it may have.")
    timestamp = _timestamp(environ)
    access_key_id, scope = _credential(parts["Credential"])
    return SignedRequest(
        access_key_id,
        scope,
        timestamp,
        tuple(parts["SignedHeaders"].split(";")),
        parts["Signature"],
        environ.get("HTTP_X_AMZ_SECURITY_TOKEN"),
    )


def _of_query(query: str) -> SignedRequest:
    pairs = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0].startswith("X-Amz-")]
    parts = dict(pairs)
    needed = ("Algorithm", "Credential", "Date", "SignedHeaders", "Signature")
    if missing := [f"X-Amz-{name}" for name in needed if not parts.get(f"X-Amz-{name}")]:
        raise RefusedError(
            Reason.INCOMPLETE, " ".join(f"AWS query-string parameters must include '{name}'." for name in missing)
        )
    if len(parts) != len(pairs):
        raise RefusedError(Reason.INCOMPLETE, "AWS query-string parameters must be given once.")
    if parts["X-Amz-Algorithm"] != ALGORITHM:
        raise RefusedError(Reason.OTHER_ALGORITHM)
    timestamp = parts["X-Amz-Date"]
    if not _is_time(timestamp):
        raise RefusedError(Reason.INCOMPLETE, _not_iso(timestamp))
    access_key_id, scope = _credential(parts["X-Amz-Credential"])
    return SignedRequest(
        access_key_id,
        scope,
        timestamp,
        tuple(parts["X-Amz-SignedHeaders"].split(";")),
        parts["X-Amz-Signature"],
        parts.get("X-Amz-Security-Token"),
        _expiry(parts.get("X-Amz-Expires", "")),
    )


def _credential(text: str) -> tuple[str, Scope]:
    parts = text.split("/")
    if len(parts) != _SCOPE_PARTS or not all(parts):
        raise RefusedError(
            Reason.INCOMPLETE,
            f"Credential must have exactly 5 slash-delimited elements, e.g. {_EXAMPLE}, got '{text}'",
        )
    access_key_id, date, region, service, terminator = parts
    if _DATE.fullmatch(date) is None:
        raise RefusedError(Reason.INCOMPLETE, f"Date in Credential scope is not YYYYMMDD: '{date}'.")
    if terminator != TERMINATOR:
        raise RefusedError(
            Reason.INCOMPLETE,
            f"Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{terminator}'.",
        )
    return access_key_id, Scope(date, region, service)


_EXAMPLE = "keyid/date/region/service/aws4_request"


def _timestamp(environ: Mapping[str, Any]) -> str:
    given = environ.get("HTTP_X_AMZ_DATE")
    if given is not None:
        if not _is_time(given):
            raise RefusedError(Reason.INCOMPLETE, _not_iso(given))
        return str(given)
    date = environ.get("HTTP_DATE")
    if date is None:
        raise RefusedError(
            Reason.INCOMPLETE,
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
        )
    if _is_time(date):
        return str(date)
    try:
        return parsedate_to_datetime(date).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    except ValueError:
        raise RefusedError(Reason.INCOMPLETE, _not_iso(date)) from None


def _is_time(text: str) -> bool:
    if _TIMESTAMP.fullmatch(text) is None:
        return False
    try:
        datetime.strptime(text, "%Y%m%dT%H%M%SZ")  # noqa: DTZ007 - only whether it is one
    except ValueError:
        return False
    return True


def _not_iso(text: str) -> str:
    return f"Date must be in ISO-8601 'basic format'. Got '{text}'. See http://en.wikipedia.org/wiki/ISO_8601"


def _expiry(text: str) -> int:
    """Seconds, a week at most (S3 API, sigv4-query-string-auth); services other than S3 need not be told any."""
    if not text:
        return _USUAL_EXPIRY
    if not text.isdecimal() or int(text) > _LONGEST_EXPIRY:
        raise RefusedError(
            Reason.BAD_EXPIRY, "X-Amz-Expires must be a number of seconds, at most a week (604800)."
        )
    return int(text)
