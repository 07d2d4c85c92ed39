from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from vpclab.localcloud.lambda_runtime.invocation import LogEvent
from vpclab.localcloud.lambda_runtime.log_shipping import (
    EVENT_OVERHEAD,
    LARGEST_EVENT,
    LARGEST_OUTPUT,
    TAIL_BYTES,
    EnvironmentLog,
    stream_name,
    tail,
)


def log() -> EnvironmentLog:
    return EnvironmentLog("$LATEST", clock=lambda: 1)


def frame(message: bytes) -> bytes:
    return b"\xa5\x5a\x00\x03" + len(message).to_bytes(4, "big") + bytes(8) + message


@given(lines=st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"])), max_size=6))
def test_log_can_gather_lines_however_they_are_cut(lines: list[str]) -> None:
    """An event per line, whatever pieces the pipe gave."""
    written = "".join(f"{line}\n" for line in lines).encode()
    gathered = log()
    for position in range(len(written)):
        gathered.output(written[position : position + 1])
    assert [event.message for event in gathered.take()] == [f"{line}\n" for line in lines]


def test_log_can_gather_frames_however_they_are_cut() -> None:
    """An event per frame, with a line's end at its end."""
    gathered = log()
    for byte in frame(b"one\ntwo") + frame(b"three\n"):
        gathered.telemetry(bytes([byte]))
    assert [event.message for event in gathered.take()] == ["one\ntwo\n", "three\n"]


def test_log_cannot_be_misled_by_frames_that_are_none() -> None:
    """What is not the runtime client's framing is dropped."""
    gathered = log()
    gathered.telemetry(b"nonsense, and more than a head of it")
    gathered.telemetry(frame(b"after"))
    assert [event.message for event in gathered.take()] == ["after\n"]


def test_log_cannot_hold_an_event_larger_than_the_service_takes() -> None:
    """An event holds at most 256 KB ("CloudWatch Logs quotas"); longer lines are split."""
    gathered = log()
    gathered.output(b"x" * (LARGEST_EVENT + 10))
    assert [len(event.message) for event in gathered.take()] == [LARGEST_EVENT, 11]


def test_log_cannot_hold_more_than_its_bound() -> None:
    """The rest is counted, and the bound is per shipment."""
    gathered = log()
    for _ in range(LARGEST_OUTPUT // (1024 + EVENT_OVERHEAD) + 2):
        gathered.output(b"x" * 1023 + b"\n")
    gathered.platform("END")
    assert [event.message for event in gathered.take()[-2:]] == [
        "END\n",
        f"[2048 bytes of output beyond {LARGEST_OUTPUT} were dropped]\n",
    ]
    gathered.output(b"again\n")
    assert [event.message for event in gathered.take()] == ["again\n"]


def test_log_cannot_hold_a_flood_of_short_lines() -> None:
    """An event counts for 26 bytes more than its message, as PutLogEvents counts it."""
    gathered = log()
    gathered.output(b"x\n" * (LARGEST_OUTPUT // 2))
    assert len(gathered.take()) == LARGEST_OUTPUT // (2 + EVENT_OVERHEAD) + 1


def test_tail_can_hold_the_last_four_kilobytes() -> None:
    """LogType=Tail returns the last 4 KB."""
    events = [LogEvent(1, f"{number:01023}\n") for number in range(10)]
    kept = tail(events)
    assert len(kept) == TAIL_BYTES
    assert kept.endswith(b"9\n")
    assert tail(events[:2]) == (events[0].message + events[1].message).encode()


def test_stream_name_can_tell_day_and_version() -> None:
    """YYYY/MM/DD/[version] and 32 hexadecimal digits."""
    name = stream_name("7", datetime(2026, 3, 4, tzinfo=UTC))
    assert name.startswith("2026/03/04/[7]")
    assert len(name) == len("2026/03/04/[7]") + 32
