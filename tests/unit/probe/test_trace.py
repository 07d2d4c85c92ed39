"""Segments for X-Ray, by the daemon and by the API."""

import json
import re
import socket
from collections.abc import Callable
from typing import Any

import pytest

from lambdas.probe import aws_api, trace
from lambdas.probe.attempt import Attempt
from lambdas.probe.outcome import Outcome
from tests.unit.probe.conftest import LOOPBACK

Ask = Callable[..., dict[str, Any]]


def test_daemon_can_be_given_a_segment(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A header and a segment document in one datagram; whether it arrives, the function cannot know."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind((LOOPBACK, 0))
        daemon.settimeout(5)
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"{LOOPBACK}:{daemon.getsockname()[1]}")
        answer = ask(trace.probe, by="daemon", nonce="4711")
        header, _, document = daemon.recv(65536).partition(b"\n")
    assert (answer["outcome"], answer["error"]) == (None, None)
    assert json.loads(header) == {"format": "json", "version": 1}
    segment = json.loads(document)
    assert segment["trace_id"] == answer["evidence"]["trace_id"]
    assert re.fullmatch("1-[0-9a-f]{8}-[0-9a-f]{24}", segment["trace_id"])
    assert re.fullmatch("[0-9a-f]{16}", segment["id"])
    assert segment["annotations"] == {"nonce": "4711"}


def test_missing_daemon_can_be_told(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that is not traced may have none."""
    monkeypatch.delenv("AWS_XRAY_DAEMON_ADDRESS", raising=False)
    answer = ask(trace.probe, by="daemon")
    assert answer["outcome"] is None
    assert answer["error"].startswith("NoDaemonError")


@pytest.mark.parametrize(("unprocessed", "outcome"), [([], "connected"), ([{"ErrorCode": "Bad"}], None)])
def test_api_can_be_given_a_segment(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, unprocessed: list[object], outcome: str | None
) -> None:
    """A segment that X-Ray does not process is an error, although the request succeeded."""
    given: list[Any] = []

    def call(attempt: Attempt, *arguments: Any) -> Outcome:  # noqa: ANN401
        given.extend(arguments)
        attempt.evidence["answer"] = {"UnprocessedTraceSegments": unprocessed}
        return Outcome.CONNECTED

    monkeypatch.setattr(aws_api, "call", call)
    answer = ask(trace.probe, nonce="4711")
    assert answer["outcome"] == outcome
    assert given[:2] == ["xray", "put_trace_segments"]
    (document,) = given[2]["TraceSegmentDocuments"]
    assert json.loads(document)["trace_id"] == answer["evidence"]["trace_id"]
