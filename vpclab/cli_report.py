"""What becomes of a report: the table on standard output, and the files."""

import sys
from pathlib import Path

from rich.console import Console

from vpclab.cli_terminal import answer, say
from vpclab.report import html, json_report, junit, terminal
from vpclab.statements.report import Report
from vpclab.toolchain.error import ToolchainError

WIDTH_WITHOUT_TERMINAL = 120


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
