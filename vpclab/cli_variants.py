"""``vpclab up``, ``verify`` and ``destroy``: the variants, one stack each."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vpclab import cli_confirmation
from vpclab.cli_target import (
    LOCAL,
    Destination,
    Plugin,
    PluginOption,
    RegionOption,
    Target,
    Yes,
    destination,
)
from vpclab.cli_terminal import prefixed, say
from vpclab.toolchain import deployment, stack_region, teardown
from vpclab.toolchain.error import ToolchainError
from vpclab.toolchain.plan import plan
from vpclab.toolchain.project import Project

if TYPE_CHECKING:
    from vpclab.statements.target import Target as Verified

JOBS = 5
"""How many stacks at a time; a stack mostly waits for its own slowest resource."""

Variants = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[VARIANT]...",
        help=f"Of {', '.join(deployment.VARIANTS)}; none: these. Also {', '.join(deployment.ALTERNATIVES)}.",
    ),
]


Output = Annotated[
    Path | None,
    typer.Option("--output", file_okay=False, help="Where the reports go. [default: out in the project]"),
]
SecondProfile = Annotated[
    str | None,
    typer.Option("--second-profile", help="Profile of a second account on AWS, for what is said across accounts."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the report as JSON instead of the table.")]


def up(
    variants: Variants = None,
    target: Target = LOCAL,
    plugin: PluginOption = Plugin.STANDIN,
    region: RegionOption = None,
    *,
    yes: Yes = False,
) -> None:
    """Deploy variants with Pulumi, and make again what has gone since.

    On AWS nothing happens before account, Region, resources and their price per hour were shown and confirmed.
    """
    chosen = choose(variants)
    project = Project.here()
    there = destination(target, project, region=region, variants=chosen)
    environment = there.environment(plugin)
    if there.is_aws:
        plans = {variant: plan(variant, environment, root=project.root) for variant in chosen}
        cli_confirmation.show_plans(there, plans)
        cli_confirmation.confirm("create this", yes=yes)
    deployed = _deploy(chosen, there, environment)
    say(f"deployed: {', '.join(deployed)}. `vpclab verify {' '.join(deployed)}` puts the statements to the test.")


def _deploy(chosen: Sequence[str], there: Destination, environment: Mapping[str, str]) -> Sequence[str]:
    """Deploy; at a URL as far as what is there can hold it.

    Raises:
        ToolchainError: Pulumi failed, or something could not be made; the rest was made.
    """
    root, missing = there.project.root, dict[str, str]()

    def deploy(variant: str) -> None:
        if there.is_foreign:
            lack = deployment.up_as_far_as_possible(variant, environment, prefixed(variant), root=root)
            if lack is not None:
                missing[variant] = lack
        else:
            deployment.up(variant, environment, prefixed(variant), refresh=True, root=root)

    for_each(chosen, deploy)
    if missing:
        raise ToolchainError(
            f"{there.endpoint} lacks something that the program deploys; the rest is up, and can be verified:\n"
            + "\n".join(missing[variant] for variant in chosen if variant in missing)
        )
    return chosen


def verify(  # noqa: PLR0913 - options
    variants: Variants = None,
    target: Target = LOCAL,
    output: Output = None,
    region: RegionOption = None,
    second_profile: SecondProfile = None,
    *,
    as_json: AsJson = False,
    yes: Yes = False,
) -> None:
    """Put the statements to the test on variants that are up. Exit 2 if one came out other than documented.

    At a URL, what the endpoint does not enforce comes out as `not enforced here`, which is no pass either.
    """
    from vpclab.cli_report import present, tidy  # noqa: PLC0415 - with the verifier, which is heavy
    from vpclab.statements import lease, runner  # noqa: PLC0415
    from vpclab.statements.deployment import sources_of  # noqa: PLC0415

    chosen = choose(variants)
    project = Project.here()
    there = destination(target, project, region=region, variants=chosen)
    there = replace(there, second_profile=second_profile)
    environment = there.environment()
    outputs: dict[str, dict[str, object]] = {variant: {} for variant in chosen}
    for_each(
        chosen,
        lambda variant: outputs.update({variant: deployment.outputs(variant, environment, root=project.root)}),
    )
    verified = there.verified(stack_region.only(stack_region.deployed(outputs), there.region, "`vpclab verify`"))
    _refuse_what_is_gone({variant: str(outputs[variant].get("vpc_id")) for variant in chosen}, verified)
    if there.is_aws:
        cli_confirmation.show_account(there)
        say("verifying makes roles, functions and queues for a moment, and deletes them: fractions of a cent")
        cli_confirmation.confirm("verify there", yes=yes)
    with lease.held(project.state / "verifications", verified, sources_of(outputs)) as held:
        tidy(held, verified)
        report = runner.verify({variant: outputs[variant] for variant in chosen}, verified)
        if report.left:
            held.keep()
    present(report, output or project.reports, as_json=as_json)
    raise typer.Exit(report.exit_code)


def destroy(
    variants: Variants = None,
    target: Target = LOCAL,
    plugin: PluginOption = Plugin.STANDIN,
    region: RegionOption = None,
    *,
    yes: Yes = False,
) -> None:
    """Delete everything that the variants' stacks hold.

    On AWS it waits for the interfaces that Lambda leaves in subnets for 20 minutes or more, and says so.
    """
    chosen = choose(variants)
    project = Project.here()
    there = destination(target, project, region=region, variants=chosen)
    environment = there.environment(plugin)
    root = project.root

    def destroy_on_aws(variant: str) -> None:
        teardown.destroy(variant, environment, prefixed(variant), there.verified().client("ec2"), root=root)

    def destroy_locally(variant: str) -> None:
        deployment.destroy(variant, environment, prefixed(variant), root=root)

    if there.is_aws:
        held = {variant: teardown.owned(variant, environment, root=root) for variant in chosen}
        cli_confirmation.show_held(there, held)
        cli_confirmation.confirm("delete this", yes=yes)
    for_each(chosen, destroy_on_aws if there.is_aws else destroy_locally)
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
            f"{', '.join(gone)}: deployed once, but the VPC is not at {target.endpoint or 'AWS'} in "
            f"{target.region} any more; a cloud on this machine starts empty each time. `vpclab up {names}` "
            "deploys anew"
        )


def choose(variants: Sequence[str] | None, otherwise: Sequence[str] = deployment.VARIANTS) -> list[str]:
    """Return the stacks that were named, or ``otherwise``.

    Raises:
        ToolchainError: one of them does not exist.
    """
    stacks = (*deployment.VARIANTS, *deployment.ALTERNATIVES)
    for variant in variants or ():
        if variant not in stacks:
            known = ", ".join(stacks)
            raise ToolchainError(f"there is no variant {variant!r}: choose among {known}")
    return list(dict.fromkeys(variants or otherwise))


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
