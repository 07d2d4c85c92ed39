"""A signature computed again is the client's: held against botocore's signers, and AWS's published example."""

# ruff: noqa: ANN401 - botocore has no type information

import string
from typing import Any
from unittest.mock import patch
from urllib.parse import quote, urlsplit

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from vpclab.localcloud.control_plane.authentication.signature import (
    Scope,
    canonical_query,
    canonical_request,
    signature,
    signing_key,
)

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
SEGMENTS = st.text(string.ascii_letters + string.digits + " /.~-_+%:@,;()'!$ü", max_size=20)
NAMES = st.text(string.ascii_letters + string.digits + "-_.~ +/ü", min_size=1, max_size=8)
VALUES = st.text(string.printable.strip() + " ü", max_size=12)


def again(signer: Any, request: AWSRequest, secret: str, *, is_s3: bool) -> str:
    """The signature as a server that got ``request`` computes it."""
    fields = dict(
        part.strip().split("=", 1) for part in request.headers["Authorization"].split(" ", 1)[1].split(",")
    )
    parts = urlsplit(request.url)
    sent = {name.lower(): value for name, value in request.headers.items()} | {"host": parts.netloc}
    _, date, region, service, _ = fields["Credential"].split("/")
    scope = Scope(date, region, service)
    canonical = canonical_request(
        method=request.method,
        path=parts.path,
        query=parts.query,
        headers={name: sent[name] for name in fields["SignedHeaders"].split(";")},
        payload_hash=sent.get("x-amz-content-sha256") or signer.payload(request),
        is_s3=is_s3,
    )
    return signature(signing_key(secret, scope), request.context["timestamp"], scope, canonical)


def signed(kind: Any, service: str, request: AWSRequest) -> tuple[Any, str]:
    signer = kind(Credentials("AKIA", SECRET, "token"), service, "eu-west-1")
    signer.add_auth(request)
    found: str = request.headers["Authorization"].rpartition("=")[2]
    return signer, found


@pytest.mark.parametrize("service", ["s3", "lambda"])
@given(path=SEGMENTS, query=st.dictionaries(NAMES, VALUES, max_size=4), body=st.binary(max_size=40), header=VALUES)
def test_signature_can_be_computed_again(
    service: str, path: str, query: dict[str, str], body: bytes, header: str
) -> None:
    """Whatever path, query, body and header: the same 64 digits."""
    url = f"https://host.example/{quote(path)}"
    if query:
        url += "?" + "&".join(
            f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in query.items()
        )
    header = header.encode("ascii", "ignore").decode()
    request = AWSRequest("POST", url, data=body, headers={"X-Amz-Meta-It": header})
    kind = botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth
    signer, theirs = signed(kind, service, request)
    assert again(signer, request, SECRET, is_s3=service == "s3") == theirs


@given(
    names=st.lists(NAMES, min_size=2, max_size=5, unique=True), secret=st.text(string.ascii_letters, min_size=1)
)
def test_other_secret_cannot_give_the_same(names: list[str], secret: str) -> None:
    """Nor another order of the same parameters another one."""
    request = AWSRequest("GET", "https://host.example/?" + "&".join(f"{quote(one, safe='')}=1" for one in names))
    signer, theirs = signed(botocore.auth.SigV4Auth, "sts", request)
    assert again(signer, request, secret, is_s3=False) != theirs
    turned = AWSRequest(
        "GET", "https://host.example/?" + "&".join(f"{quote(one, safe='')}=1" for one in names[::-1])
    )
    turned.headers, turned.context = request.headers, request.context
    assert again(signer, turned, SECRET, is_s3=False) == theirs


def test_published_example_can_be_met() -> None:
    """IAM guide, "Create a signed AWS API request", the example that lists users."""
    stamp = "20150830T123600Z"
    canonical = canonical_request(
        method="GET",
        path="/",
        query="Action=ListUsers&Version=2010-05-08",
        headers={
            "content-type": "application/x-www-form-urlencoded; charset=utf-8",
            "host": "iam.amazonaws.com",
            "x-amz-date": stamp,
        },
        payload_hash="e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        is_s3=False,
    )
    scope = Scope("20150830", "us-east-1", "iam")
    found = signature(signing_key("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", scope), stamp, scope, canonical)
    assert found == "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"


@pytest.mark.parametrize(
    ("query", "canonical"),
    [
        ("", ""),
        ("b=2&a=1&a=0&c", "a=0&a=1&b=2&c="),
        ("a=1%2b+2&B=%7e", "B=~&a=1%2B%202"),
        ("X-Amz-Signature=ab&uploads", "uploads="),
        ("&&a=%C3%BC", "a=%C3%BC"),
    ],
)
def test_query_can_be_brought_into_one_form(query: str, canonical: str) -> None:
    """Sorted by encoded name, then value; spaces as %20; without the signature itself."""
    assert canonical_query(query) == canonical


def test_header_of_other_letters_can_be_signed() -> None:
    """Bytes that a server reads as Latin-1 are the UTF-8 that was signed."""
    read = "ü".encode().decode("latin-1")
    headers = {"host": "h", "x-amz-meta-a": f"  {read}  {read} "}
    found = canonical_request(method="GET", path="/", query="", headers=headers, payload_hash="", is_s3=True)
    assert "x-amz-meta-a:ü ü\n" in found


def test_signing_key_cannot_be_derived_twice() -> None:
    """It is the same all day, and kept."""
    scope = Scope("20260101", "us-east-1", "sqs")
    first = signing_key("kept", scope)
    with patch("hmac.digest", side_effect=AssertionError):
        assert signing_key("kept", Scope("20260101", "us-east-1", "sqs")) is first
