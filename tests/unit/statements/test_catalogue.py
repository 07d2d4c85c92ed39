"""The catalogue of statements."""

import pytest

from vpclab.statements.catalogue import CATALOGUE
from vpclab.statements.statement import Case, Statement, Verdict
from vpclab.statements.variant import ALL, ATTACHED, VARIANTS


def test_the_catalogue_can_name_every_statement_of_the_notes() -> None:
    """C1 to C25 are in it, each once, in their order."""
    assert [entry.id for entry in CATALOGUE] == [f"C{number}" for number in range(1, 26)]


def test_the_notes_can_be_wrong() -> None:
    """What is expected to be refuted.

    One of two policies across accounts, the policy for logs as typed, the VPC ID as an input, an interface per
    function and a group per zone.
    """
    refuted = {entry.id for entry in CATALOGUE if entry.expects is Verdict.REFUTED}
    assert refuted == {"C12", "C14", "C17", "C18", "C20"}


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.id)
def test_an_entry_can_be_read(entry: Statement) -> None:
    """Each says what is documented and where; for each variant also what is observed and what would flip it."""
    assert all((entry.sentence, entry.documented, entry.source))
    assert set(entry.cases) <= set(ALL)
    for case in entry.cases.values():
        assert all((case.observed, case.expected, case.control, case.flip, case.conditions))


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_can_be_spoken_of(variant: str) -> None:
    """Every variant has statements; the attached ones also those about interfaces."""
    speaking = {entry.id for entry in CATALOGUE if variant in entry.cases}
    assert {"C16", "C25"} < speaking
    assert (variant in ATTACHED) is ({"C17", "C18", "C20"} <= speaking)


def test_an_entry_cannot_expect_a_failure() -> None:
    """``error`` and ``not_enforced`` are no documented behaviour."""
    case = Case("looks", "sees", "control", "flip", ())
    with pytest.raises(ValueError, match="C99 expects error"):
        Statement("C99", "sentence", "documented", "source", Verdict.ERROR, {"default": case})
