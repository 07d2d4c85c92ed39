"""The body's part in a signature: its hash, or for S3 a word in its place and perhaps a signature per chunk.

Sources: S3 API reference, sigv4-auth-using-authorization-header, sigv4-streaming and sigv4-streaming-trailers.
"""

import hmac
import re
from hashlib import sha256

from vpclab.localcloud.control_plane.api_request import ApiRequest
from vpclab.localcloud.control_plane.authentication.refusal import Reason, RefusedError
from vpclab.localcloud.control_plane.authentication.signature import UNSIGNED_PAYLOAD
from vpclab.localcloud.control_plane.authentication.signed_request import SignedRequest

_UNSIGNED_CHUNKS = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
_CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
_CHUNKS_AND_TRAILER = f"{_CHUNKS}-TRAILER"
_NOTHING = sha256(b"").hexdigest()
_HASH = re.compile(r"[0-9a-f]{64}")
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,16});chunk-signature=([0-9a-f]{64})\r\n")
_TRAILER_SIGNATURE = b"x-amz-trailer-signature:"


def payload_hash(request: ApiRequest, claims: SignedRequest) -> str:
    """Return what stands for the body in the canonical request.

    Raises:
        RefusedError: the body is not what S3 was told, or the way to sign it is not known.
    """
    if request.service != "s3":
        return sha256(request.body).hexdigest()
    given = request.environ.get("HTTP_X_AMZ_CONTENT_SHA256")
    if given is None:
        return sha256(request.body).hexdigest() if claims.expires is None else UNSIGNED_PAYLOAD
    word = str(given)
    if word in (UNSIGNED_PAYLOAD, _UNSIGNED_CHUNKS, _CHUNKS, _CHUNKS_AND_TRAILER):
        return word
    if _HASH.fullmatch(word) is None or sha256(request.body).hexdigest() != word:
        raise RefusedError(Reason.WRONG_PAYLOAD)
    return word


def check_chunks(request: ApiRequest, claims: SignedRequest, key: bytes) -> None:
    """Check the signature of each chunk of an upload whose request says that it has some.

    Raises:
        RefusedError: one does not fit, or what should be chunks is none.
    """
    word = request.environ.get("HTTP_X_AMZ_CONTENT_SHA256")
    if request.service != "s3" or word not in (_CHUNKS, _CHUNKS_AND_TRAILER):
        return
    body, at, previous, last = request.body, 0, claims.signature, False
    about = f"{claims.timestamp}\n{claims.scope}"
    while not last:
        head = _CHUNK.match(body, at)
        if head is None:
            raise RefusedError(Reason.MISMATCH)
        size = int(head[1], 16)
        data = body[head.end() : head.end() + size]
        text = f"AWS4-HMAC-SHA256-PAYLOAD\n{about}\n{previous}\n{_NOTHING}\n{sha256(data).hexdigest()}"
        previous = _fitting(key, text, head[2].decode())
        at = head.end() + size + (2 if size else 0)
        last = not size
    if word == _CHUNKS_AND_TRAILER:
        _check_trailer(body[at:], key, about, previous)


def _check_trailer(trailer: bytes, key: bytes, about: str, previous: str) -> None:
    lines = [line for line in trailer.split(b"\r\n") if line.strip()]
    signed = b"".join(b"%s:%s\n" % _field(line) for line in lines if not line.startswith(_TRAILER_SIGNATURE))
    given = next((line for line in lines if line.startswith(_TRAILER_SIGNATURE)), None)
    if given is None:
        raise RefusedError(Reason.MISMATCH)
    text = f"AWS4-HMAC-SHA256-TRAILER\n{about}\n{previous}\n{sha256(signed).hexdigest()}"
    _fitting(key, text, given.removeprefix(_TRAILER_SIGNATURE).strip().decode("latin-1"))


def _field(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name.strip().lower(), value.strip()


def _fitting(key: bytes, text: str, given: str) -> str:
    expected = hmac.digest(key, text.encode(), "sha256").hex()
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise RefusedError(Reason.MISMATCH)
    return expected
