"""Functions as targets: a request as the event that load balancers send, and the answer out of what came back.

Source: Application Load Balancer guide, "Use Lambda functions as targets of an Application Load Balancer".
"""

import base64
import json
from urllib.parse import parse_qsl

from vpclab.localcloud.load_balancers.exchange import Answered, Asked

LARGEST = 1024 * 1024
"""Bytes of body that a load balancer hands to a function or takes from it."""


def event_of(asked: Asked, target_group_arn: str) -> bytes:
    """Return the event for a request."""
    path, _, query = asked.path.partition("?")
    try:
        body, encoded = asked.body.decode(), False
    except UnicodeDecodeError:
        body, encoded = base64.b64encode(asked.body).decode(), True
    event = {
        "requestContext": {"elb": {"targetGroupArn": target_group_arn}},
        "httpMethod": asked.method,
        "path": path,
        "queryStringParameters": dict(parse_qsl(query, keep_blank_values=True)),
        "headers": {name.lower(): value for name, value in asked.headers.items()},
        "body": body,
        "isBase64Encoded": encoded,
    }
    return json.dumps(event).encode()


def answer_of(payload: bytes) -> Answered | None:
    """Return the answer that a function's result means; None: it means none, which clients see as 502."""
    try:
        result = json.loads(payload)
        status, body = int(result["statusCode"]), result.get("body") or ""
        content = base64.b64decode(body) if result.get("isBase64Encoded") else str(body).encode()
        headers = tuple((str(name), str(value)) for name, value in (result.get("headers") or {}).items())
        reason = str(result.get("statusDescription") or "").partition(" ")[2]
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return Answered(status, reason, headers, content) if len(content) <= LARGEST else None
