"""``vpclab env``: lines for the shell, so that plain ``pulumi`` and AWS clients use the local cloud."""

from typing import Annotated

import typer

from vpclab.cli_cloud import DEFAULT_PORT
from vpclab.cli_target import Plugin, PluginOption
from vpclab.cli_terminal import answer, say
from vpclab.localcloud import daemon
from vpclab.toolchain import deployment, environment, stack_region
from vpclab.toolchain.project import Project


def env(
    port: Annotated[
        int | None,
        typer.Option("--port", min=1, max=65535, help="The local cloud's port, if not the running one's."),
    ] = None,
    plugin: PluginOption = Plugin.STANDIN,
) -> None:
    """Print export lines: eval "$(vpclab env)" and plain `pulumi up -s private-nat` works."""
    project = Project.here()
    running = daemon.status(project.cloud)
    if port is None:
        port = running.port if running else DEFAULT_PORT
    if running is None or running.port != port:
        say(f"note: no local cloud of this project serves on port {port} yet; `vpclab cloud start` starts one")
    variables = deployment.prepare(f"http://127.0.0.1:{port}", project=project, plugin=plugin.value)
    stacks = (*deployment.VARIANTS, *deployment.ALTERNATIVES)
    for variant, region in stack_region.intended(stacks, project.root, environment.REGION).items():
        deployment.create_stack(variant, variables, root=project.root)
        if region != environment.REGION:
            say(f"note: {variant} is in {region} by its stack file; AWS clients see it with --region {region}")
    answer(environment.export_lines(variables))
