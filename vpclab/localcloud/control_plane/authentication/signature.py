"""Signature Version 4, as a service computes it again (IAM guide, reference_sigv-create-signed-request). Pure."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from urllib.parse import quote, unquote_to_bytes

from botocore.utils import normalize_url_path

ALGORITHM = "AWS4-HMAC-SHA256"
TERMINATOR = "aws4_request"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"

_UNRESERVED = "-_.~"
_SIGNATURE = "X-Amz-Signature"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a signing key is good for: a day (``20261124``), a Region and a service, as the client spells them."""

    date: str
    region: str
    service: str

    def __str__(self) -> str:
        """The scope as the string to sign has it."""
        return f"{self.date}/{self.region}/{self.service}/{TERMINATOR}"


@lru_cache(maxsize=1024)
def signing_key(secret: str, scope: Scope) -> bytes:
    """Return the key of one secret for one scope: the same all day long, hence kept."""
    key = f"AWS4{secret}".encode()
    for part in (scope.date, scope.region, scope.service, TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def signature(key: bytes, timestamp: str, scope: Scope, canonical: str) -> str:
    """Return the signature (64 hexadecimal digits) of a canonical request."""
    text = f"{ALGORITHM}\n{timestamp}\n{scope}\n{sha256(canonical.encode('utf-8', 'surrogateescape')).hexdigest()}"
    return hmac.digest(key, text.encode(), "sha256").hex()


def canonical_request(  # noqa: PLR0913 - a request has these parts
    *, method: str, path: str, query: str, headers: Mapping[str, str], payload_hash: str, is_s3: bool
) -> str:
    """Return the text whose hash is signed.

    ``path`` and ``query`` are as sent; ``headers`` are the signed ones, in lower case, each with all its values.
    """
    names = sorted(headers)
    lines = "".join(f"{name}:{_trimmed(headers[name])}\n" for name in names)
    where = canonical_path(path, is_s3=is_s3)
    return f"{method}\n{where}\n{canonical_query(query)}\n{lines}\n{';'.join(names)}\n{payload_hash}"


def canonical_path(path: str, *, is_s3: bool) -> str:
    """Return the path as it is signed: S3's encoded once, the others' normalised and encoded twice.

    S3's keys may hold ``//`` and ``..``, which are part of the name there.
    """
    if is_s3:
        return quote(unquote_to_bytes(path), safe=f"/{_UNRESERVED}") or "/"
    return quote(normalize_url_path(path), safe=f"/{_UNRESERVED}")


def canonical_query(query: str) -> str:
    """Return the parameters encoded anew and sorted, without the signature itself."""
    if not query:
        return ""
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    encoded = sorted((_encoded(name), _encoded(value)) for name, _, value in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded if name != _SIGNATURE)


def _encoded(text: str) -> str:
    return quote(unquote_to_bytes(text.replace("+", " ")), safe=_UNRESERVED)


def _trimmed(value: str) -> str:
    """The value without needless spaces, its bytes taken for the UTF-8 that the client signed."""
    text = " ".join(value.split())
    return text if text.isascii() else text.encode("latin-1").decode("utf-8", "surrogateescape")
