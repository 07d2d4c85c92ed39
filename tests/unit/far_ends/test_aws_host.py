"""Which AWS names exist, and what they serve."""

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpclab.localcloud.far_ends.aws_host import SIGNING_NAMES, aws_host

CLIENTS = (
    "sts",
    "s3",
    "secretsmanager",
    "logs",
    "lambda",
    "ec2",
    "rds",
    "iam",
    "dynamodb",
    "kms",
    "ssm",
    "ecr",
    "sqs",
)
LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "ap-southeast-2"])
@pytest.mark.parametrize("service", CLIENTS)
def test_every_name_that_the_sdk_computes_can_be_told(service: str, region: str) -> None:
    """A client's endpoint, as botocore computes it, is a known name of that service and Region."""
    session = botocore.session.get_session()
    session.set_credentials("test", "test")
    client = session.create_client(service, region_name=region)
    host = aws_host(client.meta.endpoint_url.removeprefix("https://"))
    assert host is not None
    assert host.signing_name == client.meta.service_model.signing_name
    assert host.region in (region, None)


def test_signing_names_can_be_trusted() -> None:
    """The table agrees with botocore's service models, for every prefix of the endpoint data."""
    session = botocore.session.get_session()
    loader = session.get_component("data_loader")
    services = next(one for one in session.get_data("endpoints")["partitions"] if one["partition"] == "aws")[
        "services"
    ]
    wanted: dict[str, str] = {}
    for name in loader.list_available_services("service-2"):
        metadata = loader.load_service_model(name, "service-2")["metadata"]
        prefix = metadata["endpointPrefix"]
        scope = services.get(prefix, {}).get("defaults", {}).get("credentialScope", {})
        signing_name = metadata.get("signingName", prefix)
        if prefix in services and signing_name != prefix and scope.get("service") != signing_name:
            wanted[prefix] = signing_name
    assert dict(SIGNING_NAMES) == wanted


def test_global_name_can_be_told_from_a_regional_one() -> None:
    """`sts.amazonaws.com` is another name than `sts.us-east-1.amazonaws.com` and belongs to no Region."""
    everywhere, regional = aws_host("sts.amazonaws.com"), aws_host("sts.us-east-1.amazonaws.com")
    assert everywhere is not None
    assert regional is not None
    assert (everywhere.region, everywhere.home_region) == (None, "us-east-1")
    assert regional.region == "us-east-1"


@pytest.mark.parametrize(
    ("name", "bucket", "region"),
    [
        ("reports.s3.us-east-1.amazonaws.com", "reports", "us-east-1"),
        ("my.dotted.bucket.s3.eu-west-1.amazonaws.com", "my.dotted.bucket", "eu-west-1"),
        ("reports.s3.dualstack.eu-west-1.amazonaws.com", "reports", "eu-west-1"),
        ("reports.s3.amazonaws.com", "reports", None),
    ],
)
def test_bucket_can_be_read_from_a_virtual_host_style_name(name: str, bucket: str, region: str | None) -> None:
    """S3 guide, "Virtual hosting of buckets"."""
    host = aws_host(name)
    assert host is not None
    assert (host.service, host.bucket, host.region) == ("s3", bucket, region)


def test_account_based_dynamodb_name_can_be_told() -> None:
    """`<account>.ddb.<region>.amazonaws.com` is DynamoDB; without an account there is no such name."""
    host = aws_host("123456789012.ddb.us-east-1.amazonaws.com")
    assert host is not None
    assert (host.service, host.region, host.canonical_name) == (
        "dynamodb",
        "us-east-1",
        "dynamodb.us-east-1.amazonaws.com",
    )
    assert aws_host("abc.ddb.us-east-1.amazonaws.com") is None


def test_account_based_name_of_table_streams_can_be_told() -> None:
    """SDKs call DynamoDB Streams by `<account>.streams-ddb.<region>.amazonaws.com`."""
    host = aws_host("123456789012.streams-ddb.us-east-1.amazonaws.com")
    assert host is not None
    assert (host.signing_name, host.canonical_name, host.certificate_names()) == (
        "dynamodb",
        "streams.dynamodb.us-east-1.amazonaws.com",
        ("*.streams-ddb.us-east-1.amazonaws.com",),
    )
    assert aws_host("streams-ddb.us-east-1.amazonaws.com") is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        "com",
        "amazonaws.com",
        "us-east-1.amazonaws.com",
        "nosuch.us-east-1.amazonaws.com",
        "sts.us-east-9.amazonaws.com",
        "prefix.sts.us-east-1.amazonaws.com",
        "sts.us-east-1.amazonaws.com.example.com",
        ".s3.us-east-1.amazonaws.com",
    ],
)
def test_name_that_aws_has_not_cannot_be_told(name: str) -> None:
    """Only the endpoint data's names exist, and names below S3's."""
    assert aws_host(name) is None


@given(st.lists(LABELS, max_size=6))
def test_any_name_can_be_asked(labels: list[str]) -> None:
    """Whatever the name, the answer is a host or none; a host below S3 keeps the bucket's labels."""
    name = ".".join(labels)
    assert aws_host(name) is None
    below = aws_host(f"{name}.s3.us-west-2.amazonaws.com")
    assert below is None if not name else below is not None and below.bucket == name


def test_certificate_of_s3_cannot_cover_dots_in_a_bucket() -> None:
    """The wildcard stands for one label (RFC 6125), which is why SDKs use path style for dotted buckets."""
    host = aws_host("a.b.s3.us-east-1.amazonaws.com")
    assert host is not None
    assert host.certificate_names() == ("s3.us-east-1.amazonaws.com", "*.s3.us-east-1.amazonaws.com")
