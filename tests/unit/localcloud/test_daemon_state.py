"""The note of a running local cloud, and how it goes stale."""

import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from vpclab.localcloud import daemon_state
from vpclab.localcloud.daemon_state import DaemonStatus


def own_note() -> DaemonStatus:
    birth = daemon_state.birth_of(os.getpid())
    assert birth is not None
    return DaemonStatus(pid=os.getpid(), port=4566, started=1.0, birth=birth)


def test_note_can_name_a_running_process(tmp_path: Path) -> None:
    """What was written is read back as long as that process runs."""
    daemon_state.write(tmp_path, own_note())
    assert daemon_state.read(tmp_path) == own_note()


def test_note_cannot_name_another_process_with_the_same_pid(tmp_path: Path) -> None:
    """A pid is given again after a while; the time of birth is not."""
    daemon_state.write(tmp_path, replace(own_note(), birth=1))
    assert daemon_state.read(tmp_path) is None


def test_note_cannot_name_a_process_that_ended(tmp_path: Path) -> None:
    """A killed local cloud leaves its note behind."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    daemon_state.write(tmp_path, replace(own_note(), pid=ended.pid))
    assert daemon_state.read(tmp_path) is None


def test_note_can_be_damaged(tmp_path: Path) -> None:
    """Half a note, or something else, counts as none."""
    for text in ("", "{", "[]", '{"pid": 1}', "\x00"):
        (tmp_path / daemon_state.FILE_NAME).write_text(text)
        assert daemon_state.read(tmp_path) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"pid": -1, "birth": None},
        {"pid": 0, "birth": None},
        {"pid": 2**30, "birth": None},
        {"pid": str(os.getpid())},
        {"pid": 1, "birth": daemon_state.birth_of(1)},
        {"port": None},
    ],
)
def test_note_cannot_name_what_is_no_daemon(tmp_path: Path, wrong: dict[str, object]) -> None:
    """kill(2) takes -1 for every process there is: such a note must not reach it."""
    note = json.dumps({**asdict(own_note()), **wrong})
    (tmp_path / daemon_state.FILE_NAME).write_text(note)
    assert daemon_state.read(tmp_path) is None
