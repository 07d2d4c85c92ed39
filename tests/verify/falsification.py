"""What tests of falsifiers share: verifying one variant, and expecting exactly these verdicts to be flipped."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from vpclab.statements.report import EXIT_FALSE, Report
from vpclab.statements.runner import verify
from vpclab.statements.statement import Verdict
from vpclab.statements.target import Target
from vpclab.statements.variation import AS_DOCUMENTED, Variation
from vpclab.statements.verdict import Judgement

Outputs = Mapping[str, Mapping[str, Any]]
Test = TypeVar("Test", bound=Callable[..., None])

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
