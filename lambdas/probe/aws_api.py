"""Can it reach an AWS API under its real name, and does the service let it in?

DNS, TCP and TLS are tried first by themselves, because boto3 reports very different failures of these with the
same exception.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from .attempt import Arguments, Attempt
from .connection import ANSWER_SECONDS, CONNECT_SECONDS, connect, secure
from .outcome import DeniedByServiceError, Outcome, Stage

HTTPS = 443
FORBIDDEN = 403

CONFIG = Config(
    connect_timeout=CONNECT_SECONDS,
    read_timeout=ANSWER_SECONDS,
    retries={"total_max_attempts": 1},
    # Without it the S3 client of us-east-1 calls the global name.
    s3={"us_east_1_regional_endpoint": "regional"},
)


@dataclass(frozen=True, slots=True)
class Call:
    """A harmless call of one service, and what of its answer is worth keeping."""

    service: str
    operation: Callable[[Any], dict[str, Any]]
    evidence: Callable[[dict[str, Any]], dict[str, Any]]


CALLS = {
    "sts": Call("sts", lambda client: client.get_caller_identity(), lambda found: {"arn": found["Arn"]}),
    "s3": Call("s3", lambda client: client.list_buckets(), lambda found: {"buckets": len(found["Buckets"])}),
    "secretsmanager": Call(
        "secretsmanager",
        lambda client: client.list_secrets(MaxResults=1),
        lambda found: {"secrets": len(found["SecretList"])},
    ),
    "logs_api": Call(
        "logs",
        lambda client: client.describe_log_groups(limit=1),
        lambda found: {"log_groups": len(found["logGroups"])},
    ),
}


@cache
def session() -> Any:  # noqa: ANN401 - boto3 has no types
    """Return the one session: its clients share what they read from disk."""
    return boto3.session.Session()


@cache
def client(service: str) -> Any:  # noqa: ANN401 - boto3 has no types
    """Make a client once; making one touches no network. Not to be called from several threads at a time."""
    return session().client(service, config=CONFIG)


def probe(attempt: Attempt, arguments: Arguments) -> Outcome:
    """Make the harmless call named by ``call``, a key of :data:`CALLS`."""
    call = CALLS[arguments["call"]]
    service = client(call.service)
    url = urlsplit(service.meta.endpoint_url)
    with connect(attempt, str(url.hostname), url.port or HTTPS) as connection:
        if url.scheme == "https":
            secure(attempt, connection, str(url.hostname)).close()
    attempt.stage = Stage.API
    try:
        found = call.operation(service)
    except (ConnectTimeoutError, ReadTimeoutError) as failure:
        raise TimeoutError(str(failure)) from failure
    except ClientError as failure:
        code = failure.response.get("Error", {}).get("Code", "")
        status = failure.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        attempt.evidence |= {"error_code": code, "http_status": status}
        if status == FORBIDDEN or code.startswith("AccessDenied"):
            raise DeniedByServiceError(str(failure)) from failure
        raise
    finally:
        # A connection kept alive would carry the next invocation's call along a way that may be gone by then.
        service.close()
    attempt.evidence |= {
        "request_id": found.get("ResponseMetadata", {}).get("RequestId"),
        **call.evidence(found),
    }
    return Outcome.CONNECTED
