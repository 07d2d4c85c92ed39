"""What becomes of a report: the table on standard output, and the files."""

import sys
from pathlib import Path

from rich.console import Console

from vpclab.cli_terminal import answer, say
from vpclab.report import html, json_report, junit, terminal
from vpclab.statements import leftovers
from vpclab.statements.lease import Lease
from vpclab.statements.report import Report
from vpclab.statements.target import Target
from vpclab.toolchain.error import ToolchainError

WIDTH_WITHOUT_TERMINAL = 120


def tidy(held: Lease, target: Target) -> None:
    """Remove what verifications that were killed left at a target, and tell of it."""
    for run in held.abandoned:
        removed, problems = leftovers.remove(target, run, held.sources(run))
        if not problems:
            held.forget(run)
        for what in removed:
            say(f"removed what a killed verification left: {what}")
        for problem in problems:
            say(f"could not remove what a killed verification left: {problem}")


def present(report: Report, directory: Path, *, as_json: bool = False) -> None:
    """Print the report, and write report.json, report.xml (JUnit) and report.html into ``directory``.

    Raises:
        ToolchainError: they cannot be written there. The report has been printed all the same.
    """
    if as_json:
        answer(json_report.render(report).rstrip())
    else:
        terminal.render(report, Console(width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL))
    try:
        json_report.write(report, directory / "report.json")
        junit.write(report, directory / "report.xml")
        html.write(report, directory / "report.html")
    except OSError as failure:
        raise ToolchainError(
            f"the reports cannot be written to {directory} ({failure}); name another directory with --output"
        ) from None
    say(f"reports: {directory}/report.json, report.xml, report.html")
