"""Refusals in the words of the service that was called.

Source: IAM guide, troubleshoot_access-denied; "Common errors" of each service's API reference.
"""

from dataclasses import replace

from vpclab.authorization import PrincipalKind, Request, Verdict, denial_reason
from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.api_request import ApiRequest
from vpclab.localcloud.control_plane.authentication import Caller

_FORBIDDEN, _BAD_REQUEST, _NOT_IMPLEMENTED = 403, 400, 501
_QUERY_PROTOCOLS = frozenset({"query"})
_CODES = {
    "ec2": ("UnauthorizedOperation", _FORBIDDEN),
    "lambda": ("AccessDeniedException", _FORBIDDEN),
    "s3": ("AccessDenied", _FORBIDDEN),
    "sns": ("AuthorizationError", _FORBIDDEN),
    "sqs": ("AccessDenied", _FORBIDDEN),
    "xray": ("AccessDeniedException", _FORBIDDEN),
}


def refusal(request: ApiRequest, caller: Caller, asked: Request, verdict: Verdict) -> ApiError:
    """Return the error of a request that is not allowed."""
    code, status = code_of(request)
    principal = asked.principal
    across = asked.resource_account not in (None, principal.account)
    if principal.kind is PrincipalKind.ANONYMOUS or (request.service == "s3" and across):
        return ApiError(code, "Access Denied", status)  # S3 explains inside one account only
    worded = replace(asked, action=_action(request.service, asked.action))
    on = f"on resource: {_resource(request.service, asked.resource)} "
    if request.service == "ec2" and asked.resource == "*":
        on = ""
    before = "You are not authorized to perform this operation. " if request.service == "ec2" else ""
    message = (
        f"{before}User: {caller.principal.arn} is not authorized to perform: {worded.action} {on}"
        f"{denial_reason(verdict, worded)}"
    )
    return ApiError(code, message, status)


def not_modelled(request: ApiRequest, action: str, reason: object) -> ApiError:
    """Return the error of a request of which it cannot be told whether it is allowed."""
    return ApiError(
        "UnsupportedOperation",
        f"Whether this caller of {request.service} may {action} is not modelled by the local cloud: {reason}. "
        "Allow it on the Resource * without a Condition, or use deploy credentials. See docs/authorization.md.",
        _NOT_IMPLEMENTED,
    )


def code_of(request: ApiRequest) -> tuple[str, int]:
    """Return the code of a refusal for want of permission and its HTTP status."""
    if request.service in _CODES:
        return _CODES[request.service]
    if request.protocol in _QUERY_PROTOCOLS:
        return "AccessDenied", _FORBIDDEN
    return "AccessDeniedException", _BAD_REQUEST


def _action(service: str, action: str) -> str:
    """SQS and SNS write actions in their own way."""
    if service == "sqs":
        return action.lower()
    return action.replace("sns:", "SNS:") if service == "sns" else action


def _resource(service: str, resource: str) -> str:
    return f'"{resource}"' if service == "s3" and resource != "*" else resource
