"""How outcomes and verdicts are worded wherever people read them."""

from collections.abc import Mapping, Sequence

from vpclab.statements.catalogue import CATALOGUE
from vpclab.statements.observation import Observation, Outcome, ProbeName
from vpclab.statements.report import Report
from vpclab.statements.statement import Statement, Verdict
from vpclab.statements.variant import ALL
from vpclab.statements.verdict import Judgement

_LABELS: Mapping[ProbeName, str] = {
    ProbeName.INTERNET: "internet",
    ProbeName.RDS: "RDS, a real query",
    ProbeName.CACHE: "ElastiCache",
    ProbeName.LOAD_BALANCER: "load balancer",
    ProbeName.STS: "STS",
    ProbeName.S3: "S3",
    ProbeName.SECRETSMANAGER: "Secrets Manager",
    ProbeName.LOGS_PRINTED: "printed line found",
    ProbeName.LOGS_API: "Logs API from code",
    ProbeName.INTERFACES: "its interfaces",
}

VERDICTS: Mapping[Verdict, str] = {
    Verdict.HOLDS: "holds",
    Verdict.REFUTED: "refuted",
    Verdict.NOT_ENFORCED: "not enforced here",
    Verdict.NOT_ASKED: "not asked",
    Verdict.ERROR: "error",
}


def variants(report: Report) -> list[str]:
    """Return the variants of the report in their usual order."""
    return [variant for variant in ALL if variant in report.observations]


def rows(report: Report) -> dict[ProbeName, str]:
    """Return what was observed of any variant, with the words for it."""
    seen = {probe for observations in report.observations.values() for probe in observations}
    return {probe: label for probe, label in _LABELS.items() if probe in seen}


def judged(report: Report) -> list[tuple[Statement, list[Judgement]]]:
    """Return the statements that were judged, in their order, each with its verdicts."""
    found = [
        (entry, [judgement for judgement in report.judgements if judgement.statement == entry.id])
        for entry in CATALOGUE
    ]
    return [(entry, judgements) for entry, judgements in found if judgements]


def alike(judgements: Sequence[Judgement]) -> list[list[Judgement]]:
    """Put together the verdicts on variants of which the very same was observed."""
    groups: dict[tuple[object, ...], list[Judgement]] = {}
    for judgement in judgements:
        key = (judgement.verdict, judgement.observed, judgement.refused_by)
        groups.setdefault(key, []).append(judgement)
    return list(groups.values())


def refusals(judgement: Judgement) -> dict[str, list[str]]:
    """Return who refused, each once, with all its reasons."""
    found: dict[str, list[str]] = {}
    for refusal in judgement.refused_by:
        reasons = found.setdefault(str(refusal), [])
        if refusal.reason and refusal.reason not in reasons:
            reasons.append(refusal.reason)
    return found


def verdict(judgement: Judgement) -> str:
    """Word a verdict; one that is not the documented one stands out without colour."""
    word = VERDICTS[judgement.verdict]
    return word if judgement.as_expected else f"{word.upper()} (not {VERDICTS[judgement.expected]})"


def cell(probe: ProbeName, observation: Observation | None) -> str:
    """Word one observation in a few words."""
    if observation is None:
        return "-"
    if observation.outcome is Outcome.ERROR:
        return "error"
    if probe is ProbeName.INTERFACES:
        return _interfaces(observation)
    if probe is ProbeName.LOGS_PRINTED:
        return "yes" if observation.outcome is Outcome.CONNECTED else "no"
    if observation.outcome is Outcome.CONNECTED:
        source = observation.text("source_seen") or observation.text("client_address")
        return f"yes, {source}" if source else "yes"
    return _failure(observation)


def _failure(observation: Observation) -> str:
    match observation.outcome:
        case Outcome.DENIED_BY_SERVICE if observation.reached:
            return "yes, and denied there"
        case Outcome.DENIED_BY_SERVICE:
            return "denied by endpoint"
        case _:
            return observation.outcome.value.replace("_", " ")


def _interfaces(observation: Observation) -> str:
    interfaces = observation.evidence.get("interfaces")
    found = interfaces if isinstance(interfaces, list) else []
    public = sum(1 for interface in found if interface.get("public_ip"))
    match observation.outcome:
        case Outcome.NONE:
            text = "none"
        case Outcome.ONE_PER_SUBNET:
            text = f"{len(found)}, one per subnet"
        case _:
            text = str(len(found))
    return f"{text}, {public} public" if public else text


def summary(report: Report) -> str:
    """Say in one line how it went."""
    counts = [
        f"{sum(1 for judgement in report.judgements if judgement.verdict is verdict)} {word}"
        for verdict, word in VERDICTS.items()
        if any(judgement.verdict is verdict for judgement in report.judgements)
    ]
    seconds = (report.finished - report.started).total_seconds()
    unexpected = len(report.unexpected)
    ending = "all as documented" if not unexpected else f"{unexpected} not as documented"
    if report.left:
        ending += f"; {len(report.left)} things are left that an experiment made"
    return f"{len(report.judgements)} verdicts in {seconds:.1f} s: {', '.join(counts)}; {ending}"
