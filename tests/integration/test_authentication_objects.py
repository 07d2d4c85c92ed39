"""Whose request to S3 is it? Paths, presigned URLs, and bodies that are signed in other ways."""

# ruff: noqa: ANN401 - boto3 has no type information

import hmac
import time
from hashlib import sha256
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import boto3
import botocore.auth
import botocore.awsrequest
import pytest
import requests
from botocore.config import Config
from botocore.credentials import Credentials

from tests.integration.authentication_world import EVERYTHING, other_client, signed
from tests.integration.control_plane_world import ACCOUNT, REGION, World, endpoint, policy, refused


@pytest.fixture
def key(here: World) -> Any:
    """The access key of a user who may do everything."""
    return here.user("chief", EVERYTHING)


def test_odd_paths_and_keys_can_be_signed(here: World, key: Any) -> None:
    """S3 signs a path encoded once and never normalised, other services one normalised and encoded twice."""
    s3 = here.client_of("s3", key)
    s3.create_bucket(Bucket="bucket")
    for name in ("a b/ü+~", "a//b", "../x", "a%2Fb", "a=b&c?d#e", "./.", "ß;,:@$!*'()"):
        s3.put_object(Bucket="bucket", Key=name, Body=b"1", Metadata={"my_key": "v  w", "other": "2"})
        assert s3.get_object(Bucket="bucket", Key=name)["Body"].read() == b"1"
    assert len(s3.list_objects_v2(Bucket="bucket", Prefix="a", MaxKeys=10)["Contents"]) == 4
    s3.put_object_tagging(Bucket="bucket", Key="a//b", Tagging={"TagSet": [{"Key": "k", "Value": "v +/="}]})
    functions = here.client_of("lambda", key)
    with refused("ResourceNotFoundException"):
        functions.get_function(FunctionName=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:none")
    with refused("ResourceNotFoundException"):
        functions.get_function(FunctionName="none", Qualifier="$LATEST")


def test_bucket_can_be_in_the_host_name(here: World, key: Any) -> None:
    """A virtual-host style request signs the host that it was sent to, with both versions of signatures."""
    here.client_of("s3", key).create_bucket(Bucket="bucket")
    here.client_of("s3", key).put_object(Bucket="bucket", Key="a b", Body=b"1")
    for version in ("s3v4", "s3"):
        signer = boto3.client(
            "s3",
            region_name=REGION,
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
            config=Config(signature_version=version, s3={"addressing_style": "virtual"}),
        )
        url = signer.generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": "a b"})
        parts = urlsplit(url)
        assert parts.netloc.startswith("bucket.s3.")
        found = requests.get(f"{endpoint()}{parts.path}?{parts.query}", headers={"Host": parts.netloc}, timeout=5)
        assert (found.status_code, found.content) == (200, b"1"), version


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_url_can_be_presigned(here: World, key: Any, version: str) -> None:
    """A presigned URL is good for its method, its object and its time, and for a session's credentials too."""
    other_client("s3", key).create_bucket(Bucket="bucket")
    session = here.client_of("sts", key).get_session_token()["Credentials"]
    for credentials in (key, session):
        s3 = other_client("s3", credentials, signature_version=version)
        where = {"Bucket": "bucket", "Key": "a b/c"}
        put = s3.generate_presigned_url("put_object", Params=where)
        assert requests.put(put, data=b"hey", timeout=5).status_code == 200
        get = s3.generate_presigned_url("get_object", Params={**where, "ResponseContentType": "text/x"})
        found = requests.get(get, timeout=5)
        assert (found.content, found.headers["Content-Type"]) == (b"hey", "text/x")
        assert "SignatureDoesNotMatch" in requests.delete(get, timeout=5).text
        assert "SignatureDoesNotMatch" in requests.get(get.replace("/c?", "/d?"), timeout=5).text
        late = s3.generate_presigned_url("get_object", Params=where, ExpiresIn=-5 if version == "s3" else 1)
        with patch("time.time", lambda: REAL_TIME() + 10):
            assert "Request has expired" in requests.get(late, timeout=5).text
    assert "AccessDenied" in requests.get(f"{endpoint()}/bucket/a b/c", timeout=5).text


REAL_TIME = time.time


@pytest.mark.usefixtures("here")
def test_deploy_credentials_can_presign(here: World) -> None:
    """A URL presigned with deploy credentials is theirs, whatever its signature."""
    here.client("s3").create_bucket(Bucket="bucket")
    for version in ("s3v4", "s3"):
        s3 = other_client("s3", {"AccessKeyId": "test", "SecretAccessKey": "test"}, signature_version=version)
        url = s3.generate_presigned_url("list_objects_v2", Params={"Bucket": "bucket"})
        assert "ListBucketResult" in requests.get(url, timeout=5).text


def test_uploads_in_chunks_can_be_checked(here: World, key: Any) -> None:
    """Chunks that are each signed: moto gets the bytes, and a chunk that was changed is refused."""
    here.client_of("s3", key).create_bucket(Bucket="bucket")
    for change, status in (((b"", b""), 200), ((b"world", b"w0rld"), 403)):
        body, headers = signed_chunks(key, [b"hello ", b"world"])
        answer = requests.put(f"{endpoint()}/bucket/k", data=body.replace(*change), headers=headers, timeout=5)
        assert answer.status_code == status, answer.text
    assert here.client_of("s3", key).get_object(Bucket="bucket", Key="k")["Body"].read() == b"hello world"


def signed_chunks(key: Any, pieces: list[bytes]) -> tuple[bytes, dict[str, str]]:
    """A PUT with STREAMING-AWS4-HMAC-SHA256-PAYLOAD, made with botocore's keys (S3 API, sigv4-streaming)."""
    signer = botocore.auth.S3SigV4Auth(Credentials(key["AccessKeyId"], key["SecretAccessKey"]), "s3", REGION)
    signer.payload = lambda _: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    request = botocore.awsrequest.AWSRequest(
        "PUT",
        f"{endpoint()}/bucket/k",
        headers={
            "Content-Encoding": "aws-chunked",
            "x-amz-decoded-content-length": str(sum(map(len, pieces))),
        },
    )
    signer.add_auth(request)
    stamp = request.context["timestamp"]
    scope = f"{stamp[:8]}/{REGION}/s3/aws4_request"
    secret = f"AWS4{key['SecretAccessKey']}".encode()
    for part in scope.split("/"):
        secret = hmac.digest(secret, part.encode(), "sha256")
    previous = request.headers["Authorization"].rpartition("=")[2]
    body = b""
    for piece in (*pieces, b""):
        text = "\n".join(
            (
                "AWS4-HMAC-SHA256-PAYLOAD",
                stamp,
                scope,
                previous,
                sha256(b"").hexdigest(),
                sha256(piece).hexdigest(),
            )
        )
        previous = hmac.digest(secret, text.encode(), "sha256").hex()
        body += b"%x;chunk-signature=%s\r\n%s\r\n" % (len(piece), previous.encode(), piece)
    return body, dict(request.headers)


def test_body_of_an_upload_can_be_unsigned(here: World, key: Any) -> None:
    """UNSIGNED-PAYLOAD is a word of S3's; a hash that is not the body's is refused before anything is kept."""
    s3 = other_client("s3", key, s3={"payload_signing_enabled": False})
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="k", Body=b"1")
    request = signed("PUT", f"{endpoint()}/bucket/l", "s3", key, b"right")
    answer = requests.put(request.url, data=b"wrong", headers=dict(request.headers), timeout=5)
    assert (answer.status_code, "XAmzContentSHA256Mismatch" in answer.text) == (400, True)
    assert [one["Key"] for one in here.client("s3").list_objects_v2(Bucket="bucket")["Contents"]] == ["k"]


def test_anybody_can_read_what_a_bucket_policy_opens(here: World) -> None:
    """Unsigned requests reach S3's resource policies."""
    s3 = here.client("s3")
    s3.create_bucket(Bucket="open")
    s3.put_object(Bucket="open", Key="k", Body=b"1")
    assert requests.get(f"{endpoint()}/open/k", timeout=5).status_code == 403
    opening = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::open/*"}
    s3.put_bucket_policy(Bucket="open", Policy=policy(opening))
    assert requests.get(f"{endpoint()}/open/k", timeout=5).content == b"1"


def test_upload_by_form_cannot_pass(here: World) -> None:
    """What its policy would say is not modelled, so it is refused and nothing kept."""
    s3 = here.client("s3")
    s3.create_bucket(Bucket="bucket")
    form = s3.generate_presigned_post("bucket", "k")
    answer = requests.post(form["url"], data=form["fields"], files={"file": b"1"}, timeout=5)
    assert (answer.status_code, "presign a PUT instead" in answer.text) == (501, True)
    assert "Contents" not in s3.list_objects_v2(Bucket="bucket")
