"""The form of single elements of a policy: actions, resources, principals, dates. Wordings are IAM's."""

import re
from collections.abc import Mapping
from typing import Any

from vpclab.authorization.comparison import COMPARISONS
from vpclab.authorization.policy import MalformedPolicyError
from vpclab.authorization.verdict import NotModelledError

SYNTAX = "Syntax errors in policy."
LEGACY = "The policy failed legacy parsing"

_PARTITIONS = frozenset(
    {
        *("aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"),
        "*",
    }
)
_ARN_SEGMENTS = 6
_VENDOR = re.compile(r"[a-zA-Z0-9.\-]+")
_ACTION_NAME = re.compile(r"[!-~]+")
_RESOURCE_VENDOR = re.compile(r"[a-z0-9\-]+")
_NO_VENDOR = "Resource vendor must be fully qualified and cannot contain regexes."
_IAM_PATHS = (
    *("user/", "federated-user/", "role/", "group/", "instance-profile/", "mfa/", "server-certificate/"),
    *("policy/", "sms-mfa/", "saml-provider/", "oidc-provider/", "report/", "access-report/"),
)
_AWS_PRINCIPAL = re.compile(
    r"\*|\d{12}|A[A-Z]{3}[A-Z0-9]{12,}"
    r"|arn:aws[a-z-]*:iam::\d{12}:(root|(user|role)/[\w+=,.@/-]+)"
    r"|arn:aws[a-z-]*:sts::\d{12}:(assumed-role/[\w+=,.@-]+/[\w+=,.@-]+|federated-user/[\w+=,.@-]+)"
    r"|arn:aws[a-z-]*:(iam|cloudfront)::cloudfront:user/.+"
)
_SERVICE_PRINCIPAL = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.(amazonaws\.com(\.cn)?|amazon\.com)")
_PRINCIPAL_KINDS = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})


def texts(value: object) -> list[str]:
    """Return an element's texts, whether it is one, a list, or not there."""
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value) if isinstance(value, list) else []


def check_action(text: str, *, is_key: bool = False) -> None:
    """Return for an action of possible form, or (``is_key``) a condition key; both begin with a vendor.

    Which actions a service has is not looked at: IAM accepts unknown ones.
    """
    if text == "*" and not is_key:
        return
    vendor, colon, name = text.partition(":")
    if not colon:
        raise MalformedPolicyError("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
    if is_key:
        return  # keys of identity providers hold hosts, paths and colons
    if ":" in name:
        raise MalformedPolicyError("Actions/Condition can contain only one colon.")
    if vendor != "*" and not _VENDOR.fullmatch(vendor):
        raise MalformedPolicyError(f"Vendor {vendor} is not valid")
    if not _ACTION_NAME.fullmatch(name):
        raise MalformedPolicyError(LEGACY)


def check_resource(resource: str) -> MalformedPolicyError | None:
    """Return None for a resource of possible form, else what IAM says of it after looking at everything else.

    MalformedPolicyError: what IAM says at once.
    """
    if resource == "*":
        return None
    prefix, colon, rest = resource.partition(":")
    if not colon:
        return MalformedPolicyError(f'Resource {resource} must be in ARN format or "*".')
    partition, *more = rest.split(":", _ARN_SEGMENTS - 2)
    if partition not in _PARTITIONS:
        shown = ":".join([*more, *["*"] * (_ARN_SEGMENTS - 2 - len(more))])
        arn = f"arn:{partition}:{shown}"
        return MalformedPolicyError(f'Partition "{partition}" is not valid for resource "{arn}".')
    if prefix != "arn":
        raise MalformedPolicyError(LEGACY)
    if len(more) < _ARN_SEGMENTS - 2:
        return _short_fault(more)
    vendor, region, _, path = more
    if "*" in vendor or "?" in vendor:
        return MalformedPolicyError(_NO_VENDOR)
    if not _RESOURCE_VENDOR.fullmatch(vendor):
        raise MalformedPolicyError(LEGACY)
    return _service_fault(resource, vendor, region=region, path=path)


def _short_fault(segments: list[str]) -> MalformedPolicyError | None:
    """Say what is wrong with an ARN of few segments: ``arn:aws:logs:*`` is accepted."""
    if not segments:
        return MalformedPolicyError(_NO_VENDOR)
    vendor = segments[0]
    if "" in segments or not (vendor == "*" or _RESOURCE_VENDOR.fullmatch(vendor.rstrip("*"))):
        raise MalformedPolicyError(LEGACY)
    return None


def _service_fault(resource: str, vendor: str, *, region: str, path: str) -> MalformedPolicyError | None:
    if vendor == "iam":
        if region:
            return MalformedPolicyError(f"IAM resource {resource} cannot contain region information.")
        if path not in ("*", "root") and not path.startswith((*_IAM_PATHS, "role-template/")):
            return MalformedPolicyError(
                f'IAM resource path must either be "*" or start with {", ".join(_IAM_PATHS)}.'
            )
    if vendor == "s3" and region and not path.startswith(("accesspoint/", "access-grants/")):
        return MalformedPolicyError(f"Resource {resource} can not contain region information.")
    return None


def check_principals(given: object) -> None:
    """Return for a Principal element of possible form."""
    if given == "*":
        return
    if not isinstance(given, dict) or not given or not set(given) <= _PRINCIPAL_KINDS:
        raise MalformedPolicyError(SYNTAX)
    for kind, value in given.items():
        names = texts(value)
        if not names or not all(isinstance(name, str) for name in names):
            raise MalformedPolicyError(SYNTAX)
        for name in names:
            if not _is_principal(kind, name):
                raise MalformedPolicyError(f'Invalid principal in policy: "{kind.upper()}":"{name}"')


def _is_principal(kind: str, name: str) -> bool:
    match kind:
        case "AWS":
            return _AWS_PRINCIPAL.fullmatch(name) is not None
        case "Service":
            return _SERVICE_PRINCIPAL.fullmatch(name) is not None
        case _:
            return bool(name)


def check_dates(operator: str, block: Mapping[str, Any]) -> None:
    """Return unless a date operator is given something that is no date."""
    name = operator.lower().rpartition(":")[2].removesuffix("ifexists")
    if not name.startswith("date"):
        return
    for values in block.values():
        for value in values if isinstance(values, list) else [values]:
            try:
                COMPARISONS[name].matches(str(value), "2012-10-17T00:00:00Z")
            except NotModelledError:
                if "${" not in str(value):
                    raise MalformedPolicyError(LEGACY) from None
