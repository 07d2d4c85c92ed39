"""A documented statement, and what would be observed of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from vpclab.statements.capability import Capability
from vpclab.statements.opinion import Condition


class Verdict(StrEnum):
    """What became of a statement on one variant.

    ``refuted`` means that complete evidence contradicts it: expected for what the notes have wrong or dated,
    and a false assertion anywhere else. ``not_enforced``: the target lacks what the
    statement needs, so that nothing was shown. ``not_asked``: the stack's settings leave out all that the
    statement is about. ``error``: the evidence is not complete.
    """

    HOLDS = "holds"
    REFUTED = "refuted"
    NOT_ENFORCED = "not_enforced"
    NOT_ASKED = "not_asked"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Case:
    """A statement on one variant.

    ``observed``, ``expected``, ``control`` and ``flip`` say in words what is looked at, what should be seen,
    what shows that a negative means something, and which change of configuration turns the verdict round.
    ``conditions`` are the expectation in code: all of them met is the documented behaviour.
    """

    observed: str
    expected: str
    control: str
    flip: str
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of the notes.

    ``sentence`` is what they say, ``documented`` what AWS documents, ``source`` where. ``expects`` is the
    verdict that AWS's documented behaviour leads to: ``refuted`` where the notes are wrong or dated.
    ``cases`` are the variants it speaks of. ``needs`` is what a target has to enforce for it to be tested there.
    """

    id: str
    sentence: str
    documented: str
    source: str
    expects: Verdict
    cases: Mapping[str, Case]
    needs: frozenset[Capability] = frozenset()

    def __post_init__(self) -> None:
        """Refuse an expectation that is no statement about AWS."""
        if self.expects not in (Verdict.HOLDS, Verdict.REFUTED):
            raise ValueError(f"{self.id} expects {self.expects}; only holds and refuted are documented outcomes")
