"""The report for a terminal: what was observed and what became of the statements, then the verdicts' evidence.

Plain words carry the meaning; colour only repeats it, so that a dumb terminal loses nothing.
"""

from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from vpclab.report import wording
from vpclab.statements.observation import Outcome
from vpclab.statements.report import Report
from vpclab.statements.statement import Statement, Verdict
from vpclab.statements.verdict import Judgement

VARIANT_WIDTH = 12
VERDICT_WIDTH = 19
INDENT = 5
GAP = 3
"""Between two columns, its line included where there is one."""
SHORTEST_SENTENCE = 38
"""Columns for a statement in the table of verdicts: its number, and the longest name of a policy."""
PARTING = ":/-"
"""What ends a part of a name."""

_GOOD = "green"
_BAD = "bold red"
_QUIET = "dim"


def render(report: Report, console: Console | None = None) -> None:
    """Print the report to ``console``, by default to standard output."""
    console = console or Console()
    _print_truth_table(report, console)
    console.print()
    _print_verdict_table(report, console)
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


def _print_truth_table(report: Report, console: Console) -> None:
    """One row per target, one column per variant; below each other what is too wide side by side."""
    labels = wording.rows(report)
    beside = max(len("from the function"), *map(len, labels.values())) if labels else 0
    columns = {
        variant: [(probe, report.observations[variant].get(probe)) for probe in labels]
        for variant in wording.variants(report)
    }
    words = {variant: [wording.cell(*cell) for cell in cells] for variant, cells in columns.items()}
    least = {variant: max(map(len, (variant, *" ".join(told).split()))) for variant, told in words.items()}
    for number, shown in enumerate(_side_by_side(least, console.width - beside)):
        if number:
            console.print()
        left = console.width - beside - sum(least[variant] + GAP for variant in shown)
        table = _table(console)
        table.add_column("from the function", no_wrap=True)
        for variant in shown:
            more = min(max(map(len, (variant, *words[variant]))) - least[variant], max(left, 0))
            left -= more
            table.add_column(variant, width=least[variant] + more)
        for row, label in enumerate(labels.values()):
            cells = []
            for variant in shown:
                probe, observation = columns[variant][row]
                style = _BAD if observation is not None and observation.outcome is Outcome.ERROR else ""
                cells.append(Text(wording.cell(probe, observation), style=style))
            table.add_row(label, *cells)
        console.print(table, highlight=False)


def _side_by_side(widths: Mapping[str, int], room: int) -> list[list[str]]:
    """Return the variants whose columns fit beside each other, and the rest below, in their order."""
    rows: list[list[str]] = [[]]
    left = room
    for variant, width in widths.items():
        if rows[-1] and width + GAP > left:
            rows.append([])
            left = room
        rows[-1].append(variant)
        left -= width + GAP
    return rows


def _print_verdict_table(report: Report, console: Console) -> None:
    """One row per statement, one word per variant.

    Where a sentence would be cut to a few words only its number stands here: it follows in full anyhow.
    """
    rows = [
        (statement, {judgement.variant: judgement for judgement in judgements})
        for statement, judgements in wording.judged(report)
    ]
    widths = {
        variant: max(map(len, (variant, *(_word(found.get(variant)).plain for _, found in rows))))
        for variant in wording.variants(report)
    }
    for number, shown in enumerate(_side_by_side(widths, console.width - len("statement"))):
        if number:
            console.print()
        room = console.width - sum(widths[variant] + GAP for variant in shown)
        table = _table(console)
        table.add_column("statement", no_wrap=True)
        for variant in shown:
            table.add_column(variant, no_wrap=True, min_width=widths[variant])
        for statement, found in rows:
            told = f"{statement.id:<4} {statement.sentence}" if room >= SHORTEST_SENTENCE else statement.id
            table.add_row(Text(_shortened(told, room)), *(_word(found.get(variant)) for variant in shown))
        console.print(table, highlight=False)


def _word(judgement: Judgement | None) -> Text:
    if judgement is None:
        return Text("-", style=_QUIET)
    word = wording.VERDICTS[judgement.verdict].removesuffix(" here")
    good = judgement.as_expected
    return Text(word if good else word.upper(), style=_GOOD if good else _BAD)


def _shortened(text: str, width: int) -> str:
    """Cut between words."""
    return text if len(text) <= width else f"{text[: width - 3].rpartition(' ')[0].rstrip(',;:(')}..."


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
    room = console.width - INDENT - VARIANT_WIDTH - VERDICT_WIDTH - 2
    for group in wording.alike(judgements):
        judgement = group[0]
        told = Text(_broken(judgement.observed, room))
        for who, reasons in wording.refusals(judgement).items():
            told.append(_broken(f"\nrefused by {who}", room), style=_QUIET)
            for reason in reasons:
                told.append(_broken(f"\n  {reason}", room), style=_QUIET)
        rows.add_row(
            "\n".join(one.variant for one in group),
            Text(wording.verdict(judgement), style=_GOOD if judgement.as_expected else _BAD),
            told,
        )
    console.print(Padding(rows, (0, 0, 0, INDENT)), highlight=False)


def _broken(text: str, width: int) -> str:
    """Break what is longer than a line, such as an ARN, where one of its parts ends."""
    return " ".join(_pieces(word, max(width, 1)) for word in text.split(" "))


def _pieces(word: str, width: int) -> str:
    pieces = []
    while len(word) > width:
        end = max(word.rfind(mark, 0, width) for mark in PARTING) + 1 or width
        pieces.append(word[:end])
        word = word[end:]
    return "\n".join([*pieces, word])
