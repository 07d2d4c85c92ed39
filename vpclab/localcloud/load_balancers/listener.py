"""What a listener does with a request: it answers by itself, or asks a target and hands back its answer."""

import http.client
import itertools
import logging
import random
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from vpclab.localcloud.load_balancers.exchange import Answered, Asked, exchange
from vpclab.localcloud.load_balancers.function_target import LARGEST, answer_of, event_of
from vpclab.localcloud.load_balancers.node import Node
from vpclab.network.model import FixedResponse, Forward, Listener, Target, TargetGroup, TargetType

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

_LOG = logging.getLogger(__name__)

SERVER = ("Server", "awselb/2.0")
_HOP_BY_HOP = frozenset(
    [
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ]
)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a listener may choose from now: its own row, the target groups, and who is healthy."""

    listener: Listener | None
    groups: Mapping[str, TargetGroup]
    is_healthy: Callable[[tuple[str, str]], bool]


class ListenerApplication:
    """The WSGI application of one listener on one node. ``choice`` says how things are at each request.

    ``invoke`` runs a function that is a target, by the target group's ARN and its own; None: it could not.
    """

    def __init__(
        self, node: Node, choice: Callable[[], Choice], invoke: Callable[[str, str, bytes], bytes | None]
    ) -> None:
        self._node = node
        self._choice = choice
        self._invoke = invoke
        self._turn = itertools.count()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        answer = self._answer(environ)
        start_response(f"{answer.status} {answer.reason}", list(answer.headers))
        return [answer.body]

    def _answer(self, environ: "WSGIEnvironment") -> Answered:
        choice = self._choice()
        action = choice.listener.action if choice.listener is not None else None
        if isinstance(action, FixedResponse):
            body = action.message_body.encode()
            headers = (SERVER, ("Content-Type", action.content_type))
            return Answered(action.status_code, phrase(action.status_code), headers, body)
        if isinstance(action, Forward):
            return self._forward(action, choice, environ)
        return own_answer(HTTPStatus.SERVICE_UNAVAILABLE)

    def _forward(self, action: Forward, choice: Choice, environ: "WSGIEnvironment") -> Answered:
        group = choice.groups.get(_weighted(action))
        target = self._target(group, choice) if group is not None else None
        if group is None or target is None:
            return own_answer(HTTPStatus.SERVICE_UNAVAILABLE)
        if group.target_type is TargetType.LAMBDA:
            return self._ask_function(group, target, asked_of(environ))
        if target.address is None:
            return own_answer(HTTPStatus.SERVICE_UNAVAILABLE)
        try:
            answer = exchange(self._node, target.address, target.port or 80, group.protocol, asked_of(environ))
        except TimeoutError:
            return own_answer(HTTPStatus.GATEWAY_TIMEOUT)
        except (OSError, http.client.HTTPException) as error:
            _LOG.debug("target %s of %s: %s", target.id, group.name, error)
            return own_answer(HTTPStatus.BAD_GATEWAY)
        return replace(answer, headers=_end_to_end(answer))

    def _ask_function(self, group: TargetGroup, target: Target, asked: Asked) -> Answered:
        if len(asked.body) > LARGEST:
            return own_answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        payload = self._invoke(group.arn, target.id, event_of(asked, group.arn))
        answer = answer_of(payload) if payload is not None else None
        if answer is None:
            return own_answer(HTTPStatus.BAD_GATEWAY)
        return replace(answer, headers=_end_to_end(answer), reason=answer.reason or phrase(answer.status))

    def _target(self, group: TargetGroup, choice: Choice) -> Target | None:
        """The next target that is healthy; where none is, any: the load balancer fails open (guide)."""
        healthy = [one for one in group.targets if choice.is_healthy((group.arn, one.id))]
        able = healthy or [one for one in group.targets if one.address or group.target_type is TargetType.LAMBDA]
        return able[next(self._turn) % len(able)] if able else None


def _end_to_end(answer: Answered) -> tuple[tuple[str, str], ...]:
    """The headers that are for the client; its connection's length is told anew."""
    return tuple(
        (name, value)
        for name, value in answer.headers
        if name.lower() not in _HOP_BY_HOP and name.lower() != "content-length"
    )


def asked_of(environ: "WSGIEnvironment") -> Asked:
    """Return the request that a target gets: as it came, with the headers that load balancers add."""
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").title(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_") and name.removeprefix("HTTP_").replace("_", "-").lower() not in _HOP_BY_HOP
    }
    body = environ["wsgi.input"].read()
    if environ.get("CONTENT_TYPE"):
        headers["Content-Type"] = environ["CONTENT_TYPE"]
    if body:
        headers["Content-Length"] = str(len(body))
    before = headers.get("X-Forwarded-For")
    headers["X-Forwarded-For"] = f"{before}, {environ['REMOTE_ADDR']}" if before else str(environ["REMOTE_ADDR"])
    headers["X-Forwarded-Proto"] = "http"
    headers["X-Forwarded-Port"] = str(environ["SERVER_PORT"])
    headers.setdefault("X-Amzn-Trace-Id", f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]}")
    return Asked(environ["REQUEST_METHOD"], str(environ["RAW_URI"]), headers, body)


def own_answer(status: HTTPStatus) -> Answered:
    """Return the page that a load balancer shows when it has nobody else's."""
    title = f"{status.value} {phrase(status.value)}"
    page = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
        "</body>\r\n</html>\r\n"
    )
    return Answered(status.value, phrase(status.value), (SERVER, ("Content-Type", "text/html")), page.encode())


_PHRASES = {503: "Service Temporarily Unavailable", 504: "Gateway Time-out"}


def phrase(status: int) -> str:
    """Return the words beside a status code, a load balancer's where they differ from the standard's."""
    if status in _PHRASES:
        return _PHRASES[status]
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _weighted(action: Forward) -> str:
    arns = [arn for arn, _ in action.weights]
    weights = [weight for _, weight in action.weights]
    if not any(weights):
        return ""
    return random.choices(arns, weights)[0]  # noqa: S311 - no secret depends on it
