"""Running the ``pulumi`` command line: tied to this process, with a time limit, ended in order on Ctrl-C."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from vpclab.toolchain.environment import TARGET_VARIABLE, process_environment
from vpclab.toolchain.error import ToolchainError
from vpclab.toolchain.project import Project

INTERRUPT_SECONDS = 15.0
LOCAL_SECONDS = 300.0
"""After which an operation on a local target, where everything takes seconds, is taken to hang."""
AWS_SECONDS = 7200.0
"""The same on AWS, where a database takes 15 minutes, and an interface of Lambda's up to 45 to go."""
TAIL_LINES = 25
MOST_DIAGNOSTICS = 100
DIAGNOSTICS = "Diagnostics:"
SECTIONS = (DIAGNOSTICS, "Outputs:", "Resources:")
"""Of what Pulumi prints in the end, in this order."""
TIED = Path(__file__).with_name("tied.py")

_LIBRARY_FRAME = re.compile(r'\s*File ".*/site-packages/.*", line \d+')
_REASON = re.compile(r"\s*(?:error|[\w.]*(?:Error|Exception)): (?P<reason>.*)")

INTERFACES_REFUSED = "does not have permissions to call CreateNetworkInterface"
"""Of Lambda's answer to UpdateFunctionConfiguration, which the official plugin's delete ends with too."""

OnOutput = Callable[[str], None]
"""Takes each line that Pulumi prints, without its line break."""


class DeploymentError(ToolchainError):
    """Pulumi could not do what was asked of a stack; the text ends with what it printed last."""


class _Running:
    """The Pulumi processes of this process, so that an interruption can end them in order."""

    def __init__(self) -> None:
        self._processes: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self.interrupted = False

    def add(self, process: "subprocess.Popen[str]") -> None:
        with self._lock:
            self._processes.add(process)

    def remove(self, process: "subprocess.Popen[str]") -> None:
        with self._lock:
            self._processes.discard(process)

    def signal(self, number: int) -> list["subprocess.Popen[str]"]:
        with self._lock:
            for process in self._processes:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, number)
            return list(self._processes)


_running = _Running()


def interrupt() -> None:
    """End every Pulumi process that this one started: asked first, so that state is saved; killed if it stays."""
    for process in _running.signal(signal.SIGINT):
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(INTERRUPT_SECONDS)
    _running.signal(signal.SIGKILL)


def ask(
    arguments: Sequence[str], environment: Mapping[str, str], folder: Path
) -> "subprocess.CompletedProcess[str]":
    """Run a command of Pulumi that takes a moment, for what it prints."""
    return subprocess.run(
        [_pulumi(environment), *arguments, "--non-interactive"],
        cwd=folder,
        env=process_environment(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def run(
    arguments: Sequence[str],
    variant: str,
    environment: Mapping[str, str],
    on_output: OnOutput,
    root: Path | None,
) -> None:
    """Run a command of Pulumi on the variant's stack, and give ``on_output`` each line as it comes.

    Raises:
        DeploymentError: it failed, took too long, or was interrupted.
    """
    tie = [sys.executable, "-I", "-S", str(TIED), str(os.getpid())]
    command = [*tie, _pulumi(environment), *arguments, "-s", variant, "--non-interactive", "--color", "never"]
    told = _Told()
    overdue = threading.Event()
    seconds = AWS_SECONDS if environment.get(TARGET_VARIABLE) == "aws" else LOCAL_SECONDS
    with subprocess.Popen(
        command,
        cwd=root or Project.here().root,
        env=process_environment(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # A group of its own: Ctrl-C is ours to pass on, once, so that Pulumi stops in order.
        process_group=0,
    ) as process:
        _running.add(process)
        limit = threading.Timer(seconds, _end, [process, overdue])
        limit.start()
        try:
            previous = ""
            for line in process.stdout or ():
                if text := line.rstrip():
                    if not _is_of_a_stack(text, previous):
                        told.add(text)
                    on_output(text)
                    previous = text
        finally:
            process.wait()
            limit.cancel()
            _running.remove(process)
    if process.returncode != 0:
        said = "\n".join(told.reason())
        if "currently locked by" in said:  # Pulumi's own advice supposes its variables in the shell
            said += f'\nIf nothing else is at work on it: eval "$(vpclab env)"; pulumi cancel -s {variant} --yes'
        if arguments[0] == "destroy" and INTERFACES_REFUSED in said:
            said += (
                "\nBefore a function in a VPC is deleted its security groups are exchanged "
                "(replaceSecurityGroupsOnDestroy), for which Lambda wants its role to have the EC2 permissions "
                f"that the program gave it: `vpclab up {variant}` gives them back, then destroy again"
            )
        what = f"was ended after {seconds:.0f} s" if overdue.is_set() else "failed"
        raise DeploymentError(f"`pulumi {arguments[0]}` {what} for {variant}:\n{said}")


def _is_of_a_stack(line: str, previous: str) -> bool:
    """Whether a line is of a library's stack, which buries the reason: a frame, its source, or marks below.

    The program's own frames stay: they are where its author has to look.
    """
    return bool(_LIBRARY_FRAME.match(line) or _LIBRARY_FRAME.match(previous) or not line.strip(" ^~"))


def _end(process: "subprocess.Popen[str]", overdue: threading.Event) -> None:
    overdue.set()
    for number in (signal.SIGINT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(INTERRUPT_SECONDS)


def _pulumi(environment: Mapping[str, str]) -> str:
    found = shutil.which("pulumi", path=environment["PATH"])
    if found is None:
        raise DeploymentError("the Pulumi command line is not on PATH; `make setup` brings it")
    return found


class _Told:
    """Of what Pulumi prints: its summary of what went wrong, else the last lines.

    Outputs follow the summary, more of them than a reader would go through.
    """

    def __init__(self) -> None:
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._diagnostics: list[str] = []
        self._section = ""

    def add(self, line: str) -> None:
        """Take a line."""
        self._tail.append(line)
        if line in SECTIONS:
            self._section = line
        if self._section == DIAGNOSTICS:
            self._diagnostics.append(line)

    def reason(self) -> list[str]:
        """Return the lines that say why."""
        return self._diagnostics[:MOST_DIAGNOSTICS] or list(self._tail)


def _diagnostics(lines: Sequence[str]) -> list[str]:
    """Keep Pulumi's own summary of what went wrong, if it got that far."""
    start = next((index for index, line in enumerate(lines) if line.startswith(DIAGNOSTICS)), 0)
    return list(lines)[start:]


def reasons(lines: Sequence[str]) -> list[str]:
    """Keep what each resource that failed said, without the program's stack and without the progress."""
    said = (match["reason"] for line in _diagnostics(lines) if (match := _REASON.match(line)))
    return list(
        dict.fromkeys(reason for reason in said if not reason.startswith(("update failed", "The program failed")))
    )
