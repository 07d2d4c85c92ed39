"""The handler: many probes in the time of one."""

import json
import time
from dataclasses import dataclass
from typing import Any

import pytest

from lambdas.probe import handler


@dataclass(frozen=True, slots=True)
class Context:
    """What of Lambda's context the handler reads."""

    milliseconds: int = 30_000
    aws_request_id: str = "r-1"

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


def _ask(event: dict[str, Any], context: Context | None = None) -> dict[str, Any]:
    answers: dict[str, Any] = handler.handler(event, context or Context())["answers"]
    return answers


def test_an_event_can_name_any_number_of_probes(silent_port: int, closed_port: int) -> None:
    """Every label gets its own answer."""
    answers = _ask(
        {
            "probes": {
                "open": {"probe": "tcp", "host": "127.0.0.1", "port": silent_port},
                "shut": {"probe": "tcp", "host": "127.0.0.1", "port": closed_port},
            }
        }
    )
    assert {label: answer["outcome"] for label, answer in answers.items()} == {
        "open": "connected",
        "shut": "refused",
    }


@pytest.mark.usefixtures("short_deadlines")
def test_probes_can_wait_at_the_same_time(deaf_port: int) -> None:
    """Twenty attempts that time out take about as long as one."""
    one = {"probe": "tcp", "host": "127.0.0.1", "port": deaf_port}
    began = time.monotonic()
    answers = _ask({"probes": {f"attempt {number}": one for number in range(20)}})
    elapsed = time.monotonic() - began
    assert {answer["outcome"] for answer in answers.values()} == {"timed_out"}
    assert elapsed < sum(answer["elapsed_seconds"] for answer in answers.values()) / 2


def test_a_nonce_can_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """The line is printed; whether it arrived is not the function's to say."""
    answers = _ask({"probes": {"logs_printed": {"nonce": "4711"}}})
    assert capsys.readouterr().out == "nonce 4711\n"
    assert answers["logs_printed"]["outcome"] is None
    assert answers["logs_printed"]["error"] is None
    assert answers["logs_printed"]["evidence"] == {"printed": "nonce 4711"}


def test_an_unknown_probe_cannot_be_ignored() -> None:
    """A name that is no probe is an error that lists those that are."""
    with pytest.raises(ValueError, match="no such probe: telepathy; there are cache, call, dns"):
        _ask({"probes": {"telepathy": {}}})


def test_a_missing_argument_cannot_become_an_outcome() -> None:
    """A probe that could not run has no outcome and says why."""
    answer = _ask({"probes": {"tcp": {}}})["tcp"]
    assert answer["outcome"] is None
    assert answer["error"] == "KeyError: 'host'"


def test_a_silent_probe_cannot_hold_up_the_answer(deaf_port: int) -> None:
    """When the function's time runs out, the missing answers say so and the function still answers."""
    probes = {"late": {"probe": "tcp", "host": "127.0.0.1", "port": deaf_port}}
    answer = _ask({"probes": probes}, Context(milliseconds=700))["late"]
    assert answer["outcome"] is None
    assert answer["error"] == "no answer within 0.2 s"


def test_records_can_be_consumed_by_the_same_handler(capsys: pytest.CaptureFixture[str]) -> None:
    """A consumer has the same code as the probe, and is told by its event what it is."""
    event = {"Records": [{"eventSource": "aws:sqs", "messageId": "m", "body": "hello"}]}
    assert handler.handler(event, Context()) == {"batchItemFailures": []}
    assert json.loads(capsys.readouterr().out)["request_id"] == "r-1"
