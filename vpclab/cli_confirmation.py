"""What is shown before anything happens on AWS, and the question that has to be answered with yes."""

import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal

import typer

from vpclab.cli_target import Destination
from vpclab.cli_terminal import say
from vpclab.pricing import table
from vpclab.pricing.estimate import Estimate, estimate
from vpclab.toolchain.error import ToolchainError
from vpclab.toolchain.plan import Plan
from vpclab.toolchain.teardown import Owned

HOURS_PER_DAY = 24


def show_plans(destination: Destination, plans: Mapping[str, Plan]) -> None:
    """Show account and Region, what would be made, and what all of it costs per hour."""
    show_account(destination)
    total = Decimal(0)
    for variant, plan in plans.items():
        say(f"\n{variant}:")
        for verb, counted in (("create", plan.made), ("change", plan.changed), ("delete", plan.deleted)):
            if counted:
                say(f"  would {verb} {sum(counted.values())}: {_counts(counted)}")
        if plan.is_empty:
            say("  everything is there already")
        cost = estimate(plan.resources)
        total += cost.per_hour
        for line in describe(cost):
            say(f"  {line}")
    say(
        f"\n{dollars(total)} per hour for all of it while it is there ({dollars(total * HOURS_PER_DAY)} a day), "
        f"by the list prices of {table.REGION} as of {table.AS_OF}, without taxes, traffic and use."
    )
    if destination.region != table.REGION:
        say(f"Prices in {destination.region} differ; most Regions cost more.")


def show_account(destination: Destination) -> None:
    """Show whose account it is, as AWS says it of the credentials, and which Region."""
    account = destination.account
    if account is not None:
        say(f"AWS account {account.number}, as {account.arn}; Region {destination.region}")


def show_held(destination: Destination, held: Mapping[str, Owned]) -> None:
    """Show what a destroy would delete."""
    show_account(destination)
    for variant, owned in held.items():
        say(f"  {variant}: would delete {owned.resources} resources")


def describe(cost: Estimate) -> list[str]:
    """Return an estimate as lines."""
    lines = [f"{dollars(line.per_hour):>9} per hour  {line.count} x {line.what}" for line in cost.lines]
    lines.append(f"{dollars(cost.per_hour):>9} per hour  together")
    lines += [f"costs when used: {noun}, {how}" for noun, how in cost.by_use]
    lines += [f"price not known: {what}: {why}" for what, why in cost.unpriced]
    return lines


def dollars(amount: Decimal) -> str:
    """Return an amount of US dollars."""
    return f"${amount:.4f}" if amount < 1 else f"${amount:.2f}"


def confirm(what: str, *, yes: bool) -> None:
    """Return if the user wants ``what`` ("create this").

    Raises:
        ToolchainError: they do not, or there is nobody to ask.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise ToolchainError(
            f"nobody is there to ask whether to {what}: nothing was created or changed. "
            "Run it in a terminal, or say --yes"
        )
    if not typer.confirm(f"{what[0].upper()}{what[1:]}?", default=False, err=True):
        raise ToolchainError(f"not confirmed to {what}: nothing was created or changed")


def _counts(counted: Mapping[str, int]) -> str:
    nouns: Sequence[tuple[str, int]] = sorted(counted.items())
    return ", ".join(f"{count} {noun}" for noun, count in nouns)
