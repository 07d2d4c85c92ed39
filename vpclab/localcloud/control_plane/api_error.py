"""Refusals that the control plane makes itself, in the wire format of the service that was called."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import uuid4
from xml.sax.saxutils import escape

Response = tuple[int, dict[str, str], bytes]

_XML = {"Content-Type": "text/xml"}
_REST_XML_SERVICES = frozenset({"s3", "route53", "cloudfront", "s3control"})


@dataclass
class ApiError(Exception):
    """An error of an AWS API: its code, its text, its HTTP status; in JSON also what else its shape has."""

    code: str
    message: str
    status: int = 400
    fields: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """Code and text."""
        return f"{self.code}: {self.message}"


def render(error: ApiError, service: str, protocol: str) -> Response:
    """Return the HTTP response that an SDK of ``service`` understands. ``protocol`` is botocore's name for it."""
    code, message, request_id = escape(error.code), escape(error.message), str(uuid4())
    if protocol == "ec2":
        body = (
            f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        )
    elif service in _REST_XML_SERVICES:
        body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    elif protocol == "query":
        body = (
            "<ErrorResponse><Error><Type>Sender</Type>"
            f"<Code>{code}</Code><Message>{message}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    else:
        headers = {
            "Content-Type": "application/json",
            "x-amzn-ErrorType": error.code,
            "x-amzn-RequestId": request_id,
        }
        text = json.dumps(
            {"__type": error.code, "message": error.message, "Message": error.message, **error.fields}
        )
        return error.status, headers, text.encode()
    return error.status, dict(_XML), f'<?xml version="1.0" encoding="UTF-8"?>{body}'.encode()
