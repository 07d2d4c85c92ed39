"""A whole verification against an ordinary emulator, which must not pass for a network."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.statements import recorded
from vpclab.statements import canary, log_group
from vpclab.statements.capability import Capability
from vpclab.statements.catalogue import CATALOGUE
from vpclab.statements.error import VerificationError
from vpclab.statements.experiments import plan
from vpclab.statements.observation import Outcome, ProbeName
from vpclab.statements.report import EXIT_COULD_NOT, Report
from vpclab.statements.runner import verify
from vpclab.statements.statement import Verdict
from vpclab.statements.target import Target

Answering = Callable[..., None]


@pytest.fixture(autouse=True)
def short_deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_group, "LOCAL_SECONDS", 0.2)


@pytest.fixture(autouse=True)
def without_experiments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the canned answers to the functions that are deployed."""
    monkeypatch.setattr(plan, "PLAN", ())
    monkeypatch.setattr(canary, "capabilities", lambda _: recorded.ALL_ENFORCED)


def _answers(canary: str | None, **others: str | None) -> dict[str, Any]:
    outcomes: dict[str, str | None] = dict.fromkeys(ProbeName, "connected")
    outcomes |= {ProbeName.RDS: "timed_out", ProbeName.LOGS_PRINTED: None, "canary": canary, **others}
    evidence = {"address": "10.0.0.9", "addresses": ["10.0.0.9"], "port": 5432, "source_seen": "192.0.2.77"}
    return {
        "answers": {
            label: {
                "outcome": outcome,
                "stage": "tcp",
                "error": None,
                "elapsed_seconds": 2.0,
                "evidence": evidence,
            }
            for label, outcome in outcomes.items()
        }
    }


def network_verdicts(report: Report) -> set[Verdict]:
    """Give the verdicts on statements about where packets go."""
    needing = {entry.id for entry in CATALOGUE if Capability.ISOLATION in entry.needs}
    return {row.verdict for row in report.judgements if row.statement in needing}


@pytest.mark.parametrize("canary", ["connected", "refused"])
def test_a_target_that_answers_the_canary_cannot_pass(
    canary: str, emulator: Target, outputs: dict[str, Any], answering: Answering
) -> None:
    """What no group admits was answered, so no packet statement is a pass: ``not enforced here``, exit 1."""
    answering(_answers(canary))
    report = verify({"default": outputs}, emulator)
    assert network_verdicts(report) == {Verdict.NOT_ENFORCED}
    assert report.exit_code == EXIT_COULD_NOT


@pytest.mark.parametrize("canary", ["name_not_resolved", "unreachable", None])
def test_a_target_that_cannot_try_the_canary_cannot_pass(
    canary: str | None, emulator: Target, outputs: dict[str, Any], answering: Answering
) -> None:
    """Whether it isolates is not known then, and that is an error."""
    answering(_answers(canary))
    report = verify({"default": outputs}, emulator)
    assert network_verdicts(report) == {Verdict.ERROR}


def test_a_target_that_drops_the_canary_can_be_judged(
    emulator: Target, outputs: dict[str, Any], answering: Answering
) -> None:
    """It shows that it isolates without saying so; components are not expected of it."""
    answering(_answers("timed_out"))
    report = verify({"default": outputs}, emulator)
    verdicts = {row.statement: row.verdict for row in report.judgements}
    assert verdicts["C15"] is Verdict.HOLDS
    assert verdicts["C16"] is Verdict.ERROR  # no database is there that could answer anybody


def test_a_function_that_fails_cannot_become_an_outcome(
    emulator: Target, outputs: dict[str, Any], answering: Answering
) -> None:
    """Every probe of it is an error, with the function's words."""
    answering({"errorMessage": "no such module"})
    report = verify({"default": outputs}, emulator)
    assert {row.verdict for row in report.judgements} == {Verdict.ERROR}
    internet = report.observations["default"][ProbeName.INTERNET]
    assert internet.outcome is Outcome.ERROR
    assert "no such module" in str(internet.error)
    assert set(report.observations["default"]) == set(ProbeName)


def test_a_function_that_is_gone_cannot_become_an_outcome(emulator: Target, outputs: dict[str, Any]) -> None:
    """Deleted by hand: errors, not a traceback."""
    emulator.client("lambda").delete_function(FunctionName=outputs["function_name"])
    report = verify({"default": outputs}, emulator)
    assert {row.verdict for row in report.judgements} == {Verdict.ERROR}
    assert report.exit_code == EXIT_COULD_NOT


def test_an_incomplete_stack_cannot_be_verified(emulator: Target, outputs: dict[str, Any]) -> None:
    """The missing output and the remedy are named."""
    del outputs["vpc_id"]
    with pytest.raises(
        VerificationError, match=r"stack default has no output 'vpc_id'.*`vpclab up default` first"
    ):
        verify({"default": outputs}, emulator)


def test_an_unknown_variant_cannot_be_verified(emulator: Target, outputs: dict[str, Any]) -> None:
    """The known ones are listed."""
    with pytest.raises(VerificationError, match="no variant 'basement'; there are default, private-nat"):
        verify({"basement": outputs}, emulator)


def test_nothing_cannot_be_verified(emulator: Target) -> None:
    """An empty run is a mistake, not a pass."""
    with pytest.raises(VerificationError, match="nothing to verify"):
        verify({}, emulator)
