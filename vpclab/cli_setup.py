"""``vpclab setup``: what pip cannot bring."""

from vpclab.cli_terminal import say
from vpclab.toolchain import nftables, pulumi_cli
from vpclab.toolchain.project import Project


def setup() -> None:
    """Bring the Pulumi command line and nftables, telling each step and its reason. Quick when all is there."""
    project = Project.here()
    nftables.provide(say)
    cli = pulumi_cli.provide(project, say)
    host = "official" if cli.official_language_host else "our stand-in (no official one beside the command line)"
    say(f"Pulumi's Python language host: {host}")
