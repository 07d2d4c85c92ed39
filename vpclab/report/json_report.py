"""The report as JSON, for other programs.

``verdicts`` is a list of ``{statement, variant, verdict, documented, observed, refused_by}``; ``refused_by`` names
the components in one text, null where nothing was refused. ``observations`` maps variant and probe to
``{outcome, evidence}``; ``evidence`` has what the probe saw, and beside it ``stage``, ``error``,
``elapsed_seconds`` and ``refused_by`` with the parts of each refusal. ``controls`` has the observations of the
function outside any VPC in the same shape. ``trials`` maps variant and trial to ``{what, ending, code, message,
refused_by, evidence}``: calls under known permissions, and deliveries. ``left`` lists what experiments could not
undo. ``unexpected`` lists the verdicts that are not as documented.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vpclab.statements.observation import Observation, ProbeName
from vpclab.statements.report import Report
from vpclab.statements.trial import Trial
from vpclab.statements.verdict import Judgement


def render(report: Report) -> str:
    """Return the report as JSON text."""
    return json.dumps(document(report), indent=2) + "\n"


def write(report: Report, path: Path) -> None:
    """Write the report to ``path``; its directory is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(report), encoding="utf-8")


def document(report: Report) -> dict[str, Any]:
    """Return the report as JSON values."""
    return {
        "target": report.target,
        "started": report.started.isoformat(),
        "finished": report.finished.isoformat(),
        "exit_code": report.exit_code,
        "verdicts": [_verdict(judgement) for judgement in report.judgements],
        "observations": {
            variant: _observations(observations) for variant, observations in report.observations.items()
        },
        "controls": _observations(report.controls),
        "trials": {
            variant: {name: _trial(trial) for name, trial in trials.items()}
            for variant, trials in report.trials.items()
        },
        "left": list(report.left),
        "unexpected": [
            {
                "statement": judgement.statement,
                "variant": judgement.variant,
                "verdict": judgement.verdict,
                "expected": judgement.expected,
            }
            for judgement in report.unexpected
        ],
    }


def _verdict(judgement: Judgement) -> dict[str, Any]:
    return {
        "statement": judgement.statement,
        "variant": judgement.variant,
        "verdict": judgement.verdict,
        "documented": judgement.documented,
        "observed": judgement.observed,
        "refused_by": "; ".join(map(str, judgement.refused_by)) or None,
    }


def _trial(trial: Trial) -> dict[str, Any]:
    return {
        "what": trial.what,
        "ending": trial.ending,
        "code": trial.code,
        "message": trial.message,
        "refused_by": asdict(trial.refused_by) if trial.refused_by else None,
        "evidence": dict(trial.evidence),
    }


def _observations(observations: Mapping[ProbeName, Observation]) -> dict[str, Any]:
    return {probe.value: _observation(observation) for probe, observation in observations.items()}


def _observation(observation: Observation) -> dict[str, Any]:
    told = {
        "stage": observation.stage,
        "error": observation.error,
        "elapsed_seconds": observation.elapsed_seconds,
        "refused_by": [asdict(refusal) for refusal in observation.refused_by] or None,
    }
    return {
        "outcome": observation.outcome,
        "evidence": {
            **observation.evidence,
            **{key: value for key, value in told.items() if value is not None},
        },
    }
