"""The report for a terminal: a truth table of what was observed, then the verdicts with their evidence.

Plain words carry the meaning; colour only repeats it, so that a dumb terminal loses nothing.
"""

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from vpclab.report import wording
from vpclab.statements.catalogue import CATALOGUE
from vpclab.statements.observation import Outcome, ProbeName
from vpclab.statements.report import Report
from vpclab.statements.statement import Statement, Verdict
from vpclab.statements.verdict import Judgement

VARIANT_WIDTH = 12
VERDICT_WIDTH = 19
INDENT = 5

_GOOD = "green"
_BAD = "bold red"
_QUIET = "dim"


def render(report: Report, console: Console | None = None) -> None:
    """Print the report to ``console``, by default to standard output."""
    console = console or Console()
    console.print(_truth_table(report, console), highlight=False)
    for statement in CATALOGUE:
        judgements = [judgement for judgement in report.judgements if judgement.statement == statement.id]
        if judgements:
            _print_statement(console, statement, judgements)
    style = _GOOD if not report.unexpected else _BAD
    console.print()
    console.print(Text(f"{report.target}: {wording.summary(report)}", style=style))


def _truth_table(report: Report, console: Console) -> Table:
    plain = console.is_dumb_terminal or not console.encoding.lower().startswith("utf")
    table = Table(box=box.ASCII2 if plain else box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("from the function", no_wrap=True)
    for variant in wording.variants(report):
        table.add_column(variant, overflow="fold")
    for probe, label in wording.ROWS.items():
        cells = []
        for variant in wording.variants(report):
            observation = report.observations[variant].get(probe)
            style = _BAD if observation is None or observation.outcome is Outcome.ERROR else ""
            cells.append(Text(wording.cell(ProbeName(probe), observation), style=style))
        table.add_row(label, *cells)
    return table


def _print_statement(console: Console, statement: Statement, judgements: list[Judgement]) -> None:
    heading = Table.grid(padding=(0, 1, 0, 0))
    heading.add_column(width=INDENT - 1)
    heading.add_column()
    heading.add_row(Text(statement.id, style="bold"), Text(statement.sentence, style="bold"))
    if statement.expects is Verdict.REFUTED:
        heading.add_row("", Text(f"Instead: {statement.documented}", style=_QUIET))
    console.print()
    console.print(heading)
    rows = Table.grid(padding=(0, 1, 0, 0))
    rows.add_column(width=VARIANT_WIDTH)
    rows.add_column(width=VERDICT_WIDTH)
    rows.add_column(overflow="fold")
    for judgement in judgements:
        rows.add_row(
            judgement.variant,
            Text(_verdict(judgement), style=_GOOD if judgement.as_expected else _BAD),
            judgement.observed,
        )
        for refusal in judgement.refused_by:
            rows.add_row("", "", Text(f"refused by {refusal}", style=_QUIET))
            if refusal.reason:
                rows.add_row("", "", Text(f"  {refusal.reason}", style=_QUIET))
    console.print(Padding(rows, (0, 0, 0, INDENT)), highlight=False)


def _verdict(judgement: Judgement) -> str:
    word = wording.VERDICTS[judgement.verdict]
    return word if judgement.as_expected else f"{word.upper()} (not {wording.VERDICTS[judgement.expected]})"
