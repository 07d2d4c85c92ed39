"""Host names of AWS's public APIs: which exist, and what each of them serves.

botocore's endpoint data decides, so the names are those that an SDK computes. Names below them exist where AWS
answers any: buckets (virtual-host style) and DynamoDB's account-based endpoints.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import botocore.session

PARTITION = "aws"
S3 = "s3"
DYNAMODB = "dynamodb"

_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_BY_ACCOUNT: Mapping[str, str] = {"ddb.": "dynamodb.", "streams-ddb.": "streams.dynamodb."}
"""Names that SDKs call with the account's id before them, and the plain names of the same services."""

SIGNING_NAMES: Mapping[str, str] = {
    "agreement-marketplace": "aws-marketplace",
    "api.detective": "detective",
    "api.ecr": "ecr",
    "api.ecr-public": "ecr-public",
    "api.iotdeviceadvisor": "iotdeviceadvisor",
    "api.iotwireless": "iotwireless",
    "api.mediatailor": "mediatailor",
    "api.sagemaker": "sagemaker",
    "api.tunneling.iot": "IoTSecuredTunneling",
    "appconfigdata": "appconfig",
    "catalog.marketplace": "aws-marketplace",
    "contact-lens": "connect",
    "data.jobs.iot": "iot-jobs-data",
    "data.mediastore": "mediastore",
    "edge.sagemaker": "sagemaker",
    "email": "ses",
    "eventsv2": "events",
    "forecastquery": "forecast",
    "identity-chime": "chime",
    "ingest.timestream": "timestream",
    "ivsrealtime": "ivs",
    "media-pipelines-chime": "chime",
    "meetings-chime": "chime",
    "memory-db": "memorydb",
    "messaging-chime": "chime",
    "metrics.sagemaker": "sagemaker",
    "models-v2-lex": "lex",
    "oidc": "sso-oauth",
    "participant.connect": "execute-api",
    "portal.sso": "awsssoportal",
    "query.timestream": "timestream",
    "runtime-v2-lex": "lex",
    "runtime.sagemaker": "sagemaker",
    "s3-control": "s3",
    "servicecatalog-appregistry": "servicecatalog",
    "voice-chime": "chime",
}
"""The name in a signature's scope, by endpoint prefix, where it differs and the endpoint data does not say so.

A test holds this table against botocore's service models.
"""


@dataclass(frozen=True, slots=True)
class AwsHost:
    """What one host name serves.

    ``name`` is the endpoint's own name, without a bucket or an account before it; ``service`` is the endpoint
    prefix (``sts``, ``api.ecr``); ``region`` is None for a global name; ``signing_name`` is the service that a
    signature for it is scoped to; ``bucket`` is set for a virtual-host style name.
    """

    name: str
    service: str
    region: str | None
    signing_name: str
    bucket: str | None = None

    @property
    def home_region(self) -> str:
        """The Region whose infrastructure answers: global names of the partition live in us-east-1."""
        return self.region or "us-east-1"

    @property
    def canonical_name(self) -> str:
        """The plain name of the same service, Region and bucket: without FIPS, dual stack or an endpoint's id."""
        name = f"{self.service}.{self.region}.amazonaws.com" if self.region else self.name
        return f"{self.bucket}.{name}" if self.bucket else name

    def certificate_names(self) -> tuple[str, ...]:
        """Names on the certificate: S3's covers one label before its own name, so a bucket with dots fails."""
        if self.service == S3:
            return (self.name, f"*.{self.name}")
        if self.name.startswith(tuple(_BY_ACCOUNT)):
            return (f"*.{self.name}",)
        return (self.name,)


def aws_host(name: str) -> AwsHost | None:
    """Return what a host name (lower case, no trailing dot) serves, None when AWS has no such name."""
    hosts = _hosts()
    exact = hosts.get(name)
    if exact is not None:
        return exact
    label, _, rest = name.partition(".")
    for by_account, plain in _BY_ACCOUNT.items():
        if rest.startswith(by_account):
            regional = hosts.get(plain + rest.removeprefix(by_account))
            if regional is None or _ACCOUNT.fullmatch(label) is None:
                return None
            return AwsHost(rest, regional.service, regional.region, regional.signing_name)
    bucket, parent = label, rest
    while parent:
        host = hosts.get(parent)
        if host is not None:
            if host.service != S3 or not bucket:
                return None
            return AwsHost(host.name, S3, host.region, S3, bucket)
        label, _, parent = parent.partition(".")
        bucket = f"{bucket}.{label}"
    return None


def regions() -> tuple[str, ...]:
    """Return the Regions of the partition."""
    return tuple(_partition()["regions"])


@cache
def _partition() -> Mapping[str, Any]:
    data = botocore.session.get_session().get_data("endpoints")
    found: Mapping[str, Any] = next(one for one in data["partitions"] if one["partition"] == PARTITION)
    return found


@cache
def _hosts() -> dict[str, AwsHost]:
    """Every name of the partition. A name that several services share is its namesake's (rds, not docdb)."""
    partition = _partition()
    real_regions = frozenset(partition["regions"])
    found: dict[str, AwsHost] = {}
    for service, details in partition["services"].items():
        defaults = details.get("defaults", {})
        for label, endpoint in details.get("endpoints", {}).items():
            scope = {**defaults.get("credentialScope", {}), **endpoint.get("credentialScope", {})}
            signing_name = scope.get("service", SIGNING_NAMES.get(service, service))
            if label not in real_regions and "hostname" not in endpoint:
                continue  # deprecated rows, whose key is no Region and would give a name that never was
            for name in _endpoint_names(partition, service, label, defaults, endpoint):
                if ":" in name:
                    continue  # the endpoint data's localhost:8000 for DynamoDB
                if name in found and not name.startswith(f"{service}."):
                    continue
                region = label if label in real_regions else _region_in(name, real_regions)
                found[name] = AwsHost(name, service, region, signing_name)
    return found


def _endpoint_names(
    partition: Mapping[str, Any],
    service: str,
    label: str,
    defaults: Mapping[str, Any],
    endpoint: Mapping[str, Any],
) -> Iterator[str]:
    layers = (endpoint, defaults, partition["defaults"])
    template = next(layer["hostname"] for layer in layers if "hostname" in layer)
    yield template.format(service=service, region=label, dnsSuffix=partition["dnsSuffix"])
    for variant in endpoint.get("variants", ()):
        tags = frozenset(variant["tags"])
        merged: dict[str, str] = {"dnsSuffix": partition["dnsSuffix"]}
        for layer in reversed(layers):
            for one in layer.get("variants", ()):
                if frozenset(one["tags"]) == tags:
                    merged.update({key: one[key] for key in ("hostname", "dnsSuffix") if key in one})
        yield merged["hostname"].format(service=service, region=label, dnsSuffix=merged["dnsSuffix"])


def _region_in(name: str, real_regions: frozenset[str]) -> str | None:
    """The Region that a name spells out, for the endpoint data's rows whose key is no Region."""
    return next((label for label in name.split(".") if label in real_regions), None)
