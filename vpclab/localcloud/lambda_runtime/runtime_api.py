"""The Lambda Runtime API, version 2018-06-01, and the metadata endpoint, both on 169.254.100.1:9001.

"Lambda runtime API for custom runtimes": GET invocation/next, POST invocation/<id>/response and /error, POST
init/error. There is no thread here: whoever waits for the environment serves it, by ``register`` on a selector.
"""

import json
import selectors
import socket
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from vpclab.localcloud.lambda_runtime import metadata
from vpclab.localcloud.lambda_runtime.http_connection import (
    LARGEST_BODY,
    HttpConnection,
    ProtocolError,
    Request,
)
from vpclab.localcloud.lambda_runtime.invocation import ListeningSocket
from vpclab.localcloud.lambda_runtime.metadata import Metadata

_PREFIX = "/2018-06-01/runtime/"
_MOST_CONNECTIONS = 64
MOST_HELD = 4 * LARGEST_BODY
"""Bytes that all connections of an environment may have kept for them, in the service's memory: the event, the
answer, and as much again. A runtime client has one connection; who needs more is not one.
"""
_ERROR_TYPE = "lambda-runtime-function-error-type"

Handler = Callable[[int], None]
"""What a selector's key carries: called with the events that are ready."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An invocation as the runtime client receives it; ``deadline_ms`` since the epoch."""

    request_id: str
    payload: bytes
    deadline_ms: int
    invoked_arn: str
    trace_id: str
    client_context: str | None = None

    def headers(self) -> dict[str, str]:
        """The headers of the answer to invocation/next."""
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": self.request_id,
            "Lambda-Runtime-Deadline-Ms": str(self.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": self.invoked_arn,
            "Lambda-Runtime-Trace-Id": self.trace_id,
        }
        if self.client_context is not None:
            headers["Lambda-Runtime-Client-Context"] = self.client_context
        return headers


@dataclass(frozen=True, slots=True)
class Answer:
    """What the runtime client posted: the function's response, or an error with its type."""

    payload: bytes
    error_type: str | None = None


class RuntimeApi:
    """The Runtime API of one environment.

    ``is_waiting``: the runtime client has asked for the next invocation. ``answer``: the response or error of the
    invocation that was delivered, ``init_error``: the error of an initialisation that failed; None until posted.
    """

    def __init__(self, listening: ListeningSocket, selector: selectors.BaseSelector, own: Metadata) -> None:
        self._listening = socket.fromfd(listening.fileno(), socket.AF_INET, socket.SOCK_STREAM)
        self._listening.setblocking(False)
        self._selector = selector
        self._metadata = own
        self._selector.register(self._listening, selectors.EVENT_READ, self._accept)
        self._connections: set[HttpConnection] = set()
        self._waiting: HttpConnection | None = None
        self._delivered: str | None = None
        self._has_initialised = False
        self._delivering: HttpConnection | None = None
        self.was_not_read = False
        """Whether the runtime client closed the connection with (a part of) the invocation unread."""
        self.answer: Answer | None = None
        self.init_error: Answer | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether an invocation can be delivered now."""
        return self._waiting is not None

    @property
    def is_delivering(self) -> bool:
        """Whether the connection that the last invocation was delivered on is still open."""
        return self._delivering is not None

    def deliver(self, delivery: Delivery) -> None:
        """Answer the waiting invocation/next."""
        if self._waiting is None:
            raise ValueError("no runtime client waits for an invocation")
        connection, self._waiting = self._waiting, None
        self._delivering, self.was_not_read = connection, False
        self.answer, self._delivered = None, delivery.request_id
        connection.respond(HTTPStatus.OK, delivery.headers(), delivery.payload)
        self._watch(connection)

    def reset(self) -> None:
        """Forget the runtime client: another one is about to be started."""
        for connection in list(self._connections):
            self._drop(connection)
        self._waiting = self._delivered = self.answer = self.init_error = None
        self._has_initialised = False

    def close(self) -> None:
        """Stop listening and close every connection."""
        self.reset()
        self._selector.unregister(self._listening)
        self._listening.close()

    def _accept(self, _events: int) -> None:
        try:
            accepted, _ = self._listening.accept()
        except OSError:  # gone again
            return
        if len(self._connections) >= _MOST_CONNECTIONS:
            accepted.close()
            return
        connection = HttpConnection(accepted)
        self._connections.add(connection)
        self._selector.register(connection, selectors.EVENT_READ, lambda events: self._serve(connection, events))

    def _serve(self, connection: HttpConnection, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            connection.flush()
        if events & selectors.EVENT_READ:
            try:
                requests = connection.receive()
            except ProtocolError:
                requests = None
            if requests is None:
                self._drop(connection)
                return
            for request in requests:
                self._route(connection, request)
            if sum(one.held for one in self._connections) > MOST_HELD:
                self._drop(connection)
                return
        self._watch(connection)

    def _watch(self, connection: HttpConnection) -> None:
        writing = selectors.EVENT_WRITE if connection.wants_to_write else 0
        events = writing | (selectors.EVENT_READ if connection.wants_to_read else 0)
        key = self._selector.get_key(connection)
        if key.events != events:
            self._selector.modify(connection, events, key.data)

    def _drop(self, connection: HttpConnection) -> None:
        self._selector.unregister(connection)
        self._connections.discard(connection)
        if self._waiting is connection:
            self._waiting = None
        if self._delivering is connection:
            self._delivering, self.was_not_read = None, connection.was_reset
        connection.close()

    def _route(self, connection: HttpConnection, request: Request) -> None:
        path = request.path.removeprefix(f"http://{request.headers.get('host', '')}")
        parts = path.removeprefix(_PREFIX).split("/") if path.startswith(_PREFIX) else []
        match request.method, parts:
            case "GET", ["invocation", "next"]:
                self._has_initialised = True
                self._waiting = connection
            case "POST", ["invocation", request_id, "response" | "error" as kind]:
                self._take_answer(connection, request, request_id, is_error=kind == "error")
            case "POST", ["init", "error"] if not self._has_initialised:
                self.init_error = Answer(request.body, request.headers.get(_ERROR_TYPE, "Runtime.Unknown"))
                _acknowledge(connection)
            case "POST", ["init", "error"]:
                _refuse(connection, HTTPStatus.FORBIDDEN, "InvalidStateTransition", "The initialisation is over")
            case "GET", [] if path == metadata.PATH:
                status, body = self._metadata.answer(request.headers.get("authorization", ""))
                connection.respond(status, {"Content-Type": "application/json"}, body)
            case _:
                _refuse(connection, HTTPStatus.NOT_FOUND, "InvalidResource", f"There is no {request.path[:200]}")

    def _take_answer(
        self, connection: HttpConnection, request: Request, request_id: str, *, is_error: bool
    ) -> None:
        if request_id != self._delivered:
            _refuse(connection, HTTPStatus.BAD_REQUEST, "InvalidRequestID", "Invalid request ID")
            return
        self._delivered = None
        if request.size > LARGEST_BODY:
            kind = "Function.ResponseSizeTooLarge"
            text = f"Response payload size exceeded maximum allowed payload size ({LARGEST_BODY} bytes)."
            body = json.dumps({"errorMessage": text, "errorType": kind}).encode()
            self.answer = Answer(body, kind)
            connection.respond(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"Content-Type": "application/json"}, body)
            return
        self.answer = Answer(request.body, request.headers.get(_ERROR_TYPE, "Unhandled") if is_error else None)
        _acknowledge(connection)


def _acknowledge(connection: HttpConnection) -> None:
    connection.respond(HTTPStatus.ACCEPTED, {"Content-Type": "application/json"}, b'{"status":"OK"}')


def _refuse(connection: HttpConnection, status: HTTPStatus, kind: str, text: str) -> None:
    body = json.dumps({"errorMessage": text, "errorType": kind}).encode()
    connection.respond(status, {"Content-Type": "application/json"}, body)
