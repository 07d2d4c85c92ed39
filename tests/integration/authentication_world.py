"""Requests that are signed by hand, or by a client with settings of its own."""

# ruff: noqa: ANN401 - boto3 has no type information

from typing import Any

import boto3
import botocore.auth
import botocore.awsrequest
import requests
from botocore.config import Config
from botocore.credentials import Credentials

from tests.integration.control_plane_world import REGION, endpoint

EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def other_client(service: str, key: Any, **config: Any) -> Any:
    return boto3.client(
        service,
        endpoint_url=endpoint(),
        region_name=REGION,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        aws_session_token=key.get("SessionToken"),
        config=Config(retries={"total_max_attempts": 1}, **config),
    )


def signed(method: str, url: str, service: str, key: Any, body: bytes = b"", **headers: str) -> Any:
    credentials = Credentials(key["AccessKeyId"], key["SecretAccessKey"], key.get("SessionToken"))
    kind = botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth
    request = botocore.awsrequest.AWSRequest(
        method, url, data=body, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    kind(credentials, service, REGION).add_auth(request)
    return request


def identity(request: Any, **changed: str) -> requests.Response:
    headers = {**dict(request.headers), **{name.replace("_", "-"): value for name, value in changed.items()}}
    return requests.post(request.url, data=request.data, headers=headers, timeout=5)
