"""How the tests are shared out among the processes that run them (``pytest -n``, by pytest-xdist).

Most tests wait for something (a start, an interval, a deadline of a connection attempt), so there are more
processes than processors. What is made once for several tests is made in each process that runs one of them. So a
file stays together, and so do the files of a room that is expensive to prepare.
"""

import os
from pathlib import PurePosixPath

import pytest
from xdist.scheduler import LoadScopeScheduling

PROCESSES_PER_PROCESSOR = 2
MOST_PROCESSES = 12

TOGETHER = ("tests/verify",)
"""Rooms whose files share what takes minutes to make: all stacks, deployed and verified."""

FIRST = (
    "tests/integration/test_plugin_program.py",
    "tests/integration/test_plugin_services.py",
    "tests/integration/test_plugin_resources.py",
    "tests/verify",
    "tests/integration/test_target_emulators.py",
    "tests/integration/test_cli_variants.py",
    "tests/integration/test_target_aws.py",
    "tests/integration/test_databases.py",
    "tests/integration",
    "tests/data_plane",
)
"""Files and rooms in the order they start in: the longest first, so that no process is left alone with one."""


class RoomScheduling(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist has no type information
    """Gives each process whole groups, in the order in which they were collected.

    pytest-xdist's own groups (``--dist loadgroup``) are names added to the identifiers of tests. pytest 9.2 no
    longer lets it add them: each test would be a group. https://pytest-xdist.readthedocs.io/en/stable/how-to.html
    """

    def __init__(self, config: pytest.Config, log: object) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)


def processes() -> int:
    """Return how many processes `-n auto` means here."""
    return min(PROCESSES_PER_PROCESSOR * len(os.sched_getaffinity(0)), MOST_PROCESSES)


def group(identifier: str) -> str:
    """Return the file or the room that the test is in; its tests run in one process."""
    path = PurePosixPath(identifier.partition("::")[0])
    return str(path.parent) if str(path.parent) in TOGETHER else str(path)


def rank(identifier: str) -> int:
    """Return where in the order of all tests the test is; equals stay as they are."""
    path = PurePosixPath(identifier.partition("::")[0])
    return next((index for index, first in enumerate(FIRST) if path.is_relative_to(first)), len(FIRST))
