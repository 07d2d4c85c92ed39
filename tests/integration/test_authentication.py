"""Whose request is it? Keys, signatures and dates, as boto3 sends them and as others do."""

# ruff: noqa: ANN401 - boto3 has no type information

import socket
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

import boto3
import pytest
import requests
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.integration.authentication_world import EVERYTHING, identity, other_client, signed
from tests.integration.control_plane_world import ACCOUNT, REGION, World, endpoint, refused
from vpclab.localcloud.control_plane.server import WsgiServer
from vpclab.localcloud.request_source import ENVIRON_KEY, RequestSource

CALLS = [
    # service, operation, code of an unknown key, of a wrong secret
    ("sts", "get_caller_identity", "InvalidClientTokenId", "SignatureDoesNotMatch"),
    ("iam", "list_roles", "InvalidClientTokenId", "SignatureDoesNotMatch"),
    ("rds", "describe_db_instances", "InvalidClientTokenId", "SignatureDoesNotMatch"),
    ("sns", "list_topics", "InvalidClientTokenId", "SignatureDoesNotMatch"),
    ("sqs", "list_queues", "InvalidClientTokenId", "SignatureDoesNotMatch"),
    ("s3", "list_buckets", "InvalidAccessKeyId", "SignatureDoesNotMatch"),
    ("ec2", "describe_vpcs", "AuthFailure", "AuthFailure"),
    ("lambda", "list_functions", "UnrecognizedClientException", "InvalidSignatureException"),
    ("dynamodb", "list_tables", "UnrecognizedClientException", "InvalidSignatureException"),
    ("kinesis", "list_streams", "UnrecognizedClientException", "InvalidSignatureException"),
    ("logs", "describe_log_groups", "UnrecognizedClientException", "InvalidSignatureException"),
    ("secretsmanager", "list_secrets", "UnrecognizedClientException", "InvalidSignatureException"),
    ("ssm", "describe_parameters", "UnrecognizedClientException", "InvalidSignatureException"),
]


@pytest.fixture
def key(here: World) -> Any:
    """The access key of a user who may do everything."""
    return here.user("chief", EVERYTHING)


@pytest.mark.parametrize("row", CALLS, ids=lambda row: str(row[0]))
def test_credentials_can_be_told_from_wrong_ones(here: World, key: Any, row: tuple[str, str, str, str]) -> None:
    """Each protocol: a right signature passes; an unknown key and a wrong secret have the service's own codes."""
    service, operation, unknown, mismatch = row
    getattr(here.client_of(service, key), operation)()
    with refused(unknown):
        getattr(here.client(service, key="AKIAIOSFODNN7EXAMPLE"), operation)()
    with refused(mismatch):
        getattr(here.client(service, key=key["AccessKeyId"], secret="wrong"), operation)()


@pytest.mark.parametrize(
    ("service", "code"),
    [
        ("sts", "MissingAuthenticationToken"),
        ("iam", "MissingAuthenticationToken"),
        ("ec2", "MissingParameter"),
        ("lambda", "MissingAuthenticationTokenException"),
        ("dynamodb", "MissingAuthenticationTokenException"),
        ("s3", "AccessDenied"),
    ],
)
@pytest.mark.usefixtures("here")
def test_unsigned_request_cannot_pass(service: str, code: str) -> None:
    """Without any signature, AWS answers next to nothing."""
    client = boto3.client(
        service,
        endpoint_url=endpoint(),
        region_name=REGION,
        config=Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}),
    )
    operation = {c[0]: c[1] for c in CALLS}[service]
    with refused(code):
        getattr(client, operation)()


def test_digits_of_other_scripts_cannot_be_an_account(here: World) -> None:
    """An account's id has twelve of the digits 0 to 9; a presigned URL can hold any others."""
    here.client("s3").create_bucket(Bucket="bucket")
    key = "".join(chr(0xFF10 + int(digit)) for digit in "210987654321")
    url = here.client("s3", key="210987654321").generate_presigned_url(
        "get_object", {"Bucket": "bucket", "Key": "k"}
    )
    answer = requests.get(url.replace("210987654321", quote(key)), timeout=5)
    assert (answer.status_code, "InvalidAccessKeyId" in answer.text) == (403, True)


def test_clouds_own_pages_cannot_be_read_from_inside(here: World) -> None:
    """A function reaches AWS's names, where every path is AWS's."""
    assert requests.get(f"{endpoint()}/_vpclab/health", timeout=5).status_code == 200
    inside = WsgiServer(
        socket.create_server(("127.0.0.1", 0)),
        here.plane.application,
        facts=lambda _peer, _local: {ENVIRON_KEY: RequestSource("10.0.0.4")},
    )
    with inside:
        answer = requests.get(f"http://127.0.0.1:{inside.address[1]}/_vpclab/health", timeout=5)
        assert (answer.status_code, "NoSuchBucket" in answer.text) == (404, True)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("key", ["test", "210987654321"])
def test_deploy_credentials_can_have_any_secret(key: str) -> None:
    """``test`` and every account id act for their account's administrator."""
    client = other_client("sts", {"AccessKeyId": key, "SecretAccessKey": "whatever"})
    found = client.get_caller_identity()
    account = ACCOUNT if key == "test" else key
    assert (found["Account"], found["Arn"]) == (account, f"arn:aws:iam::{account}:root")


@pytest.mark.parametrize("key", ["test", "210987654321"])
def test_deploy_credentials_cannot_be_used_from_inside(here: World, key: str) -> None:
    """What signs itself as ``test`` on AWS's names is nobody: a function's code is its role and nothing more."""
    inside = WsgiServer(
        socket.create_server(("127.0.0.1", 0)),
        here.plane.application,
        facts=lambda _peer, _local: {ENVIRON_KEY: RequestSource("10.0.0.4")},
    )
    with inside:
        client = boto3.client(
            "sts",
            endpoint_url=f"http://127.0.0.1:{inside.address[1]}",
            region_name=REGION,
            aws_access_key_id=key,
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )
        with refused("InvalidClientTokenId"):
            client.get_caller_identity()


def test_inactive_and_deleted_keys_cannot_be_used(here: World, key: Any) -> None:
    """A key stops when it is made inactive or deleted, and an inactive one can come back."""
    iam, identity = here.client("iam"), here.client_of("sts", key)
    assert identity.get_caller_identity()["Arn"].endswith(":user/chief")
    which = {"UserName": "chief", "AccessKeyId": key["AccessKeyId"]}
    iam.update_access_key(**which, Status="Inactive")
    with refused("InvalidClientTokenId"):
        identity.get_caller_identity()
    iam.update_access_key(**which, Status="Active")
    assert identity.get_caller_identity()["UserId"].startswith("AIDA")
    iam.update_user(UserName="chief", NewUserName="boss")
    assert identity.get_caller_identity()["Arn"].endswith(":user/boss")
    iam.delete_access_key(UserName="boss", AccessKeyId=key["AccessKeyId"])
    with refused("InvalidClientTokenId"):
        identity.get_caller_identity()


def test_query_of_another_service_can_be_presigned(here: World, key: Any) -> None:
    """As EKS does: who can present the URL is whom STS names."""
    url = here.client_of("sts", key).generate_presigned_url("get_caller_identity", HttpMethod="GET")
    assert ":user/chief" in requests.get(url, timeout=5).text
    longer = url.replace("X-Amz-Expires=3600", "X-Amz-Expires=3601")
    assert "SignatureDoesNotMatch" in requests.get(longer, timeout=5).text


BODY = b"Action=GetCallerIdentity&Version=2011-06-15"


@pytest.mark.usefixtures("here")
def test_what_was_signed_cannot_be_changed(key: Any) -> None:
    """Body, query, a signed header, an x-amz- header that was added: the signature does not fit any more."""
    form = "application/x-www-form-urlencoded"
    request = signed("POST", f"{endpoint()}/?a=1&a=0&b", "sts", key, BODY, Content_Type=form, X_Odd="a   b ")
    assert identity(request).status_code == 200
    changed = [
        identity(request, X_Odd="a c"),
        identity(request, X_Amz_Other="1"),
        identity(request, X_Amz_Date="20200101T000000Z"),
        requests.post(request.url.replace("b", "c"), data=BODY, headers=dict(request.headers), timeout=5),
        requests.post(request.url, data=BODY + b"&x=1", headers=dict(request.headers), timeout=5),
    ]
    assert [answer.status_code // 100 for answer in changed] == [4] * 5
    codes = ["SignatureDoesNotMatch"] * 2 + ["IncompleteSignature"] + ["SignatureDoesNotMatch"] * 2
    assert [code for code, answer in zip(codes, changed, strict=True) if code in answer.text] == codes


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        ("Bearer x", "IncompleteSignature"),
        ("AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/sts/aws4_request", "IncompleteSignature"),
        ("AWS4-HMAC-SHA256 Credential=AKIA/us-east-1/sts, SignedHeaders=host, Signature=0", "IncompleteSignature"),
        (
            "AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/sts/aws4_request, SignedHeaders=a, Signature=0",
            "IncompleteSignature",
        ),
    ],
)
def test_malformed_signature_cannot_pass(authorization: str, code: str) -> None:
    """What does not conform is said to be incomplete, be the key known or not."""
    answer = requests.post(endpoint(), data=BODY, headers={"Authorization": authorization}, timeout=5)
    assert (answer.status_code, f"<Code>{code}</Code>" in answer.text) == (400, True), answer.text


@pytest.mark.usefixtures("here")
def test_second_credential_cannot_hide(key: Any) -> None:
    """The key that is checked is the one that the request is taken for."""
    request = signed("POST", endpoint() + "/", "sts", key, BODY)
    first, _, rest = request.headers["Authorization"].partition(" ")
    other = "Credential=AKIAOTHER/20260101/us-east-1/sts/aws4_request"
    answer = identity(request, Authorization=f"{first} {other}, {rest}")
    assert answer.status_code == 400
    both = requests.post(
        f"{request.url}?X-Amz-Algorithm=AWS4-HMAC-SHA256", data=BODY, headers=dict(request.headers), timeout=5
    )
    assert both.status_code == 400


@pytest.mark.parametrize(
    "row",
    [
        ("s3", "list_buckets", "RequestTimeTooSkewed", 16),
        ("sts", "get_caller_identity", "SignatureDoesNotMatch", 6),
        ("dynamodb", "list_tables", "InvalidSignatureException", 6),
        ("ec2", "describe_vpcs", "RequestExpired", 6),
    ],
)
@pytest.mark.parametrize("direction", [-1, 1])
@pytest.mark.usefixtures("here")
def test_wrong_clock_cannot_sign(key: Any, row: tuple[str, str, str, int], direction: int) -> None:
    """S3 allows a quarter of an hour between the clocks, others five minutes."""
    service, operation, code, minutes = row
    client = other_client(service, key)

    def skewed(by: float) -> Any:
        moment = datetime.now(UTC).replace(tzinfo=None) + timedelta(minutes=by * direction)
        return patch("botocore.auth.get_current_datetime", lambda: moment)

    with skewed(minutes - 2):
        getattr(client, operation)()
    with skewed(minutes), pytest.raises(ClientError) as error:
        getattr(client, operation)()
    assert error.value.response["Error"]["Code"] == code


@pytest.mark.usefixtures("here")
def test_date_header_can_stand_for_the_other(key: Any) -> None:
    """A request may be dated by Date, as HTTP has it."""
    request = signed("POST", endpoint() + "/", "sts", key, BODY, Date="now")
    assert "X-Amz-Date" not in request.headers
    assert identity(request).status_code == 200


def test_key_of_another_account_can_be_used(here: World) -> None:
    """A user of a second account is of that account."""
    other = here.user("guest", account="210987654321")
    found = here.client_of("sts", other).get_caller_identity()
    assert (found["Account"], found["Arn"]) == ("210987654321", "arn:aws:iam::210987654321:user/guest")
    assert here.client("sts").get_access_key_info(AccessKeyId=other["AccessKeyId"])["Account"] == "210987654321"
