"""Layers: at most five, of one version each, small enough together, and kept by who uses them.

moto takes any number, looks a foreign layer up in the function's own account, and forgets what a function uses
once the version is deleted. AWS: Lambda guide, chapter-layers and gettingstarted-limits; API reference,
DeleteLayerVersion (functions that have it go on with it).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException, UnknownLayerVersionException
from moto.awslambda.models import LambdaBackend, LambdaFunction, lambda_backends

from vpclab.localcloud.control_plane.additions.function_code import (
    LARGEST_UNZIPPED,
    as_zip_file,
    check_code,
    unzipped_size,
)
from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.corrections import Corrections, Moto

MOST_LAYERS = 5


def correct(corrections: Corrections) -> None:
    """Correct layers, and what functions have of them."""
    corrections.wrap(LambdaFunction, "_get_layers_data", _layers_data)
    corrections.wrap(LambdaBackend, "publish_layer_version", _publish)


def check_size(code: bytes, layers: Sequence[Moto]) -> None:
    """Raise Lambda's error for code that is too large together with its layers."""
    size = unzipped_size(code) + sum(unzipped_size(layer.code_bytes) for layer in layers)
    if layers and size > LARGEST_UNZIPPED:
        raise InvalidParameterValueException(
            "Function code combined with layers exceeds the maximum allowed size of "
            f"{LARGEST_UNZIPPED} bytes. The actual size is {size} bytes."
        )


def layers_of(function: Moto) -> tuple[Moto, ...]:
    """Return the layer versions of a function, deleted ones too."""
    return tuple(getattr(function, "vpclab_layers", ()))


def found(backend: Moto, arns: Sequence[str]) -> list[Moto]:
    """Return layer versions by their ARNs, or raise Lambda's error for what cannot be used."""
    if len(arns) > MOST_LAYERS:
        raise InvalidParameterValueException(f"Cannot reference more than {MOST_LAYERS} layers.")
    if len({arn.rpartition(":")[0] for arn in arns}) < len(arns):
        raise InvalidParameterValueException(
            "Two different versions of the same layer are not allowed to be referenced in the same function."
        )
    return [_version(backend, arn, arns) for arn in arns]


def _version(backend: Moto, arn: str, arns: Sequence[str]) -> Moto:
    parts = arn.split(":")
    if len(parts) != 8:  # noqa: PLR2004 - arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION
        raise InvalidParameterValueException(f"{arn} is not the ARN of a layer version.")
    region, account = parts[3], parts[4]
    if region != backend.region_name:
        raise InvalidParameterValueException(
            f"Layer version {arn} must be in the function's own Region, {backend.region_name}."
        )
    version = lambda_backends[account][region].layers_versions_by_arn(arn)
    if account == backend.account_id:
        if version is None:
            raise UnknownLayerVersionException(list(arns))
    elif version is None or not _is_granted(version, backend.account_id):
        raise ApiError(
            "AccessDeniedException",
            f"Account {backend.account_id} is not authorized to perform: lambda:GetLayerVersion on resource: "
            f"{arn} because no resource-based policy allows the lambda:GetLayerVersion action",
            403,
        )
    return version


def _is_granted(version: Moto, account: str) -> bool:
    """Whether the layer version's policy lets an account use it."""
    for statement in version.policy.statements:
        principal = statement.get("Principal")
        for one in principal.values() if isinstance(principal, Mapping) else (principal,):
            name = str(one)
            if account == (name.split(":")[4] if name.startswith("arn:") else name) or name == "*":
                return True
    return False


def _layers_data(plain: Moto, function: Moto, arns: list[str]) -> list[dict[str, Any]]:
    del plain
    backend = lambda_backends[function.account_id][function.region]
    versions = found(backend, arns)
    if hasattr(function, "code_bytes"):  # an update: at creation there is no code yet
        check_size(function.code_bytes, versions)
    function.vpclab_layers = versions
    return [{"Arn": version.arn, "CodeSize": version.code_size} for version in versions]


def _publish(plain: Moto, backend: Moto, spec: dict[str, Any]) -> Moto:
    if spec.get("Content"):
        spec["Content"] = as_zip_file(check_code(backend, spec["Content"]))
    return plain(backend, spec)
