"""AWS's public APIs and VPC endpoints as far ends: TLS under their real names in front of the control plane.

A listener serves what AWS serves there: the public addresses every name, an endpoint only its own service in its
own Region. Elsewhere the handshake is refused; a request whose ``Host`` or signature is for another service than
the one that was connected to gets AWS's 4xx, so that no endpoint is a way to a service that it is not for.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from vpclab.localcloud.far_ends.aws_host import S3, AwsHost, aws_host
from vpclab.localcloud.far_ends.private_names import canonical_host, serves
from vpclab.localcloud.request_source import ENVIRON_KEY, SIGNED_HOST_KEY, RequestSource

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

Serves = Callable[[AwsHost], bool]

_CREDENTIAL = re.compile(r"Credential=([^,\s]+)")
_OWN_PATHS = "/_vpclab/"  # the local cloud's own endpoints are for the host, not for functions
_SCOPE_PARTS = 5  # key / date / region / service / aws4_request


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer in place of the service's: an HTTP status line, an AWS error code and its text."""

    status: str
    code: str
    message: str


def any_host(host: AwsHost) -> bool:
    """What the public addresses serve: everything."""
    del host
    return True


def endpoint_host(service_name: str) -> Serves:
    """Return what an endpoint for a service serves."""
    return lambda host: serves(service_name, host)


def host_of(name: str) -> AwsHost | None:
    """Return what a name serves, be it public or specific to an endpoint."""
    return aws_host(name) or canonical_host(name)


def certificate_names(name: str, serving: Serves) -> tuple[str, ...] | None:
    """Return the names on the certificate for an AWS name; None: not served here."""
    host = host_of(name)
    if host is None or not serving(host):
        return None
    if host.name == name or name.endswith(f".{host.name}"):
        return host.certificate_names()
    own = name.removeprefix(f"{host.bucket}.") if host.bucket else name
    return (own, f"*.{own}") if host.service == S3 else (own,)


def refusal(environ: Mapping[str, object], serving: Serves, what: str) -> Refusal | None:
    """Judge one request by its ``Host`` and the scope of its signature; None: it may pass.

    ``what`` names the far end, for the error's text. The signature itself is the control plane's to check.
    """
    name = _host_name(environ)
    host = host_of(name)
    if str(environ.get("PATH_INFO", "")).startswith(_OWN_PATHS):
        return Refusal("404 Not Found", "UnknownOperationException", "AWS has no such path.")
    if host is None or not serving(host):
        return Refusal(
            "400 Bad Request", "InvalidHostHeader", f"The host {name or '(none)'} is not served here: {what}."
        )
    for region, service in credential_scopes(environ):
        if service != host.signing_name:
            return _scoped(f"correct service: '{host.signing_name}'")
        if host.region is not None and region != host.region:
            return _scoped(f"a valid region: '{host.region}'")
    return None


def _host_name(environ: Mapping[str, object]) -> str:
    return str(environ.get("HTTP_HOST", "")).partition(":")[0].lower().rstrip(".")


def _scoped(to: str) -> Refusal:
    return Refusal("403 Forbidden", "SignatureDoesNotMatch", f"Credential should be scoped to {to}.")


def credential_scopes(environ: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return Region and service of each SigV4 credential in header and query; none for an unsigned request.

    All of them, so that nobody can show one to this judgement and another to whoever reads the request next.
    """
    found = _CREDENTIAL.findall(str(environ.get("HTTP_AUTHORIZATION", "")))
    found += parse_qs(str(environ.get("QUERY_STRING", ""))).get("X-Amz-Credential", [])
    parts = [credential.rsplit("/", _SCOPE_PARTS - 1) for credential in found]
    return [(one[2], one[3]) for one in parts if len(one) == _SCOPE_PARTS]


class AwsApi:
    """A WSGI application in front of the control plane's, for one listener.

    ``vpc_id`` and ``endpoint_id`` are the VPC endpoint's that the listener belongs to, None for public addresses.
    """

    def __init__(
        self,
        application: "WSGIApplication",
        serving: Serves,
        what: str,
        *,
        vpc_id: str | None = None,
        endpoint_id: str | None = None,
    ) -> None:
        self._application = application
        self._serving = serving
        self._what = what
        self._vpc_id = vpc_id
        self._endpoint_id = endpoint_id

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Refuse, or note the request's source and pass it on."""
        refused = refusal(environ, self._serving, self._what)
        if refused is not None:
            return _answer(refused, environ, start_response)
        environ[ENVIRON_KEY] = RequestSource(environ["REMOTE_ADDR"], self._vpc_id, self._endpoint_id)
        host = host_of(_host_name(environ))
        if host is not None:
            environ[SIGNED_HOST_KEY] = environ.get("HTTP_HOST", "")  # signatures are over the name that was called
            environ["HTTP_HOST"] = host.canonical_name  # the control plane tells services apart by plain names
        return self._application(environ, start_response)

    def certificate_names(self, name: str) -> tuple[str, ...] | None:
        """Return the names on this listener's certificate for a requested one; None: refuse."""
        return certificate_names(name, self._serving)


def _answer(refused: Refusal, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """The refusal in the protocol of the request: JSON where it speaks JSON, XML else."""
    if "json" in environ.get("CONTENT_TYPE", "") or "HTTP_X_AMZ_TARGET" in environ:
        body = json.dumps({"__type": refused.code, "message": refused.message}).encode()
        kind = "application/x-amz-json-1.1"
    else:
        error = f"<Code>{escape(refused.code)}</Code><Message>{escape(refused.message)}</Message>"
        request = environ.get("HTTP_HOST", "")
        text = f"<Error><Type>Sender</Type>{error}</Error>"
        if f".{S3}." not in f".{request}":
            text = f"<ErrorResponse>{text}</ErrorResponse>"
        body = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()
        kind = "text/xml"
    headers = [("Content-Type", kind), ("x-amzn-ErrorType", refused.code), ("Content-Length", str(len(body)))]
    start_response(refused.status, headers)
    return [body]
