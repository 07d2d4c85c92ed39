import http.client
import json
import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field

import pytest

from tests.deadline import eventually
from vpclab.localcloud.lambda_runtime import runtime_api
from vpclab.localcloud.lambda_runtime.http_connection import LARGEST_BODY, HttpConnection
from vpclab.localcloud.lambda_runtime.metadata import Metadata
from vpclab.localcloud.lambda_runtime.runtime_api import Answer, Delivery, RuntimeApi

DELIVERY = Delivery("id-1", b'{"a": 1}', 1234, "arn:aws:lambda:us-east-1:123456789012:function:f", "Root=1")
PREFIX = "/2018-06-01/runtime/"


@dataclass
class Client:
    """A runtime client whose request is under way in a thread."""

    address: tuple[str, int]
    outcome: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)

    def start(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        def ask() -> None:
            with closing(http.client.HTTPConnection(*self.address, timeout=10)) as connection:
                connection.request(method, path if path.startswith("/") else PREFIX + path, body, headers or {})
                with suppress(ConnectionError, http.client.RemoteDisconnected):  # the test ended before its answer
                    response = connection.getresponse()
                    self.outcome.append((response.status, dict(response.headers), response.read()))

        threading.Thread(target=ask, daemon=True).start()


@dataclass
class Service:
    """The API with the loop that an environment runs for it."""

    api: RuntimeApi
    selector: selectors.BaseSelector
    address: tuple[str, int]

    def serve(self) -> bool:
        for key, events in self.selector.select(0):
            key.data(events)
        return True

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str], bytes]:
        client = Client(self.address)
        client.start(method, path, body, headers)
        eventually(lambda: self.serve() and client.outcome, 10, f"{method} {path} is answered")
        return client.outcome[0]

    def wait_for_next(self) -> Client:
        client = Client(self.address)
        client.start("GET", "invocation/next")
        eventually(lambda: self.serve() and self.api.is_waiting, 10, "the client waits")
        return client

    def deliver(self) -> Client:
        client = self.wait_for_next()
        self.api.deliver(DELIVERY)
        eventually(lambda: client.outcome, 10, "the client has the invocation")
        return client


@pytest.fixture
def service() -> Iterator[Service]:
    with socket.create_server(("127.0.0.1", 0)) as listening, selectors.DefaultSelector() as selector:
        api = RuntimeApi(listening, selector, Metadata("use1-az4", "secret"))
        yield Service(api, selector, listening.getsockname())
        api.close()


def test_client_can_get_the_next_invocation(service: Service) -> None:
    """The event, with id, deadline, invoked ARN and trace id as headers."""
    status, headers, body = service.deliver().outcome[0]
    assert (status, body) == (200, b'{"a": 1}')
    assert {name: value for name, value in headers.items() if name.startswith("Lambda-Runtime")} == {
        "Lambda-Runtime-Aws-Request-Id": "id-1",
        "Lambda-Runtime-Deadline-Ms": "1234",
        "Lambda-Runtime-Invoked-Function-Arn": DELIVERY.invoked_arn,
        "Lambda-Runtime-Trace-Id": "Root=1",
    }


@pytest.mark.parametrize(
    ("read", "is_unread"),
    [("nothing", True), ("a part", True), ("everything", False), ("gone before", True)],
)
def test_event_cannot_be_taken_for_read_when_it_was_not(service: Service, read: str, is_unread: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """How the connection was closed tells whether the runtime had read the event when it ended."""
    client = socket.create_connection(service.address)
    client.sendall(f"GET {PREFIX}invocation/next HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    eventually(lambda: service.serve() and service.api.is_waiting, 10, "the client waits")
    if read == "gone before":
        client.close()
    service.api.deliver(DELIVERY)
    if read != "gone before":
        received = b""
        while read == "everything" and not received.endswith(DELIVERY.payload):
            received += client.recv(4096)
        if read == "a part":
            client.recv(8)
        client.close()
    eventually(lambda: service.serve() and not service.api.is_delivering, 10, "the connection is closed")
    assert service.api.was_not_read is is_unread


def test_zone_cannot_be_told_without_the_token(service: Service) -> None:
    """With the token as a bearer token; without it, or with another one, it is unauthorised."""
    path = "/2026-01-15/metadata/execution-environment"
    status, _, body = service.ask("GET", path, authorization="Bearer secret")
    assert (status, json.loads(body)) == (200, {"AvailabilityZoneID": "use1-az4"})
    assert service.ask("GET", path)[0] == 401
    assert service.ask("GET", path, authorization="Bearer other")[0] == 401


def test_client_can_post_a_response_once(service: Service) -> None:
    """202; a second answer to the same invocation is refused."""
    service.deliver()
    assert service.ask("POST", "invocation/id-1/response", b'"done"')[0] == 202
    assert service.api.answer == Answer(b'"done"')
    assert service.ask("POST", "invocation/id-1/response", b'"again"')[0] == 400
    assert service.api.answer == Answer(b'"done"')


def test_client_can_post_an_error(service: Service) -> None:
    """202, with the error's type from its header."""
    service.deliver()
    headers = {"Lambda-Runtime-Function-Error-Type": "Runtime.Odd"}
    assert service.ask("POST", "invocation/id-1/error", b"{}", **headers)[0] == 202
    assert service.api.answer == Answer(b"{}", "Runtime.Odd")


def test_client_cannot_answer_what_it_was_not_given(service: Service) -> None:
    """InvalidRequestID."""
    service.deliver()
    status, _, body = service.ask("POST", "invocation/id-2/response", b"1")
    assert (status, json.loads(body)["errorType"]) == (400, "InvalidRequestID")
    assert service.api.answer is None


def test_client_can_post_an_initialisation_error_before_its_first_invocation_alone(service: Service) -> None:
    """Afterwards the state does not allow it."""
    assert service.ask("POST", "init/error", b'{"errorType": "E"}')[0] == 202
    assert service.api.init_error == Answer(b'{"errorType": "E"}', "Runtime.Unknown")
    service.wait_for_next()
    assert service.ask("POST", "init/error", b"{}")[0] == 403


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "nothing"), ("POST", "invocation/next"), ("GET", "invocation/id-1/response")]
)
def test_client_cannot_call_what_there_is_not(service: Service, method: str, path: str) -> None:
    """404 for unknown resources and methods."""
    assert service.ask(method, path)[0] == 404


def test_service_cannot_deliver_to_a_client_that_has_gone(service: Service) -> None:
    """A client that closed its connection does not wait any longer."""
    with socket.create_connection(service.address) as client:
        client.sendall(f"GET {PREFIX}invocation/next HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        eventually(lambda: service.serve() and service.api.is_waiting, 10, "the client waits")
    eventually(lambda: service.serve() and not service.api.is_waiting, 10, "the client has gone")
    with pytest.raises(ValueError, match="no runtime client"):
        service.api.deliver(DELIVERY)


def test_function_cannot_open_connections_without_bound(service: Service) -> None:
    """Those beyond the bound are closed at once; the others go on."""
    opened = [socket.create_connection(service.address) for _ in range(80)]
    eventually(lambda: service.serve() and len(service.selector.get_map()) == 65, 10, "the bound is reached")
    for _ in range(100):
        service.serve()
    assert len(service.selector.get_map()) == 65
    for connection in opened:
        connection.close()
    eventually(lambda: service.serve() and len(service.selector.get_map()) == 1, 10, "all are closed")
    service.wait_for_next()


def test_function_cannot_have_answers_pile_up(service: Service) -> None:
    """Who asks on and on and reads no answer is not listened to any more; others are."""
    client = socket.create_connection(service.address)
    client.setblocking(False)
    pending = b""
    asked = refused = 0
    while refused < 50:  # rounds in which neither side moved
        pending = pending or b"GET /2018-06-01/runtime/nothing HTTP/1.1\r\n\r\n" * 1000
        try:
            sent = client.send(pending)
        except BlockingIOError:
            sent = 0
        pending = pending[sent:]
        asked += sent
        refused = 0 if sent else refused + 1
        service.serve()
        assert asked < 50_000_000, "the service took whatever it was sent"
    service.wait_for_next()
    client.close()


def test_function_cannot_have_half_sent_responses_pile_up(service: Service) -> None:
    """Many connections, each with an answer that lacks its last byte, take no more memory than a few would."""
    body = bytes(LARGEST_BODY - 1)
    head = f"POST {PREFIX}invocation/id-1/response HTTP/1.1\r\nContent-Length: {len(body) + 1}\r\n\r\n"
    clients = [socket.create_connection(service.address) for _ in range(16)]
    senders = [threading.Thread(target=send, args=(one, head.encode() + body), daemon=True) for one in clients]
    for sender in senders:
        sender.start()

    def is_over() -> bool:
        service.serve()
        return not any(one.is_alive() for one in senders) and not service.selector.select(0)

    eventually(is_over, 30, "all is read or refused")
    kept = [key.fileobj for key in service.selector.get_map().values()]
    assert sum(one.held for one in kept if isinstance(one, HttpConnection)) <= runtime_api.MOST_HELD
    honest = service.wait_for_next()
    service.api.deliver(DELIVERY)
    eventually(lambda: service.serve() and honest.outcome, 10, "the runtime client is served")
    for one in clients:
        one.close()


def send(client: socket.socket, text: bytes) -> None:
    with suppress(OSError):
        client.sendall(text)
