"""Can it reach an AWS API under its real name, and does the service let it in?

DNS, TCP and TLS are tried first by themselves, because boto3 reports very different failures of these with the
same exception.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from .attempt import Arguments, Attempt
from .connection import ANSWER_SECONDS, CONNECT_SECONDS, connect, secure
from .outcome import DeniedByServiceError, Outcome, Stage

HTTPS = 443
FORBIDDEN = 403
DENIALS = ("AccessDenied", "UnauthorizedOperation", "AuthorizationError")
"""How the codes of a denial begin, whatever status a service gives it."""

WOULD_HAVE_SUCCEEDED = "DryRunOperation"

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
    "identity": Call(
        "sts",
        lambda client: client.get_caller_identity(),
        lambda found: {"arn": found["Arn"], "account": found["Account"], "user_id": found["UserId"]},
    ),
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


_making = threading.Lock()
"""boto3 makes clients for one thread at a time."""


def client(service: str, seconds: float = ANSWER_SECONDS) -> Any:  # noqa: ANN401 - boto3 has no types
    """Make a client once, that waits ``seconds`` for an answer; making one touches no network."""
    with _making:
        return made_client(service, seconds)


@cache
def made_client(service: str, seconds: float) -> Any:  # noqa: ANN401 - boto3 has no types
    """Make a client, where :func:`client` made none before."""
    return session().client(service, config=CONFIG.merge(Config(read_timeout=seconds)))


def probe(attempt: Attempt, arguments: Arguments) -> Outcome:
    """Make the harmless call named by ``call``, a key of :data:`CALLS`."""
    made = CALLS[arguments["call"]]
    service = client(made.service)
    _reach(attempt, service)
    found = _answered(attempt, service, lambda: made.operation(service))
    attempt.evidence |= made.evidence(found)
    return Outcome.CONNECTED


def probe_call(attempt: Attempt, arguments: Arguments) -> Outcome:
    """Make any call: ``operation`` of ``service``, both by boto3's names, with ``parameters``.

    ``timeout_seconds`` is how long the service may take to answer. The evidence has the answer as JSON, or the
    error's code and message. An error that is no denial is no outcome: the service was reached, and wanted
    something else. EC2's DryRunOperation means that the call was allowed.
    """
    seconds = float(arguments.get("timeout_seconds", ANSWER_SECONDS))
    parameters = arguments.get("parameters") or {}
    return call(attempt, str(arguments["service"]), str(arguments["operation"]), parameters, seconds)


def call(
    attempt: Attempt,
    service_name: str,
    operation: str,
    parameters: Arguments,
    seconds: float = ANSWER_SECONDS,
) -> Outcome:
    """Make a call; see :func:`probe_call`."""
    service = client(service_name, seconds)
    method = getattr(service, xform_name(operation))
    _reach(attempt, service)
    try:
        found = _answered(attempt, service, lambda: method(**parameters))
    except ClientError as failure:
        if failure.response["Error"]["Code"] != WOULD_HAVE_SUCCEEDED:
            raise
        return Outcome.CONNECTED
    attempt.evidence["answer"] = _as_json(found)
    return Outcome.CONNECTED


def _reach(attempt: Attempt, service: Any) -> None:  # noqa: ANN401 - boto3 has no types
    """Try DNS, TCP and TLS by themselves."""
    url = urlsplit(service.meta.endpoint_url)
    with connect(attempt, str(url.hostname), url.port or HTTPS) as connection:
        if url.scheme == "https":
            secure(attempt, connection, str(url.hostname)).close()


def _answered(attempt: Attempt, service: Any, ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:  # noqa: ANN401
    attempt.stage = Stage.API
    try:
        found = ask()
    except (ConnectTimeoutError, ReadTimeoutError) as failure:
        raise TimeoutError(str(failure)) from failure
    except ClientError as failure:
        error, metadata = failure.response.get("Error", {}), failure.response.get("ResponseMetadata", {})
        code, status = error.get("Code", ""), metadata.get("HTTPStatusCode")
        attempt.evidence |= {"error_code": code, "error_message": error.get("Message"), "http_status": status}
        if status == FORBIDDEN or code.startswith(DENIALS):
            raise DeniedByServiceError(str(failure)) from failure
        raise
    finally:
        # A connection kept alive would carry the next invocation's call along a way that may be gone by then.
        service.close()
    metadata = found.get("ResponseMetadata", {})
    attempt.evidence |= {"request_id": metadata.get("RequestId"), "http_status": metadata.get("HTTPStatusCode")}
    return found


def _as_json(found: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """Return an answer in which dates and bytes are text, and streams are left alone."""
    said = {name: value for name, value in found.items() if name != "ResponseMetadata"}
    return json.loads(
        json.dumps(
            said, default=lambda one: one.decode("utf-8", "replace") if isinstance(one, bytes) else str(one)
        )
    )
