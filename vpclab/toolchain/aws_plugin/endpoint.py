"""Where the plugin may send requests: to loopback, and nowhere else."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from vpclab.toolchain.aws_plugin.errors import AwsPluginError

DEFAULT_REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")


@dataclass(frozen=True, slots=True)
class Configuration:
    """What the provider was configured with, from its inputs first and the environment second."""

    region: str
    access_key: str
    secret_key: str
    token: str | None
    endpoints: Mapping[str, str]
    default_tags: Mapping[str, str]

    def endpoint(self, service: str) -> str:
        """Return the endpoint of ``service``, by its name in the AWS CLI.

        Raises:
            AwsPluginError: none is set, or it is not on loopback.
        """
        variable = f"AWS_ENDPOINT_URL_{service.upper()}"
        url = self.endpoints.get(service) or os.environ.get(variable) or os.environ.get("AWS_ENDPOINT_URL")
        if not url:
            raise AwsPluginError(
                f"no endpoint for {service}: the stand-in plugin speaks with a cloud on this machine only. "
                "Set AWS_ENDPOINT_URL (`vpclab env` does), or use the official plugin for AWS"
            )
        return require_loopback(url)


def require_loopback(url: str) -> str:
    """Return ``url`` if it leads to this machine's loopback.

    A name other than localhost is refused, whatever it resolves to now: names can change where they lead.

    Raises:
        AwsPluginError: it leads, or could lead, elsewhere.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        loopback = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if parts.scheme not in ("http", "https") or not loopback:
        raise AwsPluginError(
            f"the endpoint {url} is not on loopback: the stand-in plugin speaks with a cloud on this machine "
            "only. Use http://127.0.0.1:<port>, or the official plugin for AWS"
        )
    return url


MODELLED = frozenset({"region", "accessKey", "secretKey", "token", "endpoints", "defaultTags"})

OF_NO_CONSEQUENCE = frozenset(
    {"skipCredentialsValidation", "skipMetadataApiCheck", "skipRegionValidation", "skipRequestingAccountId"}
    | {"s3UsePathStyle", "maxRetries", "retryMode", "version", "pluginDownloadURL", "pluginChecksums"}
)
"""They steer what the official plugin does before its first request, or how the engine finds the plugin."""


def problems(inputs: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return (input, what is wrong with it) for the provider's own inputs."""
    found = [
        (name, f"the stand-in does not model the provider input {name}; it models {', '.join(sorted(MODELLED))}")
        for name in inputs
        if name not in MODELLED | OF_NO_CONSEQUENCE and not name.startswith("__")
    ]
    for service, url in _endpoints(inputs).items():
        try:
            require_loopback(url)
        except AwsPluginError as problem:
            found.append(("endpoints", f"{service}: {problem}"))
    return found


def configuration(inputs: Mapping[str, Any]) -> Configuration:
    """Read the provider's inputs, in which everything but strings is JSON text.

    Raises:
        AwsPluginError: there is no Region, or there are no credentials.
    """
    region = inputs.get("region") or next(filter(None, map(os.environ.get, DEFAULT_REGION_VARIABLES)), None)
    if not region:
        raise AwsPluginError("no Region: set aws:region, or AWS_REGION in the environment")
    access_key = inputs.get("accessKey") or os.environ.get("AWS_ACCESS_KEY_ID")
    secret_key = inputs.get("secretKey") or os.environ.get("AWS_SECRET_ACCESS_KEY")
    if not (access_key and secret_key):
        raise AwsPluginError(
            "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (`vpclab env` does). "
            "The stand-in plugin reads no profile, so that no real credentials leave their files"
        )
    return Configuration(
        region=region,
        access_key=access_key,
        secret_key=secret_key,
        token=inputs.get("token") or os.environ.get("AWS_SESSION_TOKEN"),
        endpoints=_endpoints(inputs),
        default_tags=(_decoded(inputs.get("defaultTags")) or {}).get("tags") or {},
    )


def _endpoints(inputs: Mapping[str, Any]) -> dict[str, str]:
    listed = _decoded(inputs.get("endpoints")) or []
    return {service: url for entry in listed for service, url in entry.items() if url}


def _decoded(value: Any) -> Any:  # noqa: ANN401 - JSON
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return None  # not known yet, in a preview
