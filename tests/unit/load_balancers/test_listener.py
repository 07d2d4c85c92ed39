"""What listeners answer, without a network."""

import io
import json
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any

import pytest

from vpclab.localcloud.load_balancers import listener as listener_module
from vpclab.localcloud.load_balancers.exchange import Answered, Asked
from vpclab.localcloud.load_balancers.function_target import LARGEST, answer_of, event_of
from vpclab.localcloud.load_balancers.listener import Choice, ListenerApplication, asked_of
from vpclab.localcloud.load_balancers.node import Node
from vpclab.localcloud.namespace import NetworkNamespace
from vpclab.network.model import (
    FixedResponse,
    Forward,
    HealthCheck,
    Listener,
    Target,
    TargetGroup,
    TargetType,
)

NODE = Node(IPv4Address("10.0.0.1"), NetworkNamespace("none", -1))
CHECK = HealthCheck(
    enabled=True,
    protocol="HTTP",
    port=None,
    path="/",
    interval=30,
    timeout=5,
    healthy_threshold=5,
    unhealthy_threshold=2,
    matcher="200",
)
Exchange = Callable[..., Answered]


def group(*addresses: str, kind: TargetType = TargetType.IP) -> TargetGroup:
    targets = tuple(
        Target(one, 80, IPv4Address(one)) if kind is TargetType.IP else Target(one) for one in addresses
    )
    return TargetGroup("arn:tg", "tg", kind, "HTTP", CHECK, targets)


def environ(**more: object) -> dict[str, Any]:
    usual = {
        "REQUEST_METHOD": "GET",
        "RAW_URI": "/a?b=c",
        "REMOTE_ADDR": "10.0.5.5",
        "SERVER_PORT": "80",
        "HTTP_HOST": "inner",
        "HTTP_CONNECTION": "keep-alive",
        "wsgi.input": io.BytesIO(),
    }
    return usual | more


def ask(
    action: FixedResponse | Forward | None,
    *groups: TargetGroup,
    healthy: frozenset[str] = frozenset(),
    payload: bytes | None = None,
    times: int = 1,
) -> list[tuple[str, dict[str, str], bytes]]:
    """Status, headers and body of each answer."""
    choice = Choice(
        Listener("arn:listener", "HTTP", 80, action),
        {one.arn: one for one in groups},
        lambda key: key[1] in healthy,
    )
    application = ListenerApplication(NODE, lambda: choice, lambda *_: payload)
    answers = []
    for _ in range(times):
        started: list[Any] = []

        def start_response(*given: Any, into: list[Any] = started) -> Any:  # noqa: ANN401 - PEP 3333
            into.extend(given)

        body = b"".join(application(environ(), start_response))
        answers.append((started[0], dict(started[1]), body))
    return answers


def exchanging(monkeypatch: pytest.MonkeyPatch, outcome: Answered | Exception) -> list[str]:
    """Have every target answer so; the addresses that were asked come into the list."""
    asked: list[str] = []

    def exchange(_: Node, target: IPv4Address, *__: object) -> Answered:
        asked.append(str(target))
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(listener_module, "exchange", exchange)
    return asked


def test_listener_can_answer_by_itself() -> None:
    """A fixed response."""
    [(status, headers, body)] = ask(FixedResponse(404, "text/html", "<p>no</p>"))
    assert (status, body) == ("404 Not Found", b"<p>no</p>")
    assert headers == {"Server": "awselb/2.0", "Content-Type": "text/html"}


def test_listener_can_spread_requests_over_healthy_targets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Round robin; unhealthy ones are left out while there are healthy ones."""
    asked = exchanging(monkeypatch, Answered(200, "OK", (("Connection", "close"), ("X-A", "b")), b"hi"))
    members = group("10.0.0.7", "10.0.0.8", "10.0.0.9")
    answers = ask(Forward((("arn:tg", 1),)), members, healthy=frozenset({"10.0.0.7", "10.0.0.9"}), times=4)
    assert asked == ["10.0.0.7", "10.0.0.9"] * 2
    assert answers[0] == ("200 OK", {"X-A": "b"}, b"hi")


def test_listener_can_fail_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody is healthy, all are asked."""
    asked = exchanging(monkeypatch, Answered(200, "OK", (), b""))
    ask(Forward((("arn:tg", 1),)), group("10.0.0.7", "10.0.0.8"), times=2)
    assert asked == ["10.0.0.7", "10.0.0.8"]


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (TimeoutError(), "504 Gateway Time-out"),
        (ConnectionRefusedError(), "502 Bad Gateway"),
        (ConnectionResetError(), "502 Bad Gateway"),
    ],
)
def test_target_that_fails_can_be_told_by_the_status(
    monkeypatch: pytest.MonkeyPatch, outcome: Exception, status: str
) -> None:
    """Silence is 504, everything else 502."""
    exchanging(monkeypatch, outcome)
    [(found, headers, body)] = ask(Forward((("arn:tg", 1),)), group("10.0.0.7"))
    assert (found, headers["Server"]) == (status, "awselb/2.0")
    assert status.encode() in body


@pytest.mark.parametrize("action", [None, Forward((("arn:tg", 1),)), Forward((("arn:other", 1),))])
def test_listener_without_targets_cannot_serve(action: Forward | None) -> None:
    """503, also while the listener is being deleted."""
    assert ask(action, group())[0][0] == "503 Service Temporarily Unavailable"


def test_function_can_answer() -> None:
    """Its result is the answer; no result is 502."""
    functions = group("arn:function", kind=TargetType.LAMBDA)
    result = json.dumps({"statusCode": 201, "headers": {"X-A": 1}, "body": "made"}).encode()
    assert ask(Forward((("arn:tg", 1),)), functions, payload=result) == [("201 Created", {"X-A": "1"}, b"made")]
    assert ask(Forward((("arn:tg", 1),)), functions, payload=None)[0][0] == "502 Bad Gateway"


def test_target_can_know_who_asked() -> None:
    """The headers that load balancers add; those of the connection stay behind."""
    asked = asked_of(environ(HTTP_X_FORWARDED_FOR="192.0.2.1", **{"wsgi.input": io.BytesIO(b"body")}))
    assert (asked.method, asked.path, asked.body) == ("GET", "/a?b=c", b"body")
    assert asked.headers["X-Forwarded-For"] == "192.0.2.1, 10.0.5.5"
    assert (asked.headers["X-Forwarded-Proto"], asked.headers["X-Forwarded-Port"]) == ("http", "80")
    assert asked.headers["X-Amzn-Trace-Id"].startswith("Root=1-")
    assert (asked.headers["Host"], asked.headers["Content-Length"]) == ("inner", "4")
    assert "Connection" not in asked.headers


def test_event_can_carry_a_request() -> None:
    """As load balancers write it; bytes that are no text are encoded."""
    event = json.loads(event_of(Asked("PUT", "/p?a=1&b=", {"Host": "h"}, b"text"), "arn:tg"))
    assert event == {
        "requestContext": {"elb": {"targetGroupArn": "arn:tg"}},
        "httpMethod": "PUT",
        "path": "/p",
        "queryStringParameters": {"a": "1", "b": ""},
        "headers": {"host": "h"},
        "body": "text",
        "isBase64Encoded": False,
    }
    binary = json.loads(event_of(Asked("PUT", "/", {}, b"\xff"), "arn:tg"))
    assert (binary["body"], binary["isBase64Encoded"]) == ("/w==", True)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b'"text"',
        b"[]",
        b'{"body": "x"}',
        b'{"statusCode": "x"}',
        b'{"statusCode": 200, "headers": 1}',
    ],
)
def test_result_that_is_no_answer_cannot_be_one(payload: bytes) -> None:
    """Clients see 502."""
    assert answer_of(payload) is None


def test_answer_cannot_be_too_large() -> None:
    """1 MB is the most."""
    assert answer_of(json.dumps({"statusCode": 200, "body": "x" * (LARGEST + 1)}).encode()) is None
    answer = answer_of(
        json.dumps(
            {"statusCode": 200, "statusDescription": "200 Fine", "isBase64Encoded": True, "body": "/w=="}
        ).encode()
    )
    assert answer == Answered(200, "Fine", (), b"\xff")
