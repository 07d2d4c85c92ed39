"""What statements come to on an emulator of somebody else's, which may refuse nothing, and may run nothing."""

import pytest

from vpclab.statements.catalogue import CATALOGUE
from vpclab.statements.report import Report
from vpclab.statements.statement import Statement, Verdict

CASES = [
    pytest.param(entry, variant, id=f"{entry.id}-{variant}") for entry in CATALOGUE for variant in entry.cases
]


@pytest.mark.parametrize(("entry", "variant"), CASES)
def test_a_statement_cannot_come_out_falsely(entry: Statement, variant: str, report: Report) -> None:
    """It comes out as documented, or it is told that it is not enforced here, or why it could not be observed.

    Neither of the latter passes: the one is skipped, the other is an expected failure.
    """
    found = [row for row in report.judgements if (row.statement, row.variant) == (entry.id, variant)]
    if not found:
        pytest.xfail(f"{variant} could not be deployed here")
    (row,) = found
    if row.verdict is Verdict.NOT_ENFORCED:
        pytest.skip(f"not enforced here: {row.observed}")
    if row.verdict is Verdict.ERROR:
        pytest.xfail(f"could not be observed here: {row.observed}")
    assert row.verdict is entry.expects, row.observed


def test_nothing_can_be_left_by_the_verification(report: Report) -> None:
    """What it makes for a moment it deletes, here too."""
    assert report.left == ()
