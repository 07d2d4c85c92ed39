"""How the tests are shared out among the processes that run them (``pytest -n``, by pytest-xdist).

Most tests wait for something (a start, an interval, a deadline of a connection attempt), so there are more
processes than processors. What is made once for several tests is made in each process that runs one of them. So a
file stays together, and so do the files of a room that is expensive to prepare.
"""

import os
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PROCESSES_PER_PROCESSOR = 2
MOST_PROCESSES = 12

TOGETHER = ("verify",)
"""Rooms whose files share what takes minutes to make: all stacks, deployed and verified."""

FIRST = ("verify", "integration", "data_plane")
"""Rooms in the order in which their tests start: the long ones, so that no process is left alone with one."""

LONGEST: tuple[str, ...] = ()
"""Files of those rooms that start before all others: each takes longer than a minute."""


def processes() -> int:
    """Return how many processes `-n auto` means here."""
    return min(PROCESSES_PER_PROCESSOR * len(os.sched_getaffinity(0)), MOST_PROCESSES)


def share_out(items: list[pytest.Item]) -> None:
    """Put the long ones first, and tell pytest-xdist which ones stay together."""
    items.sort(key=lambda item: _rank(item.path))
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item.path)))


def _room(path: Path) -> str:
    return path.relative_to(TESTS).parts[0]


def _group(path: Path) -> str:
    return _room(path) if _room(path) in TOGETHER else str(path.relative_to(TESTS).with_suffix(""))


def _rank(path: Path) -> tuple[int, int]:
    room = _room(path)
    return (
        LONGEST.index(path.stem) if path.stem in LONGEST else len(LONGEST),
        FIRST.index(room) if room in FIRST else len(FIRST),
    )
