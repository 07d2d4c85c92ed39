"""Versions and aliases: numbers that are never used twice, revisions, traffic that an alias splits.

moto numbers by how many versions there are, publishes what has not changed, ignores RevisionId, CodeSha256 and
RoutingConfig, and deletes $LATEST alone. AWS: Lambda guide, configuration-versions and configuration-aliases; API
reference, PublishVersion, UpdateAlias and DeleteFunction.
"""

# ruff: noqa: SLF001 - moto keeps its state in private attributes

import copy
import json
import random
import re
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from moto.awslambda.exceptions import (
    InvalidParameterValueException,
    PreconditionFailedException,
    ValidationException,
)
from moto.awslambda.models import LambdaBackend
from moto.awslambda.responses import LambdaResponse

from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.corrections import Corrections, Moto

LATEST = "$LATEST"
_ALIAS = re.compile(r"(?!^[0-9]+$)[a-zA-Z0-9-_]{1,128}")
_CHANCE = random.SystemRandom()


def correct(corrections: Corrections) -> None:
    """Correct publishing, and what aliases may point to."""
    corrections.wrap(LambdaBackend, "publish_version", _publish)
    corrections.wrap(LambdaResponse, "publish_version", _checked_publish)
    corrections.wrap(LambdaBackend, "create_alias", _create_alias)
    corrections.wrap(LambdaBackend, "update_alias", _update_alias)
    corrections.wrap(LambdaResponse, "update_alias", _checked_alias_update)


def changed(function: Moto) -> None:
    """Note that $LATEST is another one now: a new revision, and something to publish."""
    function.vpclab_revision = str(uuid.uuid4())
    function.vpclab_is_published = None


def revision(function: Moto) -> str:
    """Return the function's revision id."""
    if not hasattr(function, "vpclab_revision"):
        function.vpclab_revision = str(uuid.uuid4())
    return str(function.vpclab_revision)


def check_revision(given: object, actual: str) -> None:
    """Raise the error for a RevisionId that is not the latest."""
    if given and given != actual:
        raise PreconditionFailedException(
            "The RevisionId provided does not match the latest RevisionId for the Lambda function or alias. Call "
            "the GetFunction or the GetAlias API to retrieve the latest RevisionId for your resource."
        )


def check_is_latest(function: Moto) -> None:
    """Raise the error for an update of a version, which never changes."""
    if function.version != LATEST:
        raise InvalidParameterValueException("Current operation does not support versions other than $LATEST")


def check_is_settled(function: Moto) -> None:
    """Raise the error for an update of a function while another one, or its creation, is under way."""
    reason = None
    if function.state == "Pending":
        reason = "The function is currently in the following state: Pending"
    elif getattr(function, "vpclab_before", None) is not None:
        reason = f"An update is in progress for resource: {function.function_arn}"
    if reason:
        raise ApiError(
            "ResourceConflictException", f"The operation cannot be performed at this time. {reason}", 409
        )


def check_deletion(backend: Moto, function: Moto, qualifier: str | None) -> None:
    """Raise the error for the deletion of a version that cannot go; None stands for the whole function."""
    if qualifier is None:
        return
    if qualifier == LATEST:
        raise InvalidParameterValueException("$LATEST version cannot be deleted without deleting the function.")
    aliases = backend._lambdas._get_function_aliases(function.function_name)
    if qualifier in aliases:
        raise InvalidParameterValueException(
            f"{qualifier} is an alias: DeleteFunction deletes functions and versions, DeleteAlias deletes aliases."
        )
    pointing = sorted(
        name for name, alias in aliases.items() if qualifier in (alias.function_version, *_weights(alias))
    )
    if pointing:
        raise ApiError(
            "ResourceConflictException",
            f"Version {qualifier} of {function.function_name} is referenced by an alias: {', '.join(pointing)}",
            409,
        )


def qualifier_of(name_or_arn: str, qualifier: str | None) -> str | None:
    """Return the qualifier that is part of a name or an ARN, else the one given."""
    name = name_or_arn.rpartition(":function:")[2]
    return name.partition(":")[2] or qualifier or None


def serving(backend: Moto, name: str, qualifier: str | None) -> Moto:
    """Return what runs when this is invoked. LambdaClientError: there is none.

    For an alias that is one of its versions, by weight; for a function that is being updated, what it was before.
    """
    function = backend.get_function(name, qualifier)
    if qualifier is not None:
        alias = backend._lambdas._get_function_aliases(name).get(qualifier)
        for version, weight in _weights(alias).items() if alias is not None else ():
            if _CHANCE.random() < weight:
                function = backend.get_function(name, version)
    return getattr(function, "vpclab_before", None) or function


def _publish(plain: Moto, backend: Moto, function_name: str, description: str = "") -> Moto:
    """``vpclab_is_published`` is the version that has what $LATEST has; None: there is none."""
    del plain
    latest = backend.get_function(function_name)
    versions = backend._lambdas._functions[latest.function_name]["versions"]
    published = getattr(latest, "vpclab_is_published", None)
    for version in versions:
        if str(version.version) == published:
            return version
    number = getattr(latest, "vpclab_versions", 0) + 1
    version = copy.copy(latest)
    version.set_version(number)
    version.vpclab_revision = str(uuid.uuid4())
    version.vpclab_before, version.vpclab_update_status = None, "Successful"
    if description:
        version.description = description
    latest.vpclab_versions, latest.vpclab_is_published = number, str(number)
    versions.append(version)
    backend._lambdas._arns[version.function_arn] = version
    return version


def _checked_publish(plain: Moto, response: Moto) -> Moto:
    name = unquote(response.path.split("/")[-2])
    given = _document(response)
    function = response.backend.get_function(name)
    check_is_settled(function)
    check_revision(given.get("RevisionId"), revision(function))
    sha256 = given.get("CodeSha256")
    if sha256 and sha256 != function.code_sha_256:
        raise InvalidParameterValueException(
            f"CodeSHA256 ({sha256}) is different from current CodeSHA256 in $LATEST ({function.code_sha_256}). "
            "Please try again with the CodeSHA256 in $LATEST."
        )
    return plain(response)


def _create_alias(  # noqa: PLR0913, PLR0917 - moto's signature
    plain: Moto,
    backend: Moto,
    name: str,
    function_name: str,
    function_version: str,
    description: str,
    routing_config: Mapping[str, Any] | None,
) -> Moto:
    if not _ALIAS.fullmatch(name or ""):
        raise ValidationException(
            str(name),
            "name",
            "Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)",
        )
    function = backend.get_function(function_name)
    if name in backend._lambdas._get_function_aliases(function.function_name):
        raise ApiError("ResourceConflictException", f"Alias already exists: {function.function_arn}:{name}", 409)
    _check_routing(backend, function_name, function_version, routing_config)
    return plain(backend, name, function_name, function_version, description, routing_config)


def _update_alias(  # noqa: PLR0913, PLR0917 - moto's signature
    plain: Moto,
    backend: Moto,
    name: str,
    function_name: str,
    function_version: str | None,
    description: str | None,
    routing_config: Mapping[str, Any] | None,
) -> Moto:
    alias = backend.get_alias(name, function_name)
    version = function_version or alias.function_version
    _check_routing(
        backend, function_name, version, alias.routing_config if routing_config is None else routing_config
    )
    plain(backend, name, function_name, function_version, description, routing_config)
    alias.revision_id = str(uuid.uuid4())
    return alias


def _checked_alias_update(plain: Moto, response: Moto) -> Moto:
    *_, function_name, _, name = unquote(response.path).split("/")
    check_revision(
        _document(response).get("RevisionId"), response.backend.get_alias(name, function_name).revision_id
    )
    return plain(response)


def _check_routing(backend: Moto, name: str, version: str, given: Mapping[str, Any] | None) -> None:
    backend.get_function(name, version)
    weights: Mapping[str, float] = (given or {}).get("AdditionalVersionWeights") or {}
    if not weights:
        return
    if len(weights) > 1:
        raise InvalidParameterValueException(
            "Number of items in AdditionalVersionWeights cannot be greater than 1"
        )
    [(other, weight)] = weights.items()
    if not 0.0 <= float(weight) <= 1.0:
        raise ValidationException(
            str(dict(weights)),
            "routingConfig.additionalVersionWeights",
            "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must "
            "have value greater than or equal to 0.0]",
        )
    if LATEST in (version, other):
        raise InvalidParameterValueException(
            "$LATEST is not supported for an alias pointing to more than 1 version"
        )
    if other == version:
        raise InvalidParameterValueException(
            f"Invalid function version {version}. Function version {version} is already included in routing "
            "configuration."
        )
    backend.get_function(name, other)


def _weights(alias: Moto) -> dict[str, float]:
    found: dict[str, float] = (alias.routing_config or {}).get("AdditionalVersionWeights") or {}
    return found


def _document(response: Moto) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(response.body or "{}")
    return found
