"""The report as one self-contained HTML page."""

import json
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from vpclab.report import wording
from vpclab.statements.observation import Observation
from vpclab.statements.report import Report
from vpclab.statements.statement import Verdict

TEMPLATE = "report.html.j2"


def render(report: Report) -> str:
    """Return the page as text."""
    environment = Environment(
        loader=PackageLoader("vpclab.report", "."),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["pretty"] = _pretty
    return (
        environment.get_template(TEMPLATE).render(
            report=report,
            summary=wording.summary(report),
            variants=wording.variants(report),
            rows=wording.rows(report),
            cell=wording.cell,
            verdicts=wording.VERDICTS,
            statements=wording.judged(report),
            alike=wording.alike,
            refusals=wording.refusals,
            refuted=Verdict.REFUTED,
        )
        + "\n"
    )


def write(report: Report, path: Path) -> None:
    """Write the page to ``path``; its directory is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(report), encoding="utf-8")


def _pretty(observation: Observation) -> str:
    told = {"stage": observation.stage, "error": observation.error, "seconds": observation.elapsed_seconds}
    return json.dumps(
        {**observation.evidence, **{key: value for key, value in told.items() if value is not None}}, indent=2
    )
