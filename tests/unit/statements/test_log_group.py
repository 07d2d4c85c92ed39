"""Searching a log group for a printed line."""

import time

import pytest

from vpclab.statements import log_group
from vpclab.statements.target import Target


@pytest.fixture(autouse=True)
def short_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_group, "LOCAL_SECONDS", 0.3)


@pytest.fixture
def stream(emulator: Target) -> tuple[str, str]:
    logs = emulator.client("logs")
    logs.create_log_group(logGroupName="/aws/lambda/probe")
    logs.create_log_stream(logGroupName="/aws/lambda/probe", logStreamName="today")
    return "/aws/lambda/probe", "today"


def test_a_line_can_be_found(emulator: Target, stream: tuple[str, str]) -> None:
    """The line and its stream are given."""
    now = time.time()
    messages = ["START", "nonce 1234\n", "END"]
    emulator.client("logs").put_log_events(
        logGroupName=stream[0],
        logStreamName=stream[1],
        logEvents=[{"timestamp": int(now * 1000), "message": message} for message in messages],
    )
    found = log_group.search(emulator, stream[0], "1234", now)
    assert found is not None
    assert (found.log_stream, found.message) == ("today", "nonce 1234")


def test_a_line_that_was_never_delivered_cannot_be_found(emulator: Target, stream: tuple[str, str]) -> None:
    """The search ends at its deadline."""
    assert log_group.search(emulator, stream[0], "1234", time.time()) is None


def test_a_missing_group_cannot_hold_a_line(emulator: Target) -> None:
    """The service makes a group with the first line it may deliver: no group, no line."""
    assert log_group.search(emulator, "/aws/lambda/nobody", "1234", time.time()) is None
