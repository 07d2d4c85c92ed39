"""The environment variables that point Pulumi and every AWS client at one target, and at nothing else."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from vpclab.toolchain import pulumi_cli
from vpclab.toolchain.error import ToolchainError
from vpclab.toolchain.project import STATE_VARIABLE, Project
from vpclab.toolchain.pulumi_cli import PulumiCli

REGION = "us-east-1"
CREDENTIAL = "test"
"""Key and secret that local targets take, as LocalStack's convention has it."""
PASSPHRASE = "vpclab"  # noqa: S105 - not a secret: no password passes through the program or its state
LOOPBACK = ("127.0.0.1", "localhost", "::1")
TARGET_VARIABLE = "VPCLAB_TARGET"
"""In an environment of ours: "local" for an endpoint on loopback, "aws" for AWS itself."""
ENDPOINT_VARIABLE = "AWS_ENDPOINT_URL"
LONGEST_WAIT_VARIABLE = "VPCLAB_LONGEST_WAIT_SECONDS"
"""Read by the stand-in plugin. On somebody else's emulator everything is done at once, or never."""
FOREIGN_TARGET_SECONDS = "20"
FOREIGN_PREFIXES = (f"{ENDPOINT_VARIABLE}_",)
FOREIGN = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_ROLE_ARN")
"""What a user's shell may hold that would lead an AWS client elsewhere."""


def pulumi_environment(
    endpoint: str,
    *,
    project: Project | None = None,
    plugin: str = "standin",
    cli: PulumiCli | None = None,
    backend: Path | None = None,
) -> dict[str, str]:
    """Return the variables for the local target at ``endpoint`` (a URL on loopback), changes only.

    Plain ``pulumi`` and any AWS client that get them use that target; ``plugin`` is "standin" or "official",
    ``backend`` where the stacks' state is, if not where the local cloud's is.

    Raises:
        ToolchainError: the endpoint is no URL on loopback, or there is no Pulumi command line.
    """
    address = loopback_endpoint(endpoint)
    here = project or Project.here()
    chosen = cli or pulumi_cli.require(here)
    no_proxy = ",".join(filter(None, [os.environ.get("NO_PROXY"), *LOOPBACK[:2]]))
    return {
        **_of_pulumi(here, chosen, plugin, backend or here.pulumi_backend),
        TARGET_VARIABLE: "local",
        ENDPOINT_VARIABLE: address,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": CREDENTIAL,
        "AWS_SECRET_ACCESS_KEY": CREDENTIAL,
        # A profile could name another endpoint, or a role; the metadata service could have other credentials.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
    }


def aws_environment(region: str, *, project: Project, cli: PulumiCli, backend: Path) -> dict[str, str]:
    """Return the variables for AWS itself, changes only: the user's credentials stay as they are.

    No endpoint of a profile counts: what is shown as AWS to the user has to be AWS.
    """
    return {
        **_of_pulumi(project, cli, "official", backend),
        TARGET_VARIABLE: "aws",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
    }


def _of_pulumi(project: Project, cli: PulumiCli, plugin: str, backend: Path) -> dict[str, str]:
    return {
        "PATH": _path(cli.path.parent),
        STATE_VARIABLE: str(project.state),
        "PULUMI_HOME": str(project.pulumi_home(plugin)),
        "PULUMI_BACKEND_URL": f"file://{backend}",
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        # A plugin that lies somewhere on PATH must not be taken for ours, nor one be downloaded in its place.
        "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_SUPPRESS_NEO_LINK": "true",
        "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
    }


def endpoint_variables(variables: Mapping[str, str] | None = None) -> list[str]:
    """Return the names of what sends AWS clients elsewhere than to AWS."""
    environ = os.environ if variables is None else variables
    return sorted(name for name in environ if name == ENDPOINT_VARIABLE or name.startswith(FOREIGN_PREFIXES))


def foreign_variables(variables: Mapping[str, str] | None = None) -> list[str]:
    """Return the names in ``variables`` (the process's, if not given) that would lead an AWS client elsewhere."""
    environ = os.environ if variables is None else variables
    return sorted(name for name in environ if name in FOREIGN or name.startswith(FOREIGN_PREFIXES))


def process_environment(changes: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment of a child process: ours with ``changes``, without what leads elsewhere.

    For AWS the user's profile and credentials lead to the right place.
    """
    away = endpoint_variables() if changes.get(TARGET_VARIABLE) == "aws" else foreign_variables()
    inherited = {name: value for name, value in os.environ.items() if name not in away}
    return {**inherited, **changes}


def export_lines(changes: Mapping[str, str], variables: Mapping[str, str] | None = None) -> str:
    """Return shell lines for ``eval``: what leads elsewhere is unset, every change exported."""
    unset = [f"unset {name}" for name in foreign_variables(variables)]
    return "\n".join([*unset, *(f"export {name}={shlex.quote(value)}" for name, value in changes.items())])


def loopback_endpoint(endpoint: str) -> str:
    """Return ``endpoint`` without a closing slash.

    Raises:
        ToolchainError: it is no http(s) URL, or its host is not on loopback.
    """
    parts = urlsplit(endpoint)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ToolchainError(f"{endpoint!r} is no endpoint: it should look like http://127.0.0.1:4566")
    if parts.hostname not in LOOPBACK:
        raise ToolchainError(
            f"the endpoint {endpoint} is not on this machine: local targets are on {', '.join(LOOPBACK)} only"
        )
    return endpoint.rstrip("/")


def _path(folder: Path) -> str:
    path = os.environ.get("PATH", os.defpath)
    return path if str(folder) in path.split(os.pathsep) else f"{folder}{os.pathsep}{path}"
