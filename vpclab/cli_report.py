"""What becomes of a report: the table on standard output, and the files."""

import sys
from pathlib import Path

from rich.console import Console

from vpclab.cli_terminal import answer, say
from vpclab.report import html, json_report, junit, terminal
from vpclab.statements.report import Report

WIDTH_WITHOUT_TERMINAL = 120


def present(report: Report, directory: Path, *, as_json: bool = False) -> None:
    """Print the report, and write report.json, report.xml (JUnit) and report.html into ``directory``."""
    json_report.write(report, directory / "report.json")
    junit.write(report, directory / "report.xml")
    html.write(report, directory / "report.html")
    if as_json:
        answer(json_report.render(report).rstrip())
    else:
        terminal.render(report, Console(width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL))
    say(f"reports: {directory}/report.json, report.xml, report.html")
