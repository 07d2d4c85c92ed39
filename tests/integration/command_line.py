"""Typing a command: `vpclab` as a process of its own, with a state directory of the test's own."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
SECONDS = 300


@dataclass(frozen=True, slots=True)
class CommandLine:
    """Runs commands with the state directory ``state`` and the additional variables ``variables``.

    ``project``: a copy of the project, whose package and stack files are then used.
    """

    state: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    project: Path = REPOSITORY

    def __call__(self, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run `vpclab ARGUMENTS` and return how it ended."""
        return subprocess.run(
            [sys.executable, "-m", "vpclab", *arguments],
            cwd=self.project,
            env=self.environment(variables),
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )

    @contextmanager
    def start(self, *arguments: str) -> "Iterator[subprocess.Popen[str]]":
        """Start `vpclab ARGUMENTS` in a process group of its own, its error output to be read; kill it last."""
        with subprocess.Popen(
            [sys.executable, "-m", "vpclab", *arguments],
            cwd=self.project,
            env=self.environment({}),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,
        ) as started:
            try:
                yield started
            finally:
                started.kill()  # of one that has ended it takes no notice

    def environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Return what the command finds in its environment."""
        return {**os.environ, "VPCLAB_STATE": str(self.state), **self.variables, **variables}
