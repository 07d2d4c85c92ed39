"""The report for a terminal: what was observed and what became of the statements, then the verdicts' evidence.

Plain words carry the meaning; colour only repeats it, so that a dumb terminal loses nothing.
"""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from vpclab.report import wording
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
    console.print()
    console.print(_verdict_table(report, console), highlight=False)
    for statement, judgements in wording.judged(report):
        _print_statement(console, statement, judgements)
    good = not report.unexpected and not report.left
    console.print()
    for left in report.left:
        console.print(Text(left, style=_BAD))
    console.print(Text(f"{report.target}: {wording.summary(report)}", style=_GOOD if good else _BAD))


def _table(console: Console) -> Table:
    plain = console.is_dumb_terminal or not console.encoding.lower().startswith("utf")
    return Table(box=box.ASCII2 if plain else box.SIMPLE_HEAD, pad_edge=False, show_edge=False)


def _truth_table(report: Report, console: Console) -> Table:
    table = _table(console)
    table.add_column("from the function", no_wrap=True)
    for variant in wording.variants(report):
        table.add_column(variant, overflow="fold")
    for probe, label in wording.rows(report).items():
        cells = []
        for variant in wording.variants(report):
            observation = report.observations[variant].get(probe)
            style = _BAD if observation is not None and observation.outcome is Outcome.ERROR else ""
            cells.append(Text(wording.cell(ProbeName(probe), observation), style=style))
        table.add_row(label, *cells)
    return table


def _verdict_table(report: Report, console: Console) -> Table:
    """One row per statement, one word per variant."""
    table = _table(console)
    table.add_column("statement", no_wrap=True, ratio=1)
    for variant in wording.variants(report):
        table.add_column(variant, no_wrap=True, min_width=len(variant))
    for statement, judgements in wording.judged(report):
        found = {judgement.variant: judgement for judgement in judgements}
        cells = []
        for variant in wording.variants(report):
            judgement = found.get(variant)
            if judgement is None:
                cells.append(Text("-", style=_QUIET))
            else:
                word = wording.VERDICTS[judgement.verdict].removesuffix(" here")
                good = judgement.as_expected
                cells.append(Text(word if good else word.upper(), style=_GOOD if good else _BAD))
        width = console.width - sum(max(len(variant), VARIANT_WIDTH) + 2 for variant in wording.variants(report))
        table.add_row(Text(_shortened(f"{statement.id:<4} {statement.sentence}", max(width, 20))), *cells)
    return table


def _shortened(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 3].rstrip()}..."


def _print_statement(console: Console, statement: Statement, judgements: Sequence[Judgement]) -> None:
    heading = Table.grid(padding=(0, 1, 0, 0))
    heading.add_column(width=INDENT - 1)
    heading.add_column()
    heading.add_row(Text(statement.id, style="bold"), Text(statement.sentence, style="bold"))
    if statement.expects is Verdict.REFUTED:
        heading.add_row("", Text(f"Instead: {statement.documented}", style=_QUIET))
    console.print()
    console.print(heading)
    rows = Table.grid(padding=(0, 1, 0, 0))
    rows.add_column(width=VARIANT_WIDTH, overflow="fold")
    rows.add_column(width=VERDICT_WIDTH)
    rows.add_column(overflow="fold")
    for group in wording.alike(judgements):
        judgement = group[0]
        told = Text(judgement.observed)
        for who, reasons in wording.refusals(judgement).items():
            told.append(f"\nrefused by {who}", style=_QUIET)
            for reason in reasons:
                told.append(f"\n  {reason}", style=_QUIET)
        rows.add_row(
            "\n".join(one.variant for one in group),
            Text(wording.verdict(judgement), style=_GOOD if judgement.as_expected else _BAD),
            told,
        )
    console.print(Padding(rows, (0, 0, 0, INDENT)), highlight=False)
