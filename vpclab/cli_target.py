"""Which target a command is about: the project's own local cloud, a URL on loopback, or AWS."""

import socket
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

import typer

from vpclab.cli_cloud import require_running
from vpclab.toolchain import plugins
from vpclab.toolchain.environment import loopback_endpoint
from vpclab.toolchain.error import ToolchainError
from vpclab.toolchain.project import Project

LOCAL = "local"
AWS = "aws"
CONNECT_SECONDS = 5.0

Target = Annotated[
    str, typer.Option("--target", metavar="local|aws|URL", help="The local cloud, AWS, or a URL on loopback.")
]


class Plugin(StrEnum):
    """Which aws plugin serves local targets."""

    STANDIN = plugins.PLUGINS[0]
    OFFICIAL = plugins.PLUGINS[1]


PluginOption = Annotated[Plugin, typer.Option("--plugin", help="The aws plugin that Pulumi uses.")]


def endpoint_of(target: str, project: Project) -> str:
    """Return the URL of the target's API.

    Raises:
        ToolchainError: the local cloud does not run, nothing answers at the URL or it is not on loopback, or the
            target is AWS.
    """
    if target == LOCAL:
        return require_running(project).endpoint
    if target == AWS:
        raise ToolchainError(
            "--target aws is not supported yet: this version deploys to local targets only, and has created "
            "nothing. `vpclab cloud start` and --target local is what there is"
        )
    endpoint = loopback_endpoint(target)
    parts = urlsplit(endpoint)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 80), CONNECT_SECONDS).close()
    except (OSError, ValueError) as failure:
        raise ToolchainError(
            f"nothing answers at {endpoint} ({failure}); `vpclab cloud start` starts a local cloud"
        ) from None
    return endpoint
