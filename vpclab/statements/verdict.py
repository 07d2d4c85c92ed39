"""From evidence to verdicts. Pure: nothing here looks at the network, the clock or the target."""

from collections.abc import Iterable
from dataclasses import dataclass

from vpclab.statements.evidence import Evidence, Isolation
from vpclab.statements.observation import Refusal
from vpclab.statements.opinion import Opinion, Status
from vpclab.statements.statement import Statement, Verdict


@dataclass(frozen=True, slots=True)
class Judgement:
    """One row of the verdict table. ``expected`` is the verdict that the documentation leads to."""

    statement: str
    variant: str
    verdict: Verdict
    expected: Verdict
    documented: str
    observed: str
    refused_by: tuple[Refusal, ...] = ()

    @property
    def as_expected(self) -> bool:
        """Whether the verdict is the documented one."""
        return self.verdict is self.expected


def judge(statement: Statement, evidence: Evidence) -> Judgement:
    """Judge one statement on the variant that the evidence is about.

    The documented verdict needs every condition met. One that is contradicted by complete evidence gives the
    opposite verdict, except that ``holds`` is never given while anything is unknown.
    """
    opinions = [condition(evidence) for condition in statement.cases[evidence.variant].conditions]
    verdict, shown = _verdict(statement, evidence, opinions)
    return Judgement(
        statement=statement.id,
        variant=evidence.variant,
        verdict=verdict,
        expected=statement.expects,
        documented=statement.documented,
        observed="; ".join(dict.fromkeys(opinion.text for opinion in shown)),
        refused_by=_refusals(shown),
    )


def _verdict(statement: Statement, evidence: Evidence, opinions: list[Opinion]) -> tuple[Verdict, list[Opinion]]:
    """Give the verdict, and the opinions that it rests on."""
    if statement.needs_isolation and evidence.isolation is Isolation.NOT_ENFORCED:
        return Verdict.NOT_ENFORCED, [
            Opinion(Status.UNKNOWN, "this target lets through what no rule admits, so it shows nothing")
        ]
    if statement.needs_isolation and evidence.isolation is Isolation.UNKNOWN:
        return Verdict.ERROR, [
            Opinion(Status.UNKNOWN, "whether this target keeps packets apart could not be found out")
        ]
    unknowns = [opinion for opinion in opinions if opinion.status is Status.UNKNOWN]
    contradictions = [opinion for opinion in opinions if opinion.status is Status.CONTRADICTED]
    opposite = Verdict.REFUTED if statement.expects is Verdict.HOLDS else Verdict.HOLDS
    if contradictions and not (opposite is Verdict.HOLDS and unknowns):
        return opposite, contradictions
    if unknowns or not opinions:
        said = " ".join(opinion.text for opinion in unknowns)
        problems = [Opinion(Status.UNKNOWN, problem) for problem in evidence.problems if problem not in said]
        return Verdict.ERROR, unknowns + problems
    return statement.expects, opinions


def _refusals(opinions: Iterable[Opinion]) -> tuple[Refusal, ...]:
    return tuple(dict.fromkeys(refusal for opinion in opinions for refusal in opinion.refused_by))
