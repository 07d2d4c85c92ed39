"""Invocations beside ministack 1.5.33: cold, warm, and how many a second for several clients; one run, in turns.

    .venv/bin/python -m benchmarks.ministack

ministack goes into a virtual environment of its own in the cache directory, on the first run, from
tests/targets/requirements-ministack.txt. What is compared does not promise the same:

- ministack keeps a process of its own Python for each environment and talks to it over pipes. The process has
  ministack's user, files, network and other processes; a VpcConfig changes nothing.
- here each execution environment has namespaces, a root file system and limits of its own, runs AWS's runtime
  client against a Runtime API, and ships its logs; with a VpcConfig it is behind a network interface.

A cold invocation is the first of a function that never ran. The client signs once and keeps its connection. The
handler prints a line, as most do: to one that prints nothing ministack listens for 50 ms more, by its design.
"""

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from benchmarks.invocation import SILENT, TRUST, function, vpc_config
from benchmarks.signed import SignedInvocation
from benchmarks.table import machine, middle, milliseconds, show
from tests.targets import emulators
from vpclab.localcloud import daemon
from vpclab.toolchain.project import Project

ROUNDS = 12
WARM_PER_ROUND = 15
CLIENTS = (1, 8, 32)
BLOCKS = 3
BLOCK_SECONDS = 1.5
PRINTING = "def handler(event, context):\n    print('asked')\n    return event\n"
HERE, HERE_IN_VPC, MINISTACK = "here", "here, in a VPC", "ministack"


@dataclass(frozen=True)
class Contestant:
    """Where functions can be made and invoked, and what they are made with."""

    name: str
    endpoint: str
    functions: Any
    role: str
    network: dict[str, Any]

    def make(self, name: str, handler: str) -> str:
        """Make a function that answers its event."""
        name = f"{name}{'-vpc' if self.network else ''}"
        return function(self.functions, self.role, name, self.network, handler=handler)


def main() -> int:
    """Measure and print."""
    try:
        emulators.ministack_python(Project.here().cache)
    except (OSError, subprocess.SubprocessError) as failure:
        print(f"ministack could not be installed, so there is nothing to compare with: {failure}", file=sys.stderr)
        return 1
    print(machine())
    with contestants() as present:
        single(present)
        together(present)
    return 0


@contextmanager
def contestants() -> Iterator[list[Contestant]]:
    """Start both clouds, side by side."""
    with ExitStack() as undo:
        directory = Path(undo.enter_context(tempfile.TemporaryDirectory()))
        here = daemon.start(0, directory / "here", lifeline=True).endpoint
        undo.callback(daemon.stop, directory / "here")
        there = undo.enter_context(emulators.ministack(directory / "there"))
        yield [
            contestant(HERE, here, in_vpc=False),
            contestant(HERE_IN_VPC, here, in_vpc=True),
            contestant(MINISTACK, there, in_vpc=False),
        ]


def contestant(name: str, endpoint: str, *, in_vpc: bool) -> Contestant:
    """Make a role, and a VPC where one is wanted."""
    session = boto3.Session("test", "test", region_name="us-east-1")
    iam, role = session.client("iam", endpoint_url=endpoint), f"benchmark-{in_vpc}".lower()
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    policy = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
    iam.attach_role_policy(RoleName=role, PolicyArn=policy)
    network = vpc_config(session.client("ec2", endpoint_url=endpoint)) if in_vpc else {}
    return Contestant(name, endpoint, session.client("lambda", endpoint_url=endpoint), arn, network)


def single(present: list[Contestant]) -> None:
    """One invocation at a time: the first of a function, later ones, and those of one that prints nothing."""
    took: dict[tuple[str, str], list[float]] = {}
    silent = {one.name: one.make("silent", SILENT) for one in present}
    names = {one.name: [one.make(f"single-{number}", PRINTING) for number in range(ROUNDS + 1)] for one in present}
    for number in range(ROUNDS + 1):
        for one in present:
            invoke = SignedInvocation(one.endpoint, names[one.name][number])
            cold = [milliseconds(invoke)]
            warm = [milliseconds(invoke) for _ in range(WARM_PER_ROUND)]
            invoke.close()
            invoke = SignedInvocation(one.endpoint, silent[one.name])
            quiet = [milliseconds(invoke) for _ in range(WARM_PER_ROUND)]
            invoke.close()
            if number:  # the very first warms the cloud itself
                for kind, values in (("cold", cold), ("warm", warm), ("silent", quiet)):
                    took.setdefault((one.name, kind), []).extend(values)
    rows = [
        (
            one.name,
            *(
                cell
                for kind in ("cold", "warm", "silent")
                for value in [middle(took[one.name, kind])]
                for cell in (f"{value:.1f}", f"{value / middle(took[MINISTACK, kind]):.2f}")
            ),
        )
        for one in present
    ]
    heads = ["", "cold ms", "x ministack", "warm ms", "x ministack", "silent ms", "x ministack"]
    show("one at a time, medians", heads, rows)


def together(present: list[Contestant]) -> None:
    """Several clients that invoke one function without a pause, each cloud in turn."""
    names = {one.name: one.make("together", PRINTING) for one in present}
    rates: dict[tuple[str, int], list[float]] = {}
    for clients in CLIENTS:
        for block in range(BLOCKS + 1):
            for one in present:
                rate = throughput(one.endpoint, names[one.name], clients)
                if block:  # the first makes the environments
                    rates.setdefault((one.name, clients), []).append(rate)
    rows = [
        (
            one.name,
            *(
                cell
                for clients in CLIENTS
                for rate in [middle(rates[one.name, clients])]
                for cell in (f"{rate:.0f}", f"{rate / middle(rates[MINISTACK, clients]):.2f}")
            ),
        )
        for one in present
    ]
    heads = [head for clients in CLIENTS for head in (f"{clients} clients", "x ministack")]
    show("invocations a second, medians", ["", *heads], rows)


def throughput(endpoint: str, name: str, clients: int) -> float:
    """Return how many invocations a second are answered."""
    stop = threading.Event()
    counts: list[int] = []
    failures: list[SystemExit] = []

    def client() -> None:
        invoke, done = SignedInvocation(endpoint, name), 0
        try:
            while not stop.is_set():
                invoke()
                done += 1
        except SystemExit as failure:
            failures.append(failure)
        finally:
            invoke.close()
            counts.append(done)

    threads = [threading.Thread(target=client) for _ in range(clients)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    stop.wait(BLOCK_SECONDS)
    stop.set()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return sum(counts) / (time.perf_counter() - started)


if __name__ == "__main__":
    sys.exit(main())
