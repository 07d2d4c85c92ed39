"""Telling from an HTTP request which service is meant, by whom."""

import io
from typing import Any

import pytest

from vpclab.localcloud.control_plane.api_error import ApiError, render
from vpclab.localcloud.control_plane.api_request import ApiRequest, is_reading

SIGNED = "AWS4-HMAC-SHA256 Credential={}/20261124/{}/{}/aws4_request, SignedHeaders=host, Signature=0"


def environ(body: bytes = b"", path: str = "/", query: str = "", **headers: str) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
    }


@pytest.mark.parametrize(
    ("given", "service", "region", "account"),
    [
        (environ(authorization=SIGNED.format("test", "eu-west-1", "ec2")), "ec2", "eu-west-1", None),
        (
            environ(authorization=SIGNED.format("210987654321", "us-east-1", "rds")),
            "rds",
            "us-east-1",
            "210987654321",
        ),
        (
            environ(query="X-Amz-Credential=test%2F20261124%2Fus-east-1%2Fs3%2Faws4_request"),
            "s3",
            "us-east-1",
            None,
        ),
        (environ(host="127.0.0.1:4566", query="AWSAccessKeyId=test&Expires=1&Signature=x"), "s3", None, None),
        (
            environ(host="b.s3.eu-west-1.amazonaws.com", authorization="AWS 210987654321:sig"),
            "s3",
            "eu-west-1",
            "210987654321",
        ),
        (environ(host="sts.eu-west-1.amazonaws.com", authorization="AWS test:sig"), "sts", "eu-west-1", None),
        (environ(host="sts.eu-west-1.amazonaws.com"), "sts", "eu-west-1", None),
        (environ(host="bucket.s3.us-east-1.amazonaws.com:443", path="/key"), "s3", "us-east-1", None),
        (environ(host="sts.amazonaws.com"), "sts", None, None),
        (environ(host="127.0.0.1:4566", x_amz_target="Logs_20140328.PutLogEvents"), "logs", None, None),
        (environ(b"Action=AssumeRole&Version=2011-06-15", host="127.0.0.1:4566"), "sts", None, None),
        (environ(host="127.0.0.1:4566", path="/2015-03-31/functions/f/invocations"), "lambda", None, None),
        (environ(host="127.0.0.1:4566", path="/bucket/key"), "s3", None, None),
    ],
)
def test_request_can_be_recognised(
    given: dict[str, Any], service: str, region: str | None, account: str | None
) -> None:
    """By the scope of its signature, else its host, else what its protocol gives away."""
    request = ApiRequest.read(given)
    assert (request.service, request.region, request.account) == (service, region, account)


def test_body_can_be_read_again() -> None:
    """Looking at the body does not take it from moto; a changed one is what the next reader sees."""
    given = environ(b"Action=CreateVpc&Version=2016-11-15", authorization=SIGNED.format("t", "us-east-1", "ec2"))
    request = ApiRequest.read(given)
    assert request.action == "CreateVpc"
    assert given["wsgi.input"].read() == request.body
    changed = request.with_body(b"Action=X")
    assert (changed.action, given["CONTENT_LENGTH"], given["wsgi.input"].read()) == ("X", "8", b"Action=X")


@pytest.mark.parametrize("action", ["DescribeVpcs", "GetFunction", "ListBuckets", "HeadObject", "FilterLogEvents"])
def test_reading_can_be_told_by_name(action: str) -> None:
    """Operations whose name says so change nothing."""
    assert is_reading(action)


@pytest.mark.parametrize("action", ["CreateVpc", "PutObject", "Invoke", "", "DeleteVpc", "AssumeRole"])
def test_change_cannot_pass_for_reading(action: str) -> None:
    """Every other operation is a change, also one without a name."""
    assert not is_reading(action)


@pytest.mark.parametrize(
    ("service", "protocol", "expected"),
    [
        (
            "ec2",
            "ec2",
            b"<Response><Errors><Error><Code>C</Code><Message>a &lt; b</Message></Error></Errors><RequestID>",
        ),
        ("sts", "query", b"<ErrorResponse><Error><Type>Sender</Type><Code>C</Code>"),
        ("s3", "rest-xml", b"<Error><Code>C</Code><Message>a &lt; b</Message></Error>"),
        ("logs", "json", b'{"__type": "C", "message": "a < b"'),
    ],
)
def test_refusal_can_speak_the_services_format(service: str, protocol: str, expected: bytes) -> None:
    """EC2's, query, REST-XML and JSON errors are four formats."""
    status, _, body = render(ApiError("C", "a < b", 418), service, protocol)
    assert status == 418
    assert expected in body
