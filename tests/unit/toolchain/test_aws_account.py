"""Finding out whose credentials there are, and which Region is meant."""

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError
from botocore.stub import Stubber

from vpclab.toolchain import aws_account
from vpclab.toolchain.aws_account import Account
from vpclab.toolchain.error import ToolchainError


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch) -> Stubber:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS"):
        monkeypatch.delenv(name, raising=False)
    return Stubber(
        boto3.client("sts", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
    )


def test_account_can_be_told_by_aws(sts: Stubber) -> None:
    """Its number, and as whom."""
    arn = "arn:aws:iam::123456789012:user/tester"
    sts.add_response("get_caller_identity", {"Account": "123456789012", "Arn": arn, "UserId": "AIDA"})
    with sts:
        assert aws_account.identify("us-east-1", sts.client) == Account("123456789012", arn)


def test_expired_credentials_cannot_be_used(sts: Stubber) -> None:
    """AWS's word is told, and how to get others."""
    sts.add_client_error("get_caller_identity", "ExpiredToken", "The security token included is expired")
    with sts, pytest.raises(ToolchainError, match=r"ExpiredToken.*sign in with `aws sso login`"):
        aws_account.identify("us-east-1", sts.client)


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (NoCredentialsError(), "there are no AWS credentials"),
        (EndpointConnectionError(endpoint_url="https://sts.us-east-1.amazonaws.com"), "AWS does not answer"),
    ],
)
def test_account_cannot_be_guessed(
    failure: Exception, told: str, sts: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each reason in its own words."""

    def fail() -> None:
        raise failure

    monkeypatch.setattr(sts.client, "get_caller_identity", fail)
    with pytest.raises(ToolchainError, match=told):
        aws_account.identify("us-east-1", sts.client)


def test_region_can_be_chosen_three_ways() -> None:
    """The option counts before the variables; AWS_REGION before the older one."""
    variables = {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}
    assert aws_account.choose_region("us-west-2", variables) == "us-west-2"
    assert aws_account.choose_region(None, variables) == "eu-west-1"


def test_region_cannot_be_invented() -> None:
    """A Region that the SDK does not know is refused, with the one that was probably meant."""
    with pytest.raises(ToolchainError, match="did you mean eu-west-1"):
        aws_account.choose_region("eu-wset-1", {})
