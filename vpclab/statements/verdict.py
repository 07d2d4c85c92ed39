"""From evidence to verdicts. Pure: nothing here looks at the network, the clock or the target."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vpclab.statements.capability import Capability, Enforcement
from vpclab.statements.evidence import Evidence
from vpclab.statements.observation import Refusal
from vpclab.statements.opinion import Opinion, Status
from vpclab.statements.statement import Statement, Verdict

LACKING: Mapping[Capability, str] = {
    Capability.INVOCATION: "runs no functions",
    Capability.ATTACHMENT: "gives functions no network interfaces",
    Capability.ISOLATION: "lets through what no rule admits",
    Capability.AUTHORIZATION: "allows what no policy allows",
    Capability.POLICY_GRAMMAR: "takes policies that are malformed",
    Capability.EVENT_SOURCES: "feeds functions from no event source, or without asking for permission",
    Capability.NOTIFICATIONS: "sends no bucket notifications, or without asking for permission",
    Capability.LOG_DELIVERY: "delivers no log lines",
}
"""What a target does, or does not do, when it lacks a capability."""


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
        """Whether the verdict is the documented one, or there was nothing to ask: whoever set that expects it."""
        return self.verdict in (self.expected, Verdict.NOT_ASKED)


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
    found = {need: evidence.enforcement.get(need, Enforcement.UNKNOWN) for need in sorted(statement.needs)}
    lacking = [LACKING[need] for need, state in found.items() if state is Enforcement.NOT_ENFORCED]
    if lacking:
        said = f"this target {' and '.join(lacking)}, so it shows nothing"
        return Verdict.NOT_ENFORCED, [Opinion(Status.UNKNOWN, said)]
    doubtful = [LACKING[need] for need, state in found.items() if state is Enforcement.UNKNOWN]
    if doubtful:
        said = f"it could not be found out whether this target {' or '.join(doubtful)}"
        return Verdict.ERROR, [Opinion(Status.UNKNOWN, said), *_problems(evidence, said)]
    asked = [opinion for opinion in opinions if opinion.status is not Status.NOT_ASKED]
    unknowns = [opinion for opinion in opinions if opinion.status is Status.UNKNOWN]
    contradictions = [opinion for opinion in opinions if opinion.status is Status.CONTRADICTED]
    opposite = Verdict.REFUTED if statement.expects is Verdict.HOLDS else Verdict.HOLDS
    if contradictions and not (opposite is Verdict.HOLDS and unknowns):
        return opposite, contradictions
    if not asked:
        return Verdict.NOT_ASKED, opinions
    if unknowns:
        return Verdict.ERROR, unknowns + _problems(evidence, " ".join(opinion.text for opinion in unknowns))
    return statement.expects, opinions


def _problems(evidence: Evidence, said: str) -> list[Opinion]:
    """Return what could not be done while observing, as far as it was not said already."""
    return [Opinion(Status.UNKNOWN, problem) for problem in evidence.problems if problem not in said]


def _refusals(opinions: Iterable[Opinion]) -> tuple[Refusal, ...]:
    return tuple(dict.fromkeys(refusal for opinion in opinions for refusal in opinion.refused_by))
