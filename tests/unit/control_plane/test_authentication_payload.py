"""Uploads in signed chunks, held against the examples of the S3 API reference (sigv4-streaming, …-trailers)."""

import io
from typing import Any

import pytest

from vpclab.localcloud.control_plane.api_request import ApiRequest
from vpclab.localcloud.control_plane.authentication.payload import check_chunks, payload_hash
from vpclab.localcloud.control_plane.authentication.refusal import Reason, RefusedError
from vpclab.localcloud.control_plane.authentication.signature import Scope, signing_key
from vpclab.localcloud.control_plane.authentication.signed_request import SignedRequest

SCOPE = Scope("20130524", "us-east-1", "s3")
KEY = signing_key("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", SCOPE)
PIECES = (b"a" * 65536, b"a" * 1024, b"")
PLAIN = (
    "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
    "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
)
WITH_TRAILER = (
    "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
    "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
    "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
    "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
)
TRAILER = (
    b"x-amz-checksum-crc32c:sOO8/Q==\r\n"
    b"x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n"
)


def chunks(signatures: tuple[str, ...], end: bytes = b"\r\n") -> bytes:
    framed = [
        b"%x;chunk-signature=%s\r\n%s" % (len(piece), signature.encode(), piece + b"\r\n" if piece else b"")
        for piece, signature in zip(PIECES, signatures[1:], strict=True)
    ]
    return b"".join(framed) + end


def asked(body: bytes, word: str, seed: str, service: str = "s3") -> tuple[ApiRequest, SignedRequest]:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "PUT",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "HTTP_X_AMZ_CONTENT_SHA256": word,
        "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential=AKIA/20130524/us-east-1/{service}/aws4_request",
    }
    return ApiRequest.read(environ), SignedRequest("AKIA", SCOPE, "20130524T000000Z", ("host",), seed)


def check(body: bytes, word: str, seed: str) -> None:
    request, claims = asked(body, word, seed)
    assert payload_hash(request, claims) == word
    check_chunks(request, claims, KEY)


def test_published_chunks_can_pass() -> None:
    """65 KiB of the letter a, in two chunks and an empty one."""
    check(chunks(PLAIN), "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", PLAIN[0])


def test_published_trailer_can_pass() -> None:
    """The same with a checksum after it, which is signed too."""
    check(chunks(WITH_TRAILER, TRAILER), "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", WITH_TRAILER[0])


@pytest.mark.parametrize(
    "body",
    [
        chunks(PLAIN).replace(b"aa\r\n", b"ab\r\n", 1),
        chunks(PLAIN)[:-100],
        chunks(PLAIN)[:60000],
        chunks(PLAIN).replace(b"chunk-signature=ad", b"chunk-signature=ae"),
        b"hello",
        b"",
    ],
)
def test_changed_chunks_cannot_pass(body: bytes) -> None:
    """A changed byte, a missing end, a changed signature, no chunks at all."""
    with pytest.raises(RefusedError) as refused:
        check(body, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", PLAIN[0])
    assert refused.value.reason is Reason.MISMATCH


@pytest.mark.parametrize("trailer", [b"", TRAILER.replace(b"sOO8", b"sOO9"), TRAILER.split(b"\r\n")[0]])
def test_changed_trailer_cannot_pass(trailer: bytes) -> None:
    """Nor one without its signature."""
    with pytest.raises(RefusedError):
        check(chunks(WITH_TRAILER, trailer), "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", WITH_TRAILER[0])


def test_word_in_place_of_a_hash_cannot_serve_other_services() -> None:
    """Only S3 takes UNSIGNED-PAYLOAD; others hash the body whatever the header says."""
    request, claims = asked(b"body", "UNSIGNED-PAYLOAD", "", service="sqs")
    assert payload_hash(request, claims) == "230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5"


@pytest.mark.parametrize("word", ["STREAMING-SOMETHING", "0" * 64])
def test_wrong_hash_cannot_pass(word: str) -> None:
    """A hash that is not the body's, or a word that S3 does not know."""
    with pytest.raises(RefusedError) as refused:
        payload_hash(*asked(b"body", word, ""))
    assert refused.value.reason is Reason.WRONG_PAYLOAD
