"""``vpclab cloud drops``: which packets were dropped, and by which component."""

import json
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vpclab.cli_cloud import AsJson, admin, require_running
from vpclab.cli_terminal import answer, say
from vpclab.toolchain.error import ToolchainError
from vpclab.toolchain.project import Project

if TYPE_CHECKING:
    from vpclab.statements.target import Target

ARN_OF_FUNCTION = re.compile(r"arn:[\w-]+:lambda:(?P<region>[a-z0-9-]+):")

Drop = dict[str, Any]
"""One refused packet, as the local cloud tells it."""


def drops(
    function: Annotated[
        str | None,
        typer.Option(
            "--function", help="Only packets from and to interfaces that this function (name or ARN) uses."
        ),
    ] = None,
    since: Annotated[float, typer.Option("--since", min=0, help="Only the last so many seconds.")] = 3600,
    *,
    as_json: AsJson = False,
) -> None:
    """Tell which packets were dropped, and by which component.

    Functions with the same subnets and security groups share interfaces; those without a VPC share one network.
    """
    status = require_running(Project.here())
    found: list[Drop] = admin(status.endpoint, "drops", since=str(time.time() - since))["drops"]
    if function is not None:
        concerns = _of_function(status.endpoint, function)
        found = [drop for drop in found if concerns(drop)]
    if as_json:
        answer(json.dumps(found))
        return
    for drop in found:
        answer(describe(drop))
    if not found:
        say("no packet was dropped" + (f" on the interfaces of {function}" if function else ""))


def describe(drop: Drop) -> str:
    """Return one drop as a line: when (UTC), at which interface, which flow, which component, why."""
    when = datetime.fromtimestamp(float(drop["time"]), UTC).strftime("%H:%M:%S.%f")[:-3]
    source = _socket(drop.get("source"), drop.get("source_port"))
    destination = _socket(drop.get("destination"), drop.get("destination_port"))
    code = f" {drop['code']}" if drop.get("code") else ""
    reason = f": {drop['reason']}" if drop.get("reason") else ""
    return (
        f"{when} {drop.get('interface_id') or '-'} {drop.get('protocol')} {source} -> {destination}  "
        f"dropped by {drop.get('kind')} {drop.get('component')}{code}{reason}"
    )


def _socket(address: object, port: object) -> str:
    return f"{address}:{port}" if port else str(address)


def _of_function(endpoint: str, name: str) -> Callable[[Drop], bool]:
    """Return whether a drop concerns the interfaces of a function, in whichever Region it is.

    Without a VPC, that is the network that AWS owns.
    """
    from vpclab.statements.target import Target  # noqa: PLC0415 - boto3 is heavy

    regions = [one["RegionName"] for one in Target.local(endpoint).client("ec2").describe_regions()["Regions"]]
    named = ARN_OF_FUNCTION.match(name)
    found = []
    for region in regions if named is None else [named["region"]]:
        target = Target.local(endpoint, region=region)
        functions = target.client("lambda")
        with suppress(functions.exceptions.ResourceNotFoundException):
            network = functions.get_function_configuration(FunctionName=name).get("VpcConfig", {})
            found.append(_of_network(target, network))
    if not found:
        raise ToolchainError(f"there is no function {name!r} in the local cloud at {endpoint}")
    return lambda drop: any(concerns(drop) for concerns in found)


def _of_network(target: "Target", network: Mapping[str, Any]) -> Callable[[Drop], bool]:
    if not network.get("SubnetIds"):
        return lambda drop: drop.get("vpc_id") is None and drop.get("source_interface_id") is None
    interfaces = target.client("ec2").describe_network_interfaces(
        Filters=[
            {"Name": "interface-type", "Values": ["lambda"]},
            {"Name": "subnet-id", "Values": network["SubnetIds"]},
        ]
    )["NetworkInterfaces"]
    groups = set(network.get("SecurityGroupIds", ()))
    used = {
        one["NetworkInterfaceId"] for one in interfaces if {group["GroupId"] for group in one["Groups"]} == groups
    }
    parties = "interface_id", "source_interface_id", "destination_interface_id"
    return lambda drop: any(drop.get(party) in used for party in parties)
