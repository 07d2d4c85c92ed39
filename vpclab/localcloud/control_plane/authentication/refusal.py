"""Why a request's credentials are refused, and how each service says so.

Sources: "Common errors" of the IAM, STS, RDS and JSON services' API references, EC2's "Error codes", S3's "Error
responses". Services with AWS's query protocol, with EC2's, with JSON, and S3 have a code each for the same thing.
"""

from dataclasses import dataclass
from enum import Enum, auto

from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.api_request import ApiRequest


class Reason(Enum):
    """What is wrong."""

    MISSING = auto()
    """There is no signature at all."""
    UNKNOWN_KEY = auto()
    """No such key, or an inactive one, or one whose role or user is gone."""
    BAD_TOKEN = auto()
    """The session token is missing or is not the key's."""
    EXPIRED_TOKEN = auto()
    MISMATCH = auto()
    """The signature is not what the key's secret gives for this request."""
    INCOMPLETE = auto()
    """The Authorization header, or the query that stands for it, lacks something or is malformed."""
    OTHER_ALGORITHM = auto()
    TWO_MECHANISMS = auto()
    UNSIGNED_HEADER = auto()
    SKEWED = auto()
    """Signed too long ago, or in the future."""
    EXPIRED_URL = auto()
    """A presigned URL after its time."""
    BAD_EXPIRY = auto()
    WRONG_PAYLOAD = auto()
    """The body is not what the signed hash says."""


@dataclass
class RefusedError(Exception):
    """Authentication failed. ``message`` replaces the usual text."""

    reason: Reason
    message: str = ""


_NOT_VALID = "The security token included in the request is invalid."
_EXPIRED = "The security token included in the request is expired"
_NOT_VALIDATED = "AWS was not able to validate the provided access credentials"
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
    "Key and signing method. Consult the service documentation for details."
)

_S3_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your key and signing "
    "method."
)
_ONE_MECHANISM = (
    "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter "
    "or the Authorization header should be specified"
)
_INCOMPLETE = ("IncompleteSignature", "The request signature does not conform to AWS standards.", 400)

_Refusal = tuple[str, str, int]

_S3: dict[Reason, _Refusal] = {
    Reason.MISSING: ("AccessDenied", "Access Denied", 403),
    Reason.UNKNOWN_KEY: (
        "InvalidAccessKeyId",
        "The AWS Access Key Id you provided does not exist in our records.",
        403,
    ),
    Reason.BAD_TOKEN: ("InvalidToken", "The provided token is malformed or otherwise invalid.", 400),
    Reason.EXPIRED_TOKEN: ("ExpiredToken", "The provided token has expired.", 400),
    Reason.MISMATCH: (
        "SignatureDoesNotMatch",
        _S3_MISMATCH,
        403,
    ),
    Reason.INCOMPLETE: ("AuthorizationHeaderMalformed", "The authorization header is malformed.", 400),
    Reason.OTHER_ALGORITHM: (
        "InvalidRequest",
        "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
        400,
    ),
    Reason.TWO_MECHANISMS: (
        "InvalidArgument",
        _ONE_MECHANISM,
        400,
    ),
    Reason.UNSIGNED_HEADER: (
        "AccessDenied",
        "There were headers present in the request which were not signed",
        403,
    ),
    Reason.SKEWED: (
        "RequestTimeTooSkewed",
        "The difference between the request time and the current time is too large.",
        403,
    ),
    Reason.EXPIRED_URL: ("AccessDenied", "Request has expired", 403),
    Reason.BAD_EXPIRY: (
        "AuthorizationQueryParametersError",
        "X-Amz-Expires must be less than a week (in seconds), that is 604800 seconds",
        400,
    ),
    Reason.WRONG_PAYLOAD: (
        "XAmzContentSHA256Mismatch",
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
        400,
    ),
}
_EC2: dict[Reason, _Refusal] = {
    **dict.fromkeys(Reason, ("AuthFailure", _NOT_VALIDATED, 401)),
    Reason.MISSING: ("MissingParameter", "The request must contain the parameter AWSAccessKeyId", 400),
    Reason.EXPIRED_TOKEN: ("RequestExpired", "Request has expired.", 400),
    Reason.EXPIRED_URL: ("RequestExpired", "Request has expired.", 400),
    Reason.SKEWED: ("RequestExpired", "Request has expired.", 400),
}
_QUERY: dict[Reason, _Refusal] = {
    **dict.fromkeys(
        Reason, ("IncompleteSignature", "The request signature does not conform to AWS standards.", 400)
    ),
    Reason.MISSING: ("MissingAuthenticationToken", "Request is missing Authentication Token", 403),
    Reason.UNKNOWN_KEY: ("InvalidClientTokenId", _NOT_VALID, 403),
    Reason.BAD_TOKEN: ("InvalidClientTokenId", _NOT_VALID, 403),
    Reason.EXPIRED_TOKEN: ("ExpiredToken", _EXPIRED, 403),
    Reason.MISMATCH: ("SignatureDoesNotMatch", _MISMATCH, 403),
    Reason.UNSIGNED_HEADER: ("SignatureDoesNotMatch", _MISMATCH, 403),
    Reason.SKEWED: ("SignatureDoesNotMatch", "Signature expired", 403),
    Reason.EXPIRED_URL: ("SignatureDoesNotMatch", "Signature expired", 403),
    Reason.WRONG_PAYLOAD: ("SignatureDoesNotMatch", _MISMATCH, 403),
}
_JSON_CODES = {
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "ExpiredToken": "ExpiredTokenException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
    "IncompleteSignature": "IncompleteSignatureException",
}
_REST_JSON = frozenset({"lambda", "xray"})
_QUERY_CODES_IN_JSON = frozenset({"sqs"})
"""Services that spoke the query protocol first and keep its codes (``awsQueryCompatible`` in their models)."""


def refusal(error: RefusedError, request: ApiRequest) -> ApiError:
    """Return the refusal as the request's service words it."""
    reason, service = error.reason, request.service
    if service == "s3":
        code, message, status = _S3[reason]
        if reason is Reason.INCOMPLETE and error.message:
            message = f"{message[:-1]}; {error.message}"
        return ApiError(code, message, status)
    if service == "ec2":
        return ApiError(*_EC2[reason])
    code, message, status = _QUERY[reason]
    message = error.message or message
    if request.protocol == "query" or service in _QUERY_CODES_IN_JSON:
        return ApiError(code, message, status)
    if reason is Reason.MISSING:
        message = "Missing Authentication Token"
    return ApiError(_JSON_CODES[code], message, 403 if service in _REST_JSON else 400)
