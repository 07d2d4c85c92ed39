"""The real ``pulumi`` on the project's stacks: one per variant, several at once if wanted."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from vpclab.toolchain import plugins, pulumi_cli
from vpclab.toolchain.environment import (
    FOREIGN_TARGET_SECONDS,
    LONGEST_WAIT_VARIABLE,
    aws_environment,
    pulumi_environment,
)
from vpclab.toolchain.project import Project
from vpclab.toolchain.pulumi_process import DeploymentError, OnOutput, ask, interrupt, reasons, run

__all__ = ["DeploymentError", "OnOutput", "ask", "interrupt"]

VARIANTS = ("default", "private-nat", "public", "endpoints")
ALTERNATIVES = ("private-nat-instance",)
"""Stacks that show another way to build a variant. They are up where they are named."""
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine writes for a value that it does not know, because its resource could not be made."""


def prepare(
    endpoint: str, *, project: Project | None = None, plugin: str = "standin", backend: Path | None = None
) -> dict[str, str]:
    """Place plugins and directories for the local target at ``endpoint``; return the environment for the rest.

    ``backend``: where the stacks' state is, if not where the local cloud's is.

    Raises:
        ToolchainError: no Pulumi command line, no such plugin, or the endpoint is not on loopback.
    """
    here = project or Project.here()
    cli = pulumi_cli.require(here)
    state = backend or here.pulumi_backend
    environment = pulumi_environment(endpoint, project=here, plugin=plugin, cli=cli, backend=state)
    plugins.place(here, cli, plugin, Path(sys.executable))
    state.mkdir(parents=True, exist_ok=True)
    return environment


def prepare_foreign(
    endpoint: str, *, project: Project, plugin: str = "standin", backend: Path | None = None
) -> dict[str, str]:
    """Do as :func:`prepare` for somebody else's emulator, which may never finish what it was asked for."""
    environment = prepare(endpoint, project=project, plugin=plugin, backend=backend)
    return {**environment, LONGEST_WAIT_VARIABLE: FOREIGN_TARGET_SECONDS}


def prepare_aws(region: str, account: str, *, project: Project) -> dict[str, str]:
    """Place plugins and directories for AWS; return the environment for the rest. State is per account and Region.

    Raises:
        ToolchainError: no Pulumi command line, or no official aws plugin.
    """
    cli = pulumi_cli.require(project)
    plugins.place(project, cli, "official", Path(sys.executable))
    backend = project.pulumi_backend_of(f"aws-{account}-{region}")
    backend.mkdir(parents=True, exist_ok=True)
    return aws_environment(region, project=project, cli=cli, backend=backend)


def create_stack(variant: str, environment: Mapping[str, str], *, root: Path | None = None) -> None:
    """Make sure that the stack exists in the file backend.

    Raises:
        DeploymentError: there is no stack file for it, or Pulumi refused.
    """
    folder = root or Project.here().root
    if not (folder / f"Pulumi.{variant}.yaml").exists():
        known = sorted(path.name.split(".")[1] for path in folder.glob("Pulumi.*.yaml"))
        raise DeploymentError(f"there is no variant {variant!r}: choose among {', '.join(known) or 'none'}")
    if exists(variant, environment):
        return
    result = ask(["stack", "init", variant, "--no-select"], environment, folder)
    # Somebody else may have made it since we looked; that it exists is all that was asked.
    if result.returncode != 0 and "already exists" not in result.stderr:
        raise DeploymentError(f"pulumi could not create the stack {variant}: {result.stderr.strip()}")


def up(
    variant: str,
    environment: Mapping[str, str],
    on_output: OnOutput,
    *,
    refresh: bool = False,
    root: Path | None = None,
) -> None:
    """Create or update everything in the variant's stack, making the stack if it does not exist.

    ``refresh``: look first what is really there. What was removed by hand, or went with a local cloud that was
    started anew since, is then made again.

    Raises:
        DeploymentError: Pulumi failed, or was interrupted.
    """
    create_stack(variant, environment, root=root)
    looking = ["--refresh"] if refresh else []
    run(["up", "--skip-preview", "--yes", *looking], variant, environment, on_output, root)


def up_as_far_as_possible(
    variant: str, environment: Mapping[str, str], on_output: OnOutput, *, root: Path | None = None
) -> str | None:
    """Create or update what a target can hold that lacks some of AWS's APIs, or some of their inputs.

    Where something cannot be made, all the rest is that does not need it. Returns what could not be made, with the
    target's own words, or None where everything was.

    Raises:
        DeploymentError: there is no such stack.
    """
    create_stack(variant, environment, root=root)
    told: list[str] = []

    def listen(line: str) -> None:
        told.append(line)
        on_output(line)

    try:
        run(["up", "--skip-preview", "--yes", "--continue-on-error"], variant, environment, listen, root)
    except DeploymentError as failure:
        return "\n".join(reasons(told)) or str(failure)
    return None


def destroy(
    variant: str, environment: Mapping[str, str], on_output: OnOutput, *, root: Path | None = None
) -> None:
    """Delete everything in the variant's stack; a stack that does not exist, or is empty, is fine.

    Raises:
        DeploymentError: Pulumi failed, or was interrupted.
    """
    if exists(variant, environment):
        run(["destroy", "--skip-preview", "--yes"], variant, environment, on_output, root)


def destroy_some(
    variant: str,
    urns: Sequence[str],
    environment: Mapping[str, str],
    on_output: OnOutput,
    *,
    root: Path | None = None,
) -> None:
    """Delete these resources of the variant's stack, and what depends on them.

    Raises:
        DeploymentError: Pulumi failed, or was interrupted.
    """
    chosen = [argument for urn in urns for argument in ("--target", urn)]
    arguments = ["destroy", "--skip-preview", "--yes", "--target-dependents", *chosen]
    run(arguments, variant, environment, on_output, root)


def preview(
    variant: str,
    environment: Mapping[str, str],
    on_output: OnOutput,
    *,
    expect_no_changes: bool = False,
    root: Path | None = None,
) -> None:
    """Show what an update would change.

    Raises:
        DeploymentError: Pulumi failed, or there are changes where none were expected.
    """
    run(["preview", *_expecting(nothing=expect_no_changes)], variant, environment, on_output, root)


def refresh(
    variant: str,
    environment: Mapping[str, str],
    on_output: OnOutput,
    *,
    expect_no_changes: bool = False,
    root: Path | None = None,
) -> None:
    """Have the stack's state follow what is really there.

    Raises:
        DeploymentError: Pulumi failed, or there are changes where none were expected.
    """
    arguments = ["refresh", "--skip-preview", "--yes", *_expecting(nothing=expect_no_changes)]
    run(arguments, variant, environment, on_output, root)


def outputs(variant: str, environment: Mapping[str, str], *, root: Path | None = None) -> dict[str, object]:
    """Return the stack's outputs by name, secrets in the clear.

    One is left out where what it tells of could not be made; in a group of groups, that group alone.

    Raises:
        DeploymentError: the stack does not exist or has no outputs: it is not deployed.
    """
    if not exists(variant, environment):
        raise DeploymentError(f"{variant} is not deployed to this target; `vpclab up {variant}` deploys it")
    arguments = ["stack", "output", "--json", "--show-secrets", "-s", variant]
    result = ask(arguments, environment, root or Project.here().root)
    if result.returncode != 0:
        raise DeploymentError(f"pulumi could not read the outputs of {variant}: {result.stderr.strip()}")
    values = json.loads(result.stdout)
    if not values:
        raise DeploymentError(f"{variant} is not deployed to this target; `vpclab up {variant}` deploys it")
    return known(values)


def known(outputs: Mapping[str, object]) -> dict[str, object]:
    """Return the outputs that hold nothing unknown. Of a group of groups, those groups that do not."""
    found: dict[str, object] = {}
    for name, value in outputs.items():
        groups = isinstance(value, dict) and any(isinstance(part, dict) for part in value.values())
        kept = known(value) if groups and isinstance(value, dict) else value
        if UNKNOWN not in json.dumps(kept):
            found[name] = kept
    return found


def _expecting(*, nothing: bool) -> list[str]:
    return ["--expect-no-changes"] if nothing else []


def exists(variant: str, environment: Mapping[str, str]) -> bool:
    """Return whether the stack exists in the file backend of the environment."""
    backend = Path(environment["PULUMI_BACKEND_URL"].removeprefix("file://"))
    # The file backend's own layout; asking the command line instead would cost a third of a second per stack.
    return any((backend / ".pulumi" / "stacks").glob(f"*/{variant}.json"))
