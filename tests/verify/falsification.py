"""What tests of falsifiers share: verifying one variant, and expecting exactly these verdicts to be flipped."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from vpclab.statements.observation import Refusal
from vpclab.statements.report import EXIT_FALSE, EXIT_OK, Report
from vpclab.statements.runner import verify
from vpclab.statements.statement import Verdict
from vpclab.statements.target import Target
from vpclab.statements.variation import AS_DOCUMENTED, Variation
from vpclab.statements.verdict import Judgement

Outputs = Mapping[str, Mapping[str, Any]]
Test = TypeVar("Test", bound=Callable[..., None])

NO_WAY_TO_STS = ("C1",)
"""A function that cannot ask STS cannot be told who it is."""

FALSIFIED: set[str] = set()
"""The statements that some test flips."""


def falsifies(*identifiers: str) -> Callable[[Test], Test]:
    """Note that a test flips these statements."""

    def note(test: Test) -> Test:
        FALSIFIED.update(identifiers)
        return test

    return note


def verify_one(target: Target, outputs: Outputs, variant: str, variation: Variation = AS_DOCUMENTED) -> Report:
    """Verify one variant by itself, with a control function made for the purpose."""
    return verify({variant: outputs[variant]}, target, variation)


def flipped(report: Report, *identifiers: str, errors: Sequence[str] = ()) -> dict[str, Judgement]:
    """Expect exactly these statements to have come out other than documented, and return their verdicts.

    ``errors``: those that the change keeps from being observed at all.
    """
    assert report.exit_code == EXIT_FALSE
    shown = {row.statement: row.observed for row in report.unexpected}
    unobserved = {row.statement for row in report.unexpected if row.verdict is Verdict.ERROR}
    assert unobserved == set(errors), shown
    unexpected = {row.statement: row for row in report.unexpected if row.verdict is not Verdict.ERROR}
    assert set(unexpected) == set(identifiers), shown
    return unexpected


def refused_once(row: Judgement) -> Refusal:
    """Expect a refuted statement for which one component was named, and return that."""
    assert row.verdict is Verdict.REFUTED, row.observed
    (refusal,) = row.refused_by
    return refusal


def expect_return(target: Target, outputs: Outputs, variant: str, before: Report) -> Report:
    """Expect a variant to be as before: as documented, the same outcomes, refused by the same kinds of component.

    Not by the same ones: which of its subnets a function runs in is not told, and roles are made for a moment.
    """
    now = verify_one(target, outputs, variant)
    assert now.exit_code == EXIT_OK, {row.statement: row.observed for row in now.unexpected}
    was, came = _verdicts(before, variant), _verdicts(now, variant)
    assert came == was, {identifier: (found, was.get(identifier)) for identifier, found in came.items()}
    outcomes = {probe: observation.outcome for probe, observation in now.observations[variant].items()}
    assert outcomes == {probe: observation.outcome for probe, observation in before.observations[variant].items()}
    return now


def _verdicts(report: Report, variant: str) -> dict[str, tuple[Verdict, set[tuple[str, str]]]]:
    return {
        row.statement: (row.verdict, {(refusal.kind, refusal.code) for refusal in row.refused_by})
        for row in report.judgements
        if row.variant == variant
    }
