"""A function's resource-based policy: who may invoke it, beside whom IAM lets.

moto keeps an account principal as it was typed, takes a statement id twice, knows few conditions, and has none of
the API for whole policies. AWS: Lambda guide, access-control-resource-based; API reference, AddPermission and
PutResourcePolicy. Function, version and alias each have a policy of their own.
"""

import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import lambda_backends
from moto.iam.models import iam_backends

from vpclab.authorization import MalformedPolicyError, check_resource_policy
from vpclab.localcloud.control_plane.additions.policy_documents import is_there, principals_named
from vpclab.localcloud.control_plane.api_error import ApiError, Response
from vpclab.localcloud.control_plane.api_request import ApiRequest
from vpclab.localcloud.control_plane.authorization.function_access import NAME
from vpclab.localcloud.control_plane.authorization.operation_input import OperationInput
from vpclab.localcloud.control_plane.authorization.published import is_published
from vpclab.localcloud.control_plane.corrections import Moto

LONGEST = 20480
"""Bytes of a policy (API reference, PolicyLengthExceededException)."""

_PARTITION = "aws"
_KEPT = "vpclab_policies"
_NOT_FOUND, _CONFLICT, _PRECONDITION = 404, 409, 412
_STATEMENT_ID = re.compile(r"[a-zA-Z0-9-_]{1,100}")
_ACTION = re.compile(r"lambda:[*]|lambda:[a-zA-Z]+|[*]")
_ACCOUNT = re.compile(r"\d{12}")
_SERVICE = re.compile(r"[a-z0-9.-]+\.amazon(?:aws)?\.com")
_IDENTITY = re.compile(r"arn:aws:(?:iam|sts)::(\d{12}):(root|user|role|assumed-role)(?:/(.+))?")
_NOBODY = "The provided principal was invalid. Please check the principal and try again."
_CONDITIONS = (
    ("SourceArn", "ArnLike", "AWS:SourceArn"),
    ("SourceAccount", "StringEquals", "AWS:SourceAccount"),
    ("PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID"),
    ("FunctionUrlAuthType", "StringEquals", "lambda:FunctionUrlAuthType"),
    ("EventSourceToken", "StringEquals", "lambda:EventSourceToken"),
    ("InvokedViaFunctionUrl", "Bool", "lambda:InvokedViaFunctionUrl"),
)


@dataclass
class _FunctionPolicy:
    """One policy; ``document`` is None while nothing was ever put into it."""

    document: dict[str, Any] | None = None
    revision: str = field(default_factory=lambda: str(uuid.uuid4()))

    def change(self, document: dict[str, Any] | None) -> None:
        """Replace the document, unless it has grown too long."""
        text = json.dumps(document)
        if len(text) > LONGEST:
            raise ApiError(
                "PolicyLengthExceededException",
                f"The final policy size ({len(text)}) is bigger than the limit ({LONGEST}).",
            )
        self.document = document
        self.revision = str(uuid.uuid4())


def document(backend: Moto, name: str, qualifier: str | None) -> Mapping[str, Any] | None:
    """Return the policy of a function, or of its version or alias; None where it has none."""
    try:
        function = backend.get_function(name, None)
    except LambdaClientError:
        return None
    kept: dict[str, _FunctionPolicy] = getattr(function, _KEPT, {})
    found = kept.get(_slot(qualifier))
    return None if found is None else found.document


def concerns(request: ApiRequest, action: str) -> bool:
    """Whether this is an operation on a function's policy."""
    return request.service == "lambda" and action in _OPERATIONS


def answer(request: ApiRequest, action: str, account: str, region: str) -> Response:
    """Answer an operation on a function's policy. ``account`` is the function's, or the caller's."""
    given = OperationInput(request)
    arn = given.text("ResourceArn")
    named = NAME.fullmatch(arn or given.text("FunctionName") or "")
    if named is None:
        raise ApiError("ValidationException", "The request names no function: give its name or its ARN.")
    own_region, own_account, name, qualifier = named.groups()
    qualifier = qualifier or given.text("Qualifier")
    region, account = own_region or request.region or region, own_account or account
    function_arn = f"arn:aws:lambda:{region}:{account}:function:{name}"
    resource = f"{function_arn}:{qualifier}" if qualifier else function_arn
    policy = _policy(account, region, name, qualifier, resource)
    revision = given.text("RevisionId")
    if revision is not None and revision != policy.revision and not action.startswith("Get"):
        raise ApiError(
            "PreconditionFailedException",
            "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve "
            "the latest Revision Id",
            _PRECONDITION,
        )
    status, body = _OPERATIONS[action](policy, resource, given)
    return status, {"Content-Type": "application/json"}, json.dumps(body).encode() if body is not None else b""


def _policy(account: str, region: str, name: str, qualifier: str | None, resource: str) -> _FunctionPolicy:
    try:
        backend = lambda_backends[account][region]
        function = backend.get_function(name, None)
        if qualifier not in (None, "$LATEST"):
            backend.get_function(name, qualifier)
    except (LambdaClientError, KeyError):
        raise ApiError("ResourceNotFoundException", f"Function not found: {resource}", _NOT_FOUND) from None
    kept: dict[str, _FunctionPolicy] = vars(function).setdefault(_KEPT, {})
    return kept.setdefault(_slot(qualifier), _FunctionPolicy())


def _slot(qualifier: str | None) -> str:
    return "" if qualifier in (None, "$LATEST") else str(qualifier)


_Answer = tuple[int, dict[str, Any] | None]


def _add_permission(policy: _FunctionPolicy, resource: str, given: OperationInput) -> _Answer:
    if resource.endswith(":$LATEST"):
        raise _invalid("We currently do not support adding policies for $LATEST.")
    sid = given.text("StatementId") or ""
    _match(_STATEMENT_ID, "statementId", sid)
    action = given.text("Action") or ""
    _match(_ACTION, "action", action)
    if action not in ("*", "lambda:*") and not is_published(action):
        raise _invalid(f"Invalid action: {action} is no action of Lambda.")
    statements = list((policy.document or {}).get("Statement", ()))
    if any(one.get("Sid") == sid for one in statements):
        raise ApiError(
            "ResourceConflictException",
            f"The statement id ({sid}) provided already exists. Please provide a new statement id, or remove the "
            "existing statement.",
            _CONFLICT,
        )
    statement: dict[str, Any] = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": _principal(given.text("Principal") or ""),
        "Action": action,
        "Resource": resource,
    }
    if condition := _condition(given):
        statement["Condition"] = condition
    policy.change({**(policy.document or _empty()), "Statement": [*statements, statement]})
    return 201, {"Statement": json.dumps(statement)}


def _condition(given: OperationInput) -> dict[str, dict[str, str]]:
    condition: dict[str, dict[str, str]] = {}
    for parameter, operator, key in _CONDITIONS:
        value = given.text(parameter)
        if value is not None:
            condition.setdefault(operator, {})[key] = value.lower() if operator == "Bool" else value
    return condition


def _principal(given: str) -> str | dict[str, str]:
    if given == "*":
        return given
    if _ACCOUNT.fullmatch(given):
        return {"AWS": f"arn:aws:iam::{given}:root"}
    if _SERVICE.fullmatch(given):
        return {"Service": given}
    identity = _IDENTITY.fullmatch(given)
    if identity is not None and _exists(*identity.groups()):
        return {"AWS": given}
    raise _invalid(_NOBODY)


def _exists(account: str, kind: str, path: str | None) -> bool:
    if kind == "root":
        return path is None
    backend = iam_backends[account][_PARTITION]
    if path is None:
        return False
    if kind == "assumed-role":
        role, _, session = path.partition("/")
        return bool(session) and any(one.name == role for one in backend.roles.values())
    known = backend.roles.values() if kind == "role" else backend.users.values()
    return any(one.arn == f"arn:aws:iam::{account}:{kind}/{path}" for one in known)


def _get_policy(policy: _FunctionPolicy, _resource: str, _given: OperationInput) -> _Answer:
    if not (policy.document or {}).get("Statement"):
        raise ApiError("ResourceNotFoundException", "The resource you requested does not exist.", _NOT_FOUND)
    return 200, {"Policy": json.dumps(policy.document), "RevisionId": policy.revision}


def _remove_permission(policy: _FunctionPolicy, _resource: str, given: OperationInput) -> _Answer:
    sid = given.text("StatementId")
    statements = list((policy.document or {}).get("Statement", ()))
    kept = [one for one in statements if one.get("Sid") != sid]
    if len(kept) == len(statements):
        raise ApiError(
            "ResourceNotFoundException", f"Statement {sid} is not found in resource policy.", _NOT_FOUND
        )
    policy.change({**(policy.document or {}), "Statement": kept} if kept else None)
    return 204, None


def _put_resource_policy(policy: _FunctionPolicy, _resource: str, given: OperationInput) -> _Answer:
    text = given.text("Policy") or ""
    try:
        check_resource_policy(text)
        whole = json.loads(text)
    except (MalformedPolicyError, ValueError) as error:
        raise _invalid(f"The policy is malformed: {error}") from None
    if not all(map(is_there, principals_named(text))):
        raise _invalid(_NOBODY)
    statements = whole["Statement"]
    policy.change({**whole, "Statement": statements if isinstance(statements, list) else [statements]})
    return 200, {"Policy": json.dumps(policy.document), "RevisionId": policy.revision}


def _delete_resource_policy(policy: _FunctionPolicy, resource: str, given: OperationInput) -> _Answer:
    _get_policy(policy, resource, given)
    policy.change(None)
    return 204, None


_OPERATIONS: Mapping[str, Callable[[_FunctionPolicy, str, OperationInput], _Answer]] = {
    "AddPermission": _add_permission,
    "DeleteResourcePolicy": _delete_resource_policy,
    "GetPolicy": _get_policy,
    "GetResourcePolicy": _get_policy,
    "PutResourcePolicy": _put_resource_policy,
    "RemovePermission": _remove_permission,
}


def _empty() -> dict[str, Any]:
    return {"Version": "2012-10-17", "Id": "default", "Statement": []}


def _match(pattern: re.Pattern[str], name: str, value: str) -> None:
    if pattern.fullmatch(value) is None:
        raise ApiError(
            "ValidationException",
            f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: Member must "
            f"satisfy regular expression pattern: {pattern.pattern}",
        )


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidParameterValueException", message)
