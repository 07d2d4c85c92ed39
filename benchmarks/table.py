"""What every benchmark prints: a table of medians, and the machine that they were measured on."""

import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Sequence


def milliseconds(call: Callable[[], object]) -> float:
    """Return how long one call took."""
    started = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - started)


def middle(values: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def machine() -> str:
    """Say what was measured on, and how busy that was; no names."""
    release = ".".join(platform.release().split(".")[:2])
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores, Linux {release}, Python {platform.python_version()}; load before: {load:.1f}"


def show(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table: the first column to the left, the others to the right."""
    lines = [list(heads), *(list(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    print(f"\n{title}")
    for number, line in enumerate(lines):
        cells = [
            line[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)),
        ]
        print("  ".join(cells).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths), flush=True)
