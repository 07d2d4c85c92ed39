"""Becoming an ordinary user in the middle of a test that runs as root."""

import os
import sys
from pathlib import Path

from vpclab.localcloud import system_calls

ORDINARY_USER = 65534
PROJECT = Path(__file__).parents[1]


def become_ordinary_user() -> None:
    """Give up root for good. What Python and the tests need stays readable, whatever folders they are in.

    The calling process must be single-threaded and expendable: its mounts change too.
    """
    _open_paths(Path(sys.base_prefix).resolve(), Path(sys.prefix).resolve(), PROJECT)
    os.setgroups([])
    os.setresgid(ORDINARY_USER, ORDINARY_USER, ORDINARY_USER)
    os.setresuid(ORDINARY_USER, ORDINARY_USER, ORDINARY_USER)


def _open_paths(*needed: Path) -> None:
    """Let everybody reach ``needed``, in this process's mounts only: root's home may be closed to others."""
    system_calls.unshare(system_calls.CLONE_NEWNS)
    system_calls.mount("none", "/", "", system_calls.MS_REC | system_calls.MS_PRIVATE)
    opened = {path: os.open(path, os.O_PATH) for path in needed}
    for path, fd in sorted(opened.items(), key=lambda one: len(one[0].parts)):  # a folder before what is in it
        closed = [folder for folder in reversed(path.parents) if not folder.stat().st_mode & 0o001]
        if closed:
            system_calls.mount("open", closed[0], "tmpfs", 0, "mode=755")
        if not path.exists():
            path.mkdir(parents=True)
            system_calls.mount(f"/proc/self/fd/{fd}", path, "", system_calls.MS_BIND | system_calls.MS_REC)
