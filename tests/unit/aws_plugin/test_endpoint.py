"""Where the plugin sends requests, and where it refuses to."""

import json

import pytest

from vpclab.toolchain.aws_plugin.endpoint import configuration, problems, require_loopback
from vpclab.toolchain.aws_plugin.errors import AwsPluginError


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_EC2", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:4566", "http://localhost:1", "https://[::1]:4566", "http://127.9.9.9"]
)
def test_loopback_can_be_an_endpoint(url: str) -> None:
    """Loopback addresses, and the name that stands for them."""
    assert require_loopback(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "https://ec2.us-east-1.amazonaws.com",
        "http://10.0.0.1:4566",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://0.0.0.0:4566",
        "http://[::ffff:10.0.0.1]:4566",
        "file:///etc/passwd",
        "127.0.0.1:4566",
        "",
    ],
)
def test_any_other_place_cannot_be_an_endpoint(url: str) -> None:
    """The error says what to use instead."""
    with pytest.raises(AwsPluginError, match=r"is not on loopback.*127\.0\.0\.1"):
        require_loopback(url)


def test_endpoint_can_be_chosen_by_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider's own endpoints come first, then the service's variable, then the common one."""
    listed = json.dumps([{"lambda": "http://127.0.0.1:1"}])
    chosen = configuration({"region": "us-east-1", "endpoints": listed})
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:2")
    monkeypatch.setenv("AWS_ENDPOINT_URL_EC2", "http://127.0.0.1:3")
    assert chosen.endpoint("lambda") == "http://127.0.0.1:1"
    assert chosen.endpoint("ec2") == "http://127.0.0.1:3"
    assert chosen.endpoint("iam") == "http://127.0.0.1:2"


def test_missing_endpoint_cannot_mean_aws() -> None:
    """Without an endpoint boto3 would speak with AWS; the stand-in stops instead."""
    with pytest.raises(AwsPluginError, match=r"no endpoint for ec2.*AWS_ENDPOINT_URL"):
        configuration({"region": "us-east-1"}).endpoint("ec2")


def test_environment_cannot_lead_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service's variable is held to the same rule."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:2")
    monkeypatch.setenv("AWS_ENDPOINT_URL_EC2", "https://ec2.us-east-1.amazonaws.com")
    with pytest.raises(AwsPluginError, match="is not on loopback"):
        configuration({"region": "us-east-1"}).endpoint("ec2")


def test_configuration_cannot_be_without_region_or_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing is named, with what sets it."""
    with pytest.raises(AwsPluginError, match="no Region"):
        configuration({})
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(AwsPluginError, match="no credentials"):
        configuration({"region": "us-east-1"})


def test_provider_inputs_can_be_refused_by_name() -> None:
    """A profile could lead to real credentials, an endpoint to a real cloud."""
    found = dict(problems({"profile": "work", "skipMetadataApiCheck": "true", "region": "us-east-1"}))
    assert found.keys() == {"profile"}
    assert problems({"endpoints": json.dumps([{"ec2": "https://ec2.us-east-1.amazonaws.com"}])})


def test_default_tags_can_be_read() -> None:
    """The engine hands nested provider inputs over as JSON text."""
    chosen = configuration({"region": "us-east-1", "defaultTags": json.dumps({"tags": {"a": "b"}})})
    assert chosen.default_tags == {"a": "b"}
