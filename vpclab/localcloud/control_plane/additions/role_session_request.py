"""What AssumeRole asks for, read and checked. Source: STS API reference, AssumeRole."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from moto.iam.models import iam_backends

from vpclab.authorization import MalformedPolicyError
from vpclab.authorization.grammar import check_identity_policy
from vpclab.localcloud.control_plane.api_error import ApiError

_SHORTEST, _LONGEST, _USUAL = 900, 43200, 3600
_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
_LONGEST_POLICY, _MOST_POLICIES, _MOST_TAGS = 2048, 10, 50
_PARTITION = "aws"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumeRole:
    """The parameters. ``policies``: the documents of session policies, managed ones included; None: none given."""

    role_arn: str
    session_name: str
    seconds: int
    external_id: str | None = None
    source_identity: str | None = None
    policies: tuple[str, ...] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive: frozenset[str] = frozenset()
    new_source_identity: bool = False

    def with_inherited(self, tags: Mapping[str, str], source_identity: str | None) -> Self:
        """Return the request with what its caller's session passes on: transitive tags and the source identity.

        Raises:
            ApiError: the request contradicts them.
        """
        own = {key.lower() for key in self.tags}
        if repeated := [key for key in tags if key.lower() in own]:
            raise ApiError(
                "InvalidParameterValue",
                "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag "
                f"key from the calling session: {repeated[0]}",
            )
        if source_identity is not None and self.source_identity not in (None, source_identity):
            raise ApiError("AccessDenied", "The source identity of a session cannot be changed by chaining.", 403)
        return replace(
            self,
            tags={**tags, **self.tags},
            source_identity=self.source_identity or source_identity,
        )

    @property
    def packed_percent(self) -> int:
        """PackedPolicySize: how much of its room the session's policies and tags take, in percent."""
        size = sum(map(len, self.policies or ())) + sum(len(k) + len(v) for k, v in self.tags.items())
        return max(1, min(100, size * 100 // (2 * _LONGEST_POLICY)))


def read_assume_role(parameters: Mapping[str, str]) -> AssumeRole:
    """Return what is asked for.

    Raises:
        ApiError: ValidationError, MalformedPolicyDocument and the like.
    """
    if "SerialNumber" in parameters or "TokenCode" in parameters:
        raise ApiError("UnsupportedOperation", "The local cloud does not model MFA devices in STS.", 501)
    if "ProvidedContexts.member.1.ProviderArn" in parameters:
        raise ApiError("UnsupportedOperation", "The local cloud does not model ProvidedContexts in STS.", 501)
    given = {name: _required(parameters, name) for name in ("RoleArn", "RoleSessionName")}
    _check(_NAME, given["RoleSessionName"], "roleSessionName", r"[\w+=,.@-]*")
    external_id = parameters.get("ExternalId")
    if external_id is not None:
        _check(_EXTERNAL_ID, external_id, "externalId", r"[\w+=,.@:\/-]*")
    source_identity = parameters.get("SourceIdentity")
    if source_identity is not None:
        _check(_NAME, source_identity, "sourceIdentity", r"[\w+=,.@-]*")
    tags = _tags(parameters)
    return AssumeRole(
        role_arn=given["RoleArn"],
        session_name=given["RoleSessionName"],
        seconds=duration(parameters, _USUAL, _LONGEST),
        external_id=external_id,
        source_identity=source_identity,
        policies=_policies(parameters, given["RoleArn"]),
        tags=tags,
        transitive=_transitive(parameters, tags),
        new_source_identity=source_identity is not None,
    )


def duration(parameters: Mapping[str, str], usual: int, longest: int) -> int:
    """Return DurationSeconds, checked."""
    text = parameters.get("DurationSeconds", str(usual))
    if not text.isdecimal() or not _SHORTEST <= int(text) <= longest:
        bound, word = (longest, "less") if text.isdecimal() and int(text) > longest else (_SHORTEST, "greater")
        raise _validation(text, "durationSeconds", f"Member must have value {word} than or equal to {bound}")
    return int(text)


def _policies(parameters: Mapping[str, str], role_arn: str) -> tuple[str, ...] | None:
    documents = []
    inline = parameters.get("Policy")
    if inline is not None:
        if len(inline) > _LONGEST_POLICY:
            raise _validation(inline, "policy", f"Member must have length less than or equal to {_LONGEST_POLICY}")
        try:
            check_identity_policy(inline)
        except MalformedPolicyError as error:
            raise ApiError("MalformedPolicyDocument", str(error)) from None
        documents.append(inline)
    arns = _members(parameters, "PolicyArns.member.{}.arn")
    if len(arns) > _MOST_POLICIES:
        raise _validation(
            str(arns), "policyArns", f"Member must have length less than or equal to {_MOST_POLICIES}"
        )
    documents += [_managed(arn, role_arn) for arn in arns]
    return tuple(documents) or None


def _managed(arn: str, role_arn: str) -> str:
    account = role_arn.split(":")[4]
    policy = iam_backends[account][_PARTITION].managed_policies.get(arn) if account in iam_backends else None
    if policy is None:
        raise ApiError("InvalidParameterValue", f"Policy {arn} does not exist or is not attachable.")
    found = next(one.document for one in policy.versions if one.version_id == policy.default_version_id)
    return found if isinstance(found, str) else json.dumps(found)


def _tags(parameters: Mapping[str, str]) -> dict[str, str]:
    keys = _members(parameters, "Tags.member.{}.Key")
    if len(keys) > _MOST_TAGS:
        raise _validation(str(keys), "tags", f"Member must have length less than or equal to {_MOST_TAGS}")
    if len({key.lower() for key in keys}) != len(keys):
        raise ApiError(
            "InvalidParameterValue", "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        )
    return {key: parameters.get(f"Tags.member.{number}.Value", "") for number, key in enumerate(keys, start=1)}


def _transitive(parameters: Mapping[str, str], tags: Mapping[str, str]) -> frozenset[str]:
    keys = _members(parameters, "TransitiveTagKeys.member.{}")
    if missing := [key for key in keys if key not in tags]:
        raise ApiError(
            "InvalidParameterValue",
            f"The specified transitive tag key must be included in the requested tags: {missing[0]}",
        )
    return frozenset(keys)


def _members(parameters: Mapping[str, str], pattern: str) -> list[str]:
    found: list[str] = []
    while (value := parameters.get(pattern.format(len(found) + 1))) is not None:
        found.append(value)
    return found


def _required(parameters: Mapping[str, str], name: str) -> str:
    value = parameters.get(name)
    if not value:
        member = name[0].lower() + name[1:]
        raise ApiError(
            "ValidationError",
            f"1 validation error detected: Value null at '{member}' failed to satisfy constraint: "
            "Member must not be null",
        )
    return value


def _check(pattern: re.Pattern[str], value: str, member: str, shown: str) -> None:
    if pattern.fullmatch(value) is None:
        raise _validation(value, member, f"Member must satisfy regular expression pattern: {shown}")


def _validation(value: str, member: str, constraint: str) -> ApiError:
    return ApiError(
        "ValidationError",
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}",
    )
