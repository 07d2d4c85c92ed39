"""``vpclab demo``: everything once, on a local cloud of its own that is gone afterwards."""

from typing import Annotated

import typer

from vpclab.cli_target import Plugin, PluginOption
from vpclab.cli_variants import JOBS, Output, Variants, choose
from vpclab.toolchain import deployment
from vpclab.toolchain.project import Project


def demo(
    variants: Variants = None,
    plugin: PluginOption = Plugin.STANDIN,
    output: Output = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="How many stacks at a time.")] = JOBS,
) -> None:
    """Deploy everything on a cloud of its own, verify, destroy, and print the truth table.

    Exit 0 if every statement came out as documented, 2 if one did not, 1 if something could not be done.
    """
    from vpclab.cli_demonstration import Demonstration  # noqa: PLC0415 - it reaches for everything

    project = Project.here()
    stacks = choose(variants, (*deployment.VARIANTS, *deployment.ALTERNATIVES))
    demonstration = Demonstration(project, stacks, plugin.value, output or project.reports, jobs)
    raise typer.Exit(demonstration.run())
