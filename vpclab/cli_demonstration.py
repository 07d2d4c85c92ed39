"""One demonstration: a local cloud with a state directory of its own, from start to nothing left."""

import contextlib
import shutil
import signal
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from vpclab.cli_report import present
from vpclab.cli_terminal import Stopwatch, prefixed, say
from vpclab.cli_variants import for_each
from vpclab.localcloud import daemon
from vpclab.statements import runner
from vpclab.statements.report import Report
from vpclab.statements.target import Target
from vpclab.toolchain import deployment, stack_region
from vpclab.toolchain.environment import REGION
from vpclab.toolchain.project import Project

ANY_PORT = 0


class Demonstration:
    """The variants ``variants``, up, verified and destroyed, ``jobs`` stacks at a time; reports go to ``output``.

    It has a port and a state directory of its own, so that a local cloud that the user runs is not touched.
    """

    def __init__(self, project: Project, variants: Sequence[str], plugin: str, output: Path, jobs: int) -> None:
        self._project = project
        self._variants = variants
        self._plugin = plugin
        self._output = output
        self._jobs = jobs
        self._watch = Stopwatch()

    def run(self) -> int:
        """Do it all; return the exit code. However it ends, nothing of it keeps running.

        Where something fails, the cloud's end is the tearing down: it takes along all that was deployed to it.

        Raises:
            ToolchainError, DaemonError, VerificationError: something could not be done.
        """
        intended = stack_region.intended(self._variants, self._project.root, REGION)
        region = stack_region.only(intended, REGION, "`vpclab demo`")
        with _own_state(self._project) as project, self._cloud(project) as endpoint:
            environment = deployment.prepare(endpoint, project=project, plugin=self._plugin)
            report = self._verify(environment, Target.local(endpoint, region=region), project)
            self._destroy(environment, project)
        present(report, self._output)
        self._tell_where_the_time_went()
        return report.exit_code

    @contextlib.contextmanager
    def _cloud(self, project: Project) -> Iterator[str]:
        status = daemon.start(ANY_PORT, project.cloud, lifeline=True)
        self._watch.lap("local cloud: start")
        say(f"a local cloud of the demo's own serves at {status.endpoint}")
        try:
            yield status.endpoint
        finally:
            with _undisturbed():
                deployment.interrupt()
                daemon.stop(project.cloud)
            self._watch.lap("local cloud: stop")
            say("the demo's local cloud is stopped; nothing of it is left")

    def _verify(self, environment: Mapping[str, str], target: Target, project: Project) -> Report:
        outputs: dict[str, dict[str, object]] = {}

        def deploy(variant: str) -> None:
            deployment.up(variant, environment, prefixed(variant), root=project.root)
            outputs[variant] = deployment.outputs(variant, environment, root=project.root)

        for_each(self._variants, deploy, self._jobs)
        self._watch.lap(f"pulumi up: {len(self._variants)} stacks, {self._jobs} at a time")
        say("probing from inside the functions")
        report = runner.verify({variant: outputs[variant] for variant in self._variants}, target)
        self._watch.lap("verify")
        return report

    def _destroy(self, environment: Mapping[str, str], project: Project) -> None:
        for_each(
            self._variants,
            lambda variant: deployment.destroy(variant, environment, prefixed(variant), root=project.root),
            self._jobs,
        )
        self._watch.lap(f"pulumi destroy: {len(self._variants)} stacks, {self._jobs} at a time")

    def _tell_where_the_time_went(self) -> None:
        say(f"where the {self._watch.total:.1f} s went:")
        for name, seconds in self._watch.parts:
            say(f"  {seconds:6.1f} s  {name}")


@contextlib.contextmanager
def _own_state(project: Project) -> Iterator[Project]:
    directory = Path(tempfile.mkdtemp(prefix="vpclab-demo-"))
    try:
        yield replace(project, state=directory)
    finally:
        with _undisturbed():
            shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep a second Ctrl-C from cutting the clearing away short; every step in it ends by itself."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
