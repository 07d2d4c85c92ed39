"""``vpclab doctor``: what this machine has and lacks, each lack with its remedy."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from vpclab.cli_terminal import CANNOT, answer
from vpclab.toolchain.project import Project

MARKS = {"ok": "ok", "stand-in": "stand-in", "absent": "absent", "missing": "MISSING"}


def doctor(*, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Tell what this machine has and lacks. Exit 1 if something that is needed is missing."""
    from vpclab.cli_doctor_checks import examine  # noqa: PLC0415 - it reaches for everything

    findings = []
    for finding in examine(Project.here()):
        findings.append(finding)
        if not as_json:
            answer(f"{MARKS[finding.state]:>8}  {finding.name}: {finding.detail}")
            if finding.remedy:
                answer(f"{'':>8}    -> {finding.remedy}")
    lacking = [finding.name for finding in findings if finding.serious]
    if as_json:
        answer(json.dumps({"ready": not lacking, "findings": [asdict(finding) for finding in findings]}, indent=2))
    elif lacking:
        answer(f"Not ready: {', '.join(lacking)}.")
    else:
        answer("Ready.")
    if lacking:
        raise typer.Exit(CANNOT)
