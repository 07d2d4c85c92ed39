"""What an endpoint serves, and what it refuses."""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

import pytest

from vpclab.localcloud.far_ends.aws_api import AwsApi, any_host, certificate_names, endpoint_host
from vpclab.localcloud.request_source import ENVIRON_KEY, RequestSource

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

STS_SERVICE = endpoint_host("com.amazonaws.us-east-1.sts")
S3_SERVICE = endpoint_host("com.amazonaws.us-east-1.s3")
STS = "sts.us-east-1.amazonaws.com"
S3 = "s3.us-east-1.amazonaws.com"
ENDPOINT = "vpce-0a1b-2c3d.sts.us-east-1.vpce.amazonaws.com"


def control_plane(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    start_response("200 OK", [])
    return [repr((environ["HTTP_HOST"], environ[ENVIRON_KEY])).encode()]


def scope(service: str, region: str = "us-east-1") -> str:
    return f"Credential=test/20261124/{region}/{service}/aws4_request"


def request(api: AwsApi, host: str, **environ: str) -> tuple[str, str]:
    """Status and body of a request as the server would hand it on."""
    statuses: list[str] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> object:
        del headers, exc_info
        statuses.append(status)
        return None

    full = {"HTTP_HOST": host, "REMOTE_ADDR": "10.0.0.7", "PATH_INFO": "/", **environ}
    body = b"".join(api(full, start_response))  # type: ignore[arg-type]
    return statuses[-1], body.decode()


def endpoint_api() -> AwsApi:
    return AwsApi(control_plane, STS_SERVICE, "an endpoint for STS", vpc_id="vpc-1", endpoint_id="vpce-1")


def test_request_can_reach_the_control_plane_with_its_source() -> None:
    """Address, VPC and endpoint travel with the request, for conditions such as aws:SourceVpce."""
    status, body = request(endpoint_api(), STS, HTTP_AUTHORIZATION=f"AWS4-HMAC-SHA256 {scope('sts')}, Signature=0")
    assert status == "200 OK"
    assert body == repr((STS, RequestSource("10.0.0.7", "vpc-1", "vpce-1")))
    assert repr(RequestSource("10.0.0.7")) in request(AwsApi(control_plane, any_host, "public"), STS)[1]


def test_endpoint_specific_name_can_be_used() -> None:
    """The control plane is told the service's plain name, by which it tells services apart."""
    assert STS in request(endpoint_api(), ENDPOINT)[1]
    s3 = AwsApi(control_plane, S3_SERVICE, "an endpoint for S3")
    assert f"reports.{S3}" in request(s3, "reports.bucket.vpce-0a1b-2c3d.s3.us-east-1.vpce.amazonaws.com")[1]


@pytest.mark.parametrize(
    "host", ["", S3, "sts.amazonaws.com", "sts.eu-west-1.amazonaws.com", "logs.us-east-1.amazonaws.com"]
)
def test_endpoint_cannot_serve_another_host(host: str) -> None:
    """Neither another service, nor the global name, nor another Region."""
    status, body = request(endpoint_api(), host)
    assert status.startswith("400")
    assert "InvalidHostHeader" in body


@pytest.mark.parametrize(
    "credentials",
    [
        {"HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 {scope('logs')}, SignedHeaders=host, Signature=0"},
        {"HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 SignedHeaders=host, {scope('logs')}, Signature=0"},
        {"HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 {scope('sts')}, {scope('logs')}, Signature=0"},
        {"HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 {scope('sts', 'eu-west-1')}, Signature=0"},
        {"QUERY_STRING": "X-Amz-Credential=test%2F20261124%2Fus-east-1%2Flogs%2Faws4_request"},
    ],
    ids=["header", "another order", "two credentials", "another Region", "query"],
)
def test_endpoint_cannot_be_a_way_to_another_service(credentials: dict[str, str]) -> None:
    """A signature for something else than the host is refused, wherever it stands."""
    status, body = request(endpoint_api(), STS, **credentials)
    assert status == "403 Forbidden"
    assert "SignatureDoesNotMatch" in body
    assert "Credential should be scoped to" in body


def test_refusal_can_be_read_by_json_clients() -> None:
    """A client that speaks JSON gets the error's type and message as JSON."""
    logs = AwsApi(control_plane, endpoint_host("com.amazonaws.us-east-1.logs"), "an endpoint for Logs")
    _, body = request(logs, STS, CONTENT_TYPE="application/x-amz-json-1.1")
    assert json.loads(body)["__type"] == "InvalidHostHeader"


def test_local_clouds_own_paths_cannot_be_reached() -> None:
    """What the host may ask the local cloud is not AWS's, so a function cannot."""
    status, _ = request(AwsApi(control_plane, any_host, "public"), STS, PATH_INFO="/_vpclab/status")
    assert status.startswith("404")


def test_certificates_can_be_had_for_what_is_served() -> None:
    """An endpoint has certificates for its service's names and its own, and for nothing else."""
    assert certificate_names(STS, STS_SERVICE) == (STS,)
    assert certificate_names(ENDPOINT, STS_SERVICE) == (ENDPOINT,)
    assert certificate_names(f"reports.{S3}", S3_SERVICE) == (S3, f"*.{S3}")
    assert certificate_names(S3, STS_SERVICE) is None
    assert certificate_names("s3.eu-west-1.amazonaws.com", S3_SERVICE) is None
    assert certificate_names("example.com", any_host) is None
