"""From the name of an endpoint service to the host names that private DNS takes over.

DescribeVpcEndpointServices says it per service (``PrivateDnsNames``); the exceptions below are those of the
PrivateLink guide, "AWS services that integrate with AWS PrivateLink".
"""

import re
from collections.abc import Mapping

from vpclab.localcloud.far_ends.aws_host import S3, AwsHost, aws_host

ENDPOINT_SPECIFIC_SUFFIX = ".vpce.amazonaws.com"

_SERVICE_NAME = re.compile(r"com\.amazonaws\.([a-z]{2}(?:-[a-z]+)+-\d)\.(.+)")
_ENDPOINT_NAME = re.compile(r"(?:(?:(?P<bucket>.+)\.)?bucket\.)?vpce-[0-9a-z-]+\.(?P<rest>.+)")

_EXCEPTIONS: Mapping[str, tuple[str, ...]] = {
    "dynamodb": ("dynamodb.{region}", "*.ddb.{region}"),
    "dynamodb-streams": ("streams.dynamodb.{region}", "*.streams-ddb.{region}"),
    "ecr.api": ("api.ecr.{region}",),
    "ecr.dkr": ("dkr.ecr.{region}", "*.dkr.ecr.{region}"),
    "kinesis-firehose": ("firehose.{region}",),
    "kinesis-streams": ("kinesis.{region}",),
    "s3": ("s3.{region}", "*.s3.{region}"),
    "sagemaker.api": ("api.sagemaker.{region}",),
    "sagemaker.runtime": ("runtime.sagemaker.{region}",),
}


def service_and_region(service_name: str) -> tuple[str, str] | None:
    """Split ``com.amazonaws.us-east-1.ecr.api`` into ``ecr.api`` and ``us-east-1``; None: not one of AWS's own."""
    match = _SERVICE_NAME.fullmatch(service_name)
    if match is None or match[2].startswith("vpce-svc-"):
        return None
    return match[2], match[1]


def private_names(service_name: str) -> tuple[str, ...]:
    """Return the names (``*.`` for all below) that an endpoint for the service answers with private DNS."""
    split = service_and_region(service_name)
    if split is None:
        return ()
    service, region = split
    patterns = _EXCEPTIONS.get(service, (service + ".{region}",))
    return tuple(f"{pattern.format(region=region)}.amazonaws.com" for pattern in patterns)


def serves(service_name: str, host: AwsHost) -> bool:
    """Whether an endpoint (of either kind) for the service answers a public AWS name: its service, its Region.

    S3's global names are us-east-1's S3 (S3 guide, "Virtual hosting of buckets", legacy endpoints), and SDKs still
    use ``s3.amazonaws.com`` there, so its endpoints serve them.
    """
    split = service_and_region(service_name)
    if split is None:
        return False
    names = {name.removeprefix("*.") for name in private_names(service_name)}
    services = {one.service for one in map(aws_host, names) if one is not None}
    region = host.home_region if host.service == S3 else host.region
    return host.service in services and region == split[1]


def canonical_host(name: str) -> AwsHost | None:
    """Return what an endpoint-specific name serves: ``vpce-1-2.sts.us-east-1.vpce.amazonaws.com`` serves STS.

    S3's have the label ``bucket`` before, and the bucket's name before that (S3 guide, "AWS PrivateLink for S3").
    """
    if not name.endswith(ENDPOINT_SPECIFIC_SUFFIX):
        return None
    match = _ENDPOINT_NAME.fullmatch(name.removesuffix(ENDPOINT_SPECIFIC_SUFFIX))
    if match is None:
        return None
    service, _, region = match["rest"].rpartition(".")
    patterns = _EXCEPTIONS.get(service, (service + ".{region}",))
    prefix = f"{match['bucket']}." if match["bucket"] else ""
    return aws_host(f"{prefix}{patterns[0].format(region=region)}.amazonaws.com")
