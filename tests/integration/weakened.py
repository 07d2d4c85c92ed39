"""The local cloud's package with a protection taken away: how a test of isolation shows that it can fail."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import vpclab

PACKAGE = Path(vpclab.__file__).parent


@dataclass(frozen=True)
class Change:
    """In a file of ``lambda_runtime``, one text in the place of another, which must be there once."""

    file: str
    old: str
    new: str


@contextmanager
def weakened(changes: Sequence[Change]) -> Iterator[None]:
    """Have programs that are started meanwhile (the fork server) import a package with these changes.

    Changes this process's directory and environment: for the inside of a private world.
    """
    with tempfile.TemporaryDirectory(prefix="weakened-") as name:
        Path(name).chmod(0o755)
        copy = Path(name) / PACKAGE.name
        shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
        for change in changes:
            file = copy / "localcloud/lambda_runtime" / change.file
            text = file.read_text()
            assert text.count(change.old) == 1, f"{change.file} has not once: {change.old}"
            file.write_text(text.replace(change.old, change.new))
        before = Path.cwd()
        os.chdir(name)  # `python -m` looks here first
        try:
            yield
        finally:
            os.chdir(before)
