"""How much memory a sandbox holds, all of its processes together, told from /proc (proc(5)).

The sum of the resident sets is cheap and counts pages that processes share once for each of them; only when that
sum is too large is each page's share asked for, which takes the kernel a walk through the page tables.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_MEBIBYTE = 1024 * 1024
_PAGE = os.sysconf("SC_PAGESIZE")


def processes(first: int) -> Iterator[int]:
    """The processes that descend from ``first``, the sandbox's first process, which itself is the service's."""
    waiting = [first]
    while waiting:
        parent = waiting.pop()
        children = _children(parent)
        yield from children
        waiting += children


def used_mb(first: int, bound_mb: int) -> int:
    """Return the MiB that the sandbox's processes hold together: exact when more than ``bound_mb``, else at most.

    Processes that end meanwhile count for nothing.
    """
    pids = list(processes(first))
    resident = sum(map(_resident, pids))
    if len(pids) > 1 and resident > bound_mb * _MEBIBYTE:
        resident = sum(map(_proportional, pids))
    return -(-resident // _MEBIBYTE)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - ten times a second for each environment
            with suppress(OSError):
                found += map(int, Path(f"/proc/{pid}/task/{thread}/children").read_text().split())
    return found


def _resident(pid: int) -> int:
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    return 0


def _proportional(pid: int) -> int:
    """The process's pages, each divided by how many processes have it."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
