"""Conditions on what was tried under known permissions.

A denial counts only beside a control: something that the same caller, or a caller who differs in one permission,
was allowed. Where the target says who refuses, a denial also has to name the kind of policy that is expected.
"""

from collections.abc import Sequence

from vpclab.statements.denial import EXPLICIT
from vpclab.statements.ending import Ending
from vpclab.statements.evidence import Evidence
from vpclab.statements.observation import ProbeName, Refusal
from vpclab.statements.opinion import Condition, Opinion, contradicted, met, not_asked, unknown
from vpclab.statements.trial import Trial

NO_SUBJECTS = "vpclab:permissionSubjects is false, so the stack has no function for it"


def done(text: str, *names: str) -> Condition:
    """Expect each of these trials to have been done; ``text`` is the clause to say then.

    A service that declines for another reason than a missing permission says nothing of permissions.
    """

    def condition(evidence: Evidence) -> Opinion:
        for name in names:
            trial = evidence.trials.get(name)
            if trial is None or trial.ending is Ending.ERROR:
                return unknown(_not_tried(evidence, name, trial))
            if trial.ending is Ending.REJECTED:
                return unknown(_how(trial))
            if trial.ending is not Ending.DONE:
                return contradicted(_how(trial), _refusals(trial))
        return met(text)

    return condition


def denied(
    text: str, *names: str, by: str | None = None, explicitly: bool = False, controls: Sequence[str] = ()
) -> Condition:
    """Expect each of these trials to be denied, by that kind of policy, while every control was done."""

    def condition(evidence: Evidence) -> Opinion:
        refusals: list[Refusal] = []
        for name in names:
            trial = evidence.trials.get(name)
            if trial is None or trial.ending is Ending.ERROR:
                return unknown(_not_tried(evidence, name, trial))
            if trial.ending is Ending.DONE:
                return contradicted(f"{trial.what}: allowed")
            if trial.ending is not Ending.DENIED:
                return unknown(f"{_how(trial)}, which says nothing of permissions")
            problem = _blame_problem(evidence, trial, by, explicitly=explicitly)
            if problem:
                return problem
            refusals += _refusals(trial)
        problem = _control_problem(evidence, controls)
        return problem or met(text, tuple(dict.fromkeys(refusals)))

    return condition


def rejected(text: str, name: str, *codes: str, saying: str = "", controls: Sequence[str] = ()) -> Condition:
    """Expect the service to decline with one of these codes, its message containing ``saying``."""

    def condition(evidence: Evidence) -> Opinion:
        trial = evidence.trials.get(name)
        if trial is None or trial.ending is Ending.ERROR:
            return unknown(_not_tried(evidence, name, trial))
        if trial.ending is Ending.DONE:
            return contradicted(f"{trial.what}: accepted")
        if trial.code not in codes or saying not in trial.message:
            return unknown(f"{_how(trial)}; expected was {' or '.join(codes)}{f', {saying}' if saying else ''}")
        return _control_problem(evidence, controls) or met(text, _refusals(trial))

    return condition


def absent(text: str, name: str, *, controls: Sequence[str]) -> Condition:
    """Expect something not to have come in time, while every control came."""

    def condition(evidence: Evidence) -> Opinion:
        trial = evidence.trials.get(name)
        if trial is None or trial.ending is Ending.ERROR:
            return unknown(_not_tried(evidence, name, trial))
        if trial.ending is Ending.DONE:
            return contradicted(f"{trial.what}: it came")
        if trial.ending is not Ending.ABSENT:
            return unknown(_how(trial))
        return _control_problem(evidence, controls) or met(text, _refusals(trial))

    return condition


def drops(text: str, name: str) -> Condition:
    """Expect packets to have been dropped in the trial, by a component that is named where the target names any.

    The control is the internet probe of the same function, before anything was changed.
    """

    def condition(evidence: Evidence) -> Opinion:
        trial = evidence.trials.get(name)
        if trial is None or trial.ending is Ending.ERROR:
            return unknown(_not_tried(evidence, name, trial))
        if trial.ending is Ending.DONE:
            return contradicted(f"{trial.what}: reached")
        if trial.ending is not Ending.ABSENT:
            return unknown(_how(trial))
        control = evidence.observations.get(ProbeName.INTERNET)
        if control is None or not control.reached:
            return unknown(f"{trial.what}: timed out; control failed: it is out of reach in the right state, too")
        if evidence.names_components and trial.refused_by is None:
            return unknown(f"{trial.what}: timed out, but the target names no component that dropped the packets")
        return met(text, _refusals(trial))

    return condition


def delivered(text: str, name: str) -> Condition:
    """Expect something to have come. That it did not counts only where it is known what held it back."""

    def condition(evidence: Evidence) -> Opinion:
        trial = evidence.trials.get(name)
        if trial is None or trial.ending is Ending.ERROR:
            return unknown(_not_tried(evidence, name, trial))
        if trial.ending is Ending.DONE:
            return met(text)
        if trial.refused_by is None:
            return unknown(f"{_how(trial)}, and nothing is known that held it back")
        return contradicted(_how(trial), _refusals(trial))

    return condition


def of_subjects(condition: Condition) -> Condition:
    """Ask ``condition`` only where the deployment has the functions that it is about."""

    def asked(evidence: Evidence) -> Opinion:
        return condition(evidence) if evidence.has_subjects else not_asked(NO_SUBJECTS)

    return asked


def _blame_problem(evidence: Evidence, trial: Trial, by: str | None, *, explicitly: bool) -> Opinion | None:
    """Say what is wrong with whom the denial blames; a target that blames nobody anywhere is forgiven."""
    if by is None:
        return None
    blamed = trial.refused_by
    if blamed is None:
        return unknown(f"{_how(trial)}, without naming a policy") if evidence.names_components else None
    if blamed.kind != by or (blamed.code == EXPLICIT) is not explicitly:
        wanted = f"an explicit deny in the {by}" if explicitly else f"the {by}"
        return contradicted(f"{trial.what}: denied by {blamed}, not by {wanted}", (blamed,))
    return None


def _control_problem(evidence: Evidence, controls: Sequence[str]) -> Opinion | None:
    for name in controls:
        trial = evidence.trials.get(name)
        if trial is None or trial.ending is not Ending.DONE:
            return unknown(
                f"control failed: {_not_tried(evidence, name, trial) if trial is None else _how(trial)}"
            )
    return None


def _not_tried(evidence: Evidence, name: str, trial: Trial | None) -> str:
    if trial is not None:
        return f"{trial.what}: {trial.message or 'could not be tried'}"
    experiment, _, case = name.partition("/")
    failure = evidence.failures.get(experiment)
    return f"{experiment}: {failure}" if failure else f"{experiment}: {case} was not tried"


def _how(trial: Trial) -> str:
    match trial.ending:
        case Ending.ABSENT:
            return f"{trial.what}: it did not come"
        case Ending.DONE:
            return f"{trial.what}: done"
        case Ending.ERROR:
            return f"{trial.what}: {trial.message or 'could not be tried'}"
        case _:
            return f"{trial.what}: {trial.ending.value} ({trial.code})"


def _refusals(trial: Trial) -> tuple[Refusal, ...]:
    return (trial.refused_by,) if trial.refused_by else ()
