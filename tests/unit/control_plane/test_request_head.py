import io
from http.server import BaseHTTPRequestHandler
from typing import Any
from unittest import mock

import pytest

from vpclab.localcloud.control_plane.request_head import MOST_LINES, RequestHead

PLAIN = b"Host: a\r\nX-Amz-Date:20260101T000000Z\r\nAuthorization: \t AWS4 a=b, c=d \r\nx-a: 1\r\nX-A: 2:3\r\n\r\n"


def read(kind: type[BaseHTTPRequestHandler], line: bytes, rest: bytes | mock.Mock) -> tuple[object, ...]:
    """What a handler makes of a head: its verdict, what it noted, what it answered, what it left unread."""
    handler: Any = kind.__new__(kind)
    handler.protocol_version = "HTTP/1.1"
    handler.client_address = ("", 0)
    handler.log_message = lambda *_: None
    handler.date_time_string = lambda *_: "now"
    handler.rfile = io.BufferedReader(io.BytesIO(rest)) if isinstance(rest, bytes) else rest
    handler.wfile = io.BytesIO()
    handler.raw_requestline = line
    verdict = handler.parse_request()
    noted = [getattr(handler, name, None) for name in ("command", "path", "request_version", "requestline")]
    headers = handler.headers.items() if verdict else None
    answered = handler.wfile.getvalue()
    return (
        verdict,
        noted,
        headers,
        handler.close_connection,
        answered,
        handler.rfile.read() if verdict else b"",
    )


@pytest.mark.parametrize(
    "line",
    [
        b"POST /a%20b?c=d HTTP/1.1\r\n",
        b"GET / HTTP/1.1\r\n",
        b"GET //a HTTP/1.1\r\n",
        b"GET http://a/b HTTP/1.1\r\n",
        b"GET / HTTP/1.0\r\n",
        b"GET / HTTP/2.0\r\n",
        b"GET /\r\n",
        b"GET /\xe4 HTTP/1.1\n",
        b"GET  /a HTTP/1.1\r\n",
    ],
)
@pytest.mark.parametrize(
    "rest",
    [
        PLAIN + b"body",
        b"\r\nbody",
        b"A: 1\r\n folded\r\n\r\n",
        b"A : 1\r\nB: 2\r\n\r\n",
        b"no colon\r\nB: 2\r\n\r\n",
        b"A:\r\nB: \xe4\r\n\r\n",
        b"A: 1\nB: 2\n\n",
        b"A: 1\rB: 2\r\n\r\n",
        b"Connection: close\r\n\r\n",
        b"Expect: 100-continue\r\n\r\nbody",
        b"A: 1\r\n",
        b"A: " + 70_000 * b"a" + b"\r\n\r\n",
        b"A: 1\r\n" * MOST_LINES + b"\r\n",
        b"A: 1\r\n" * (MOST_LINES + 1) + b"\r\n",
    ],
)
def test_head_cannot_be_read_otherwise_than_by_the_standard_library(line: bytes, rest: bytes) -> None:
    """Whether it is plain or unusual: the same request, or the same refusal."""
    assert read(RequestHead, line, rest) == read(BaseHTTPRequestHandler, line, rest)


def test_plain_head_can_be_read_without_the_parser_of_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which the base class uses."""
    monkeypatch.delattr(BaseHTTPRequestHandler, "parse_request")
    assert read(RequestHead, b"POST / HTTP/1.1\r\n", PLAIN)[0] is True


def test_refusal_of_a_request_line_cannot_wait_for_headers() -> None:
    """Which may never come: who speaks TLS to it is answered at once."""
    never = mock.Mock(readline=mock.Mock(side_effect=AssertionError("it reads on")))
    assert read(RequestHead, b"\x16\x03\x01 a b c\r\n", never)[0] is False
