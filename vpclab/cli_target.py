"""Which target a command is about: the project's own local cloud, AWS, or a URL on loopback."""

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from vpclab.cli_cloud import require_running
from vpclab.localcloud import daemon
from vpclab.toolchain import aws_account, deployment, plugins, pulumi_cli, stack_region
from vpclab.toolchain.aws_account import Account
from vpclab.toolchain.environment import REGION, loopback_endpoint
from vpclab.toolchain.error import ToolchainError
from vpclab.toolchain.project import Project

if TYPE_CHECKING:
    from vpclab.statements.target import Target as Verified

LOCAL = "local"
AWS = "aws"
CONNECT_SECONDS = 5.0

Target = Annotated[
    str, typer.Option("--target", metavar="local|aws|URL", help="The local cloud, AWS, or a URL on loopback.")
]
RegionOption = Annotated[
    str | None,
    typer.Option("--region", help="Region of --target aws. [default: of aws:region, AWS_REGION or the profile]"),
]
Yes = Annotated[bool, typer.Option("--yes", help="On AWS: go ahead without asking, as in CI.")]


class Plugin(StrEnum):
    """Which aws plugin serves local targets."""

    STANDIN = plugins.PLUGINS[0]
    OFFICIAL = plugins.PLUGINS[1]


PluginOption = Annotated[
    Plugin, typer.Option("--plugin", help="The aws plugin that Pulumi uses; on AWS the official.")
]


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a command goes. ``endpoint`` is None on AWS, ``account`` is known there only.

    ``region``: where stacks are that do not set their own; on AWS, where all are that the command is about.
    ``own``: it is the project's own local cloud, whose state has its own place. ``second_profile``: whose
    credentials are another account's on AWS.
    """

    project: Project
    endpoint: str | None
    region: str = REGION
    account: Account | None = None
    own: bool = False
    second_profile: str | None = None

    def environment(self, plugin: Plugin = Plugin.STANDIN) -> dict[str, str]:
        """Prepare Pulumi for this target; return its environment.

        Raises:
            ToolchainError: no command line, or no such plugin.
        """
        if self.endpoint is None:
            number = self.account.number if self.account else ""
            return deployment.prepare_aws(self.region, number, project=self.project)
        if self.own:
            return deployment.prepare(self.endpoint, project=self.project, plugin=plugin.value)
        backend = self.project.pulumi_backend_of(_backend_name(self.endpoint))
        return deployment.prepare_foreign(
            self.endpoint, project=self.project, plugin=plugin.value, backend=backend
        )

    def verified(self, region: str | None = None) -> "Verified":
        """Return the target as the verifier speaks to it, in ``region`` if that is another."""
        from vpclab.statements.target import Target as Verified  # noqa: PLC0415 - boto3 is heavy

        there = region or self.region
        if self.endpoint is None:
            return Verified.aws(region=there, second_profile=self.second_profile)
        return (Verified.local if self.own else Verified.at)(self.endpoint, region=there)

    @property
    def is_foreign(self) -> bool:
        """Whether it is another cloud on this machine, which may lack something that the program deploys."""
        return self.endpoint is not None and not self.own

    @property
    def is_aws(self) -> bool:
        """Whether what is made there costs money."""
        return self.endpoint is None


def destination(
    target: str, project: Project, *, region: str | None = None, variants: Sequence[str] = ()
) -> Destination:
    """Find out where ``target`` is, and that it can be gone to with ``variants``. Nothing is made.

    Raises:
        ToolchainError: the local cloud does not run; nothing answers at the URL, or it is not on loopback; or
            something that AWS needs is missing, all of it in one text.
    """
    if target == AWS:
        return _aws(project, region, variants)
    if region is not None and region != REGION:
        raise ToolchainError(
            f"--region is for --target aws: on a local target a stack is where its {stack_region.SETTING} says "
            f"(`pulumi config set {stack_region.SETTING} {region}`), else in {REGION}"
        )
    if target == LOCAL:
        return Destination(project, require_running(project).endpoint, own=True)
    endpoint = loopback_endpoint(target)
    _knock(endpoint)
    running = daemon.status(project.cloud)
    return Destination(project, endpoint, own=running is not None and _same(endpoint, running.endpoint))


def _aws(project: Project, region: str | None, variants: Sequence[str]) -> Destination:
    """Look at everything that a deployment to AWS needs, so that the user hears of all lacks at once."""
    lacks: list[str] = []
    chosen, account = REGION, None
    try:
        chosen = _region_on_aws(project, region, variants)
    except ToolchainError as lack:
        lacks.append(str(lack))
    try:
        account = aws_account.identify(chosen)
    except ToolchainError as lack:
        lacks.append(str(lack))
    for need in (lambda: pulumi_cli.require(project), plugins.require_official):
        try:
            need()
        except ToolchainError as lack:
            lacks.append(str(lack))
    if lacks:
        listed = "".join(f"\n- {lack}" for lack in lacks)
        raise ToolchainError(f"--target aws cannot go ahead; nothing was created or changed:{listed}")
    return Destination(project, None, region=chosen, account=account)


def _region_on_aws(project: Project, given: str | None, variants: Sequence[str]) -> str:
    """Return the one Region of the stacks: what they set wins over the environment, and contradicts no option.

    Raises:
        ToolchainError: they set several, or another than was given; none is chosen; or AWS has no such Region.
    """
    own = {variant: stack_region.configured(variant, project.root) for variant in variants}
    regions = {
        variant: aws_account.choose_region(given if found is None else found) for variant, found in own.items()
    }
    contradicting = [variant for variant, found in own.items() if given and found not in (None, given)]
    if contradicting:
        names = ", ".join(f"{variant} ({own[variant]})" for variant in contradicting)
        raise ToolchainError(
            f"--region {given} is not the {stack_region.SETTING} that the stack's file sets of {names}: "
            "leave --region out, or change the file"
        )
    if not regions:
        return aws_account.choose_region(given)
    return stack_region.only(regions, REGION, "--target aws")


def _knock(endpoint: str) -> None:
    parts = urlsplit(endpoint)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 80), CONNECT_SECONDS).close()
    except (OSError, ValueError) as failure:
        raise ToolchainError(
            f"nothing answers at {endpoint} ({failure}); `vpclab cloud start` starts a local cloud"
        ) from None


def _same(one: str, other: str) -> bool:
    return urlsplit(one).port == urlsplit(other).port


def _backend_name(endpoint: str) -> str:
    """Name the place of a URL's stacks: what is deployed to one port is not at another."""
    parts = urlsplit(endpoint)
    return f"url-{(parts.hostname or '').replace(':', '.')}-{parts.port or 80}"
