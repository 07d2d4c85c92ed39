"""What an HTTP request asks for: which service, which action, with which parameters, by whom."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from io import BytesIO
from typing import Any, Self
from urllib.parse import parse_qsl

from vpclab.localcloud.control_plane.api_error import ApiError

_SCOPE = re.compile(r"Credential=([^/,]+)/\d{8}/([^/,]+)/([^/,]+)/aws4_request")
_LEGACY = re.compile(r"AWS ([^:\s]+):\S+")
_ACCOUNT = re.compile(r"[0-9]{12}")
_AWS_HOST = re.compile(r"(?:(.+)\.)?([a-z0-9-]+)\.([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com(?::\d+)?$")
_GLOBAL_HOST = re.compile(r"(?:(.+)\.)?([a-z0-9-]+)\.amazonaws\.com(?::\d+)?$")
_TARGET_SERVICES = {"Logs_20140328": "logs", "secretsmanager": "secretsmanager", "TrentService": "kms"}
_VERSION_SERVICES = {"2016-11-15": "ec2", "2014-10-31": "rds", "2010-05-08": "iam", "2011-06-15": "sts"}
_PROTOCOLS = {
    "ec2": "ec2",
    "elasticache": "query",
    "elasticloadbalancing": "query",
    "iam": "query",
    "rds": "query",
    "s3": "rest-xml",
    "sns": "query",
    "sts": "query",
}
_OF_TWO_PROTOCOLS = frozenset({"monitoring", "sqs"})
"""Services that spoke the query protocol before they spoke JSON, and still do."""

_FORM = "application/x-www-form-urlencoded"
_READING = ("Describe", "Get", "List", "Search", "Lookup", "Head", "Filter", "Test", "Simulate", "Validate")
_LAMBDA_PATH = re.compile(r"/20\d\d-\d\d-\d\d/")


@dataclass(frozen=True)
class ApiRequest:
    """One call of an AWS API. ``service`` is the name that its signature is scoped to (``lambda``, ``rds``)."""

    service: str
    region: str | None
    access_key_id: str
    method: str
    path: str
    query: str
    body: bytes = field(repr=False)
    environ: dict[str, Any] = field(repr=False)

    @classmethod
    def read(cls, environ: dict[str, Any]) -> Self:
        """Take the request out of a WSGI environ, whose body stays readable for the next reader."""
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        query = environ.get("QUERY_STRING", "")
        path = environ.get("PATH_INFO", "/")
        found = _scope(environ, query) or _unsigned(environ, path, body)
        access_key_id, region, service = found
        return cls(service, region, access_key_id, environ["REQUEST_METHOD"], path, query, body, environ)

    def with_body(self, body: bytes) -> Self:
        """Return the same request with another body, for whoever reads the environ next as well."""
        self.environ["wsgi.input"] = BytesIO(body)
        self.environ["CONTENT_LENGTH"] = str(len(body))
        return replace(self, body=body)

    @property
    def protocol(self) -> str:
        """Botocore's name for the wire protocol: told by service and headers, never by what the body holds."""
        if self.service in _PROTOCOLS:
            return _PROTOCOLS[self.service]
        is_form = self.environ.get("CONTENT_TYPE", "").startswith(_FORM)
        return "query" if self.service in _OF_TWO_PROTOCOLS and is_form else "json"

    @cached_property
    def parameters(self) -> Mapping[str, str]:
        """The flat parameters of a query-protocol request (``Filter.1.Name``); empty for others."""
        return dict(self._pairs)

    @cached_property
    def _pairs(self) -> list[tuple[str, str]]:
        if self.protocol not in ("ec2", "query"):
            return []
        pairs = parse_qsl(self.query, keep_blank_values=True)
        return pairs + parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)

    @cached_property
    def document(self) -> Mapping[str, Any]:
        """The JSON object in the body; empty when there is none."""
        found = self._parsed_body
        return found if isinstance(found, dict) else {}

    def check_document(self) -> None:
        """Refuse a body that cannot be read, or not in one way only, in AWS's words ("Common errors" of each API).

        Raises:
            ApiError: it is no JSON object where one is due, or has a parameter twice.
        """
        own = [name for name, _ in self._pairs if name[:1].isupper()]  # as every parameter of AWS's begins
        if len(own) != len(set(own)):
            raise ApiError("MalformedQueryString", "The query string contains a parameter more than once.")
        if self.environ.get("CONTENT_TYPE", "").startswith("application/x-amz-json"):
            if not isinstance(self._parsed_body, dict):
                raise ApiError("SerializationException", "The body of the request is no JSON object.")
        elif self.service == "lambda" and self.body and not isinstance(self._parsed_body, dict):
            raise ApiError(
                "InvalidRequestContentException",
                "Could not parse request body into json: it is no object in JSON.",
            )

    @cached_property
    def _parsed_body(self) -> object:
        """What the body says in JSON; None where it says nothing."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @cached_property
    def action(self) -> str:
        """The operation's name where the wire says it; empty for REST services, whose router knows it."""
        if self.protocol in ("ec2", "query"):
            return self.parameters.get("Action", "")
        target: str = self.environ.get("HTTP_X_AMZ_TARGET", "")
        return target.rpartition(".")[2]

    @property
    def account(self) -> str | None:
        """The account that a 12-digit access key id stands for (LocalStack's convention), else None."""
        return self.access_key_id if _ACCOUNT.fullmatch(self.access_key_id) else None


def is_reading(action: str) -> bool:
    """Whether an operation's name says that it changes nothing."""
    return action.startswith(_READING)


def _scope(environ: Mapping[str, Any], query: str) -> tuple[str, str | None, str] | None:
    authorization = environ.get("HTTP_AUTHORIZATION", "")
    found = _SCOPE.search(authorization)
    if found is None and "X-Amz-Credential" in query:
        credential = dict(parse_qsl(query)).get("X-Amz-Credential", "")
        found = _SCOPE.search(f"Credential={credential}")
    return _legacy(environ, query) if found is None else (found[1], found[2], found[3].lower())


def _legacy(environ: Mapping[str, Any], query: str) -> tuple[str, str | None, str] | None:
    """The key of a request signed with Signature Version 2, which only S3 still knows, at its own names."""
    header = _LEGACY.fullmatch(environ.get("HTTP_AUTHORIZATION", ""))
    key = dict(parse_qsl(query)).get("AWSAccessKeyId") if "AWSAccessKeyId=" in query else None
    if header is None and key is None:
        return None
    host = environ.get("HTTP_HOST", "")
    regional, unregional = _AWS_HOST.search(host), _GLOBAL_HOST.search(host)
    named = regional or unregional
    if named is not None and named[2] != "s3":
        return None
    return header[1] if header else str(key), regional[3] if regional else None, "s3"


def _unsigned(environ: Mapping[str, Any], path: str, body: bytes) -> tuple[str, str | None, str]:
    host = environ.get("HTTP_HOST", "")
    if regional := _AWS_HOST.search(host):
        return "", regional[3], regional[2]
    if unregional := _GLOBAL_HOST.search(host):
        return "", None, unregional[2]
    target = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")[0]
    if target:
        return "", None, _TARGET_SERVICES.get(target, target)
    if b"Action=" in body:
        version = dict(parse_qsl(body.decode("utf-8", "replace"))).get("Version", "")
        return "", None, _VERSION_SERVICES.get(version, "ec2")
    return "", None, "lambda" if _LAMBDA_PATH.match(path) else "s3"
