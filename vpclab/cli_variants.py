"""``vpclab up``, ``verify`` and ``destroy``: the variants, one stack each."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vpclab.cli_target import LOCAL, Plugin, PluginOption, Target, endpoint_of
from vpclab.cli_terminal import prefixed, say
from vpclab.toolchain import deployment
from vpclab.toolchain.error import ToolchainError
from vpclab.toolchain.project import Project

if TYPE_CHECKING:
    from vpclab.statements.target import Target as Verified

JOBS = 4
"""How many stacks at a time; a stack mostly waits for its own slowest resource."""

Variants = Annotated[
    list[str] | None,
    typer.Argument(metavar="[VARIANT]...", help=f"Of {', '.join(deployment.VARIANTS)}; none: all."),
]


Output = Annotated[
    Path | None,
    typer.Option("--output", file_okay=False, help="Where the reports go. [default: out in the project]"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the report as JSON instead of the table.")]


def up(variants: Variants = None, target: Target = LOCAL, plugin: PluginOption = Plugin.STANDIN) -> None:
    """Deploy variants with Pulumi, and make again what has gone since."""
    chosen = choose(variants)
    project = Project.here()
    environment = deployment.prepare(endpoint_of(target, project), project=project, plugin=plugin.value)

    def deploy(variant: str) -> None:
        deployment.up(variant, environment, prefixed(variant), refresh=True, root=project.root)

    for_each(chosen, deploy)
    say(f"deployed: {', '.join(chosen)}. `vpclab verify {' '.join(chosen)}` puts the statements to the test.")


def verify(
    variants: Variants = None, target: Target = LOCAL, output: Output = None, *, as_json: AsJson = False
) -> None:
    """Put the statements to the test on variants that are up. Exit 2 if one came out other than documented."""
    from vpclab.cli_report import present  # noqa: PLC0415 - with the verifier, which is heavy
    from vpclab.statements import runner  # noqa: PLC0415
    from vpclab.statements.target import Target as Verified  # noqa: PLC0415

    chosen = choose(variants)
    project = Project.here()
    endpoint = endpoint_of(target, project)
    environment = deployment.prepare(endpoint, project=project)
    outputs: dict[str, dict[str, object]] = {}
    for_each(
        chosen,
        lambda variant: outputs.update({variant: deployment.outputs(variant, environment, root=project.root)}),
    )
    there = Verified.local(endpoint)
    _refuse_what_is_gone({variant: str(outputs[variant]["vpc_id"]) for variant in chosen}, there)
    report = runner.verify({variant: outputs[variant] for variant in chosen}, there)
    present(report, output or project.reports, as_json=as_json)
    raise typer.Exit(report.exit_code)


def destroy(variants: Variants = None, target: Target = LOCAL, plugin: PluginOption = Plugin.STANDIN) -> None:
    """Delete everything that the variants' stacks hold."""
    chosen = choose(variants)
    project = Project.here()
    environment = deployment.prepare(endpoint_of(target, project), project=project, plugin=plugin.value)
    for_each(
        chosen, lambda variant: deployment.destroy(variant, environment, prefixed(variant), root=project.root)
    )
    say(f"destroyed: {', '.join(chosen)}")


def _refuse_what_is_gone(vpc_ids: Mapping[str, str], target: "Verified") -> None:
    """Refuse variants whose VPC the target does not have: Pulumi's state outlives a local cloud.

    Raises:
        ToolchainError: naming them.
    """
    there = {vpc["VpcId"] for vpc in target.client("ec2").describe_vpcs()["Vpcs"]}
    gone = [variant for variant, vpc_id in vpc_ids.items() if vpc_id not in there]
    if gone:
        names = " ".join(gone)
        raise ToolchainError(
            f"{', '.join(gone)}: deployed once, but the VPC is not in the cloud at {target.endpoint}, "
            f"which starts empty each time; `vpclab up {names}` deploys anew"
        )


def choose(variants: Sequence[str] | None) -> list[str]:
    """Return the variants that were named, or all of them.

    Raises:
        ToolchainError: one of them does not exist.
    """
    for variant in variants or ():
        if variant not in deployment.VARIANTS:
            known = ", ".join(deployment.VARIANTS)
            raise ToolchainError(f"there is no variant {variant!r}: choose among {known}")
    return list(dict.fromkeys(variants)) if variants else list(deployment.VARIANTS)


def for_each(variants: Sequence[str], action: Callable[[str], object], jobs: int = JOBS) -> None:
    """Do ``action`` for every variant, ``jobs`` at a time; end what runs when interrupted.

    Raises:
        ToolchainError: at least one failed; the text has every failure. The others were done.
    """
    failures: list[str] = []
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        futures: list[Future[object]] = [pool.submit(action, variant) for variant in variants]
        try:
            wait(futures)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            deployment.interrupt()
            raise
        for future in futures:
            failure = future.exception()
            if isinstance(failure, ToolchainError):
                failures.append(str(failure))
            elif failure is not None:
                raise failure
    if failures:
        raise ToolchainError("\n".join(failures))
