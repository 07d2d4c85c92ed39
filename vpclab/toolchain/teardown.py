"""Destroys a stack in the order that Lambda's interfaces ask for.

First the functions in the VPC go, alone: their roles stay, which Lambda needs to remove the interfaces. Then the
interfaces, which Lambda removes in its own time. Then everything else.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vpclab.toolchain import deployment, lingering_interfaces
from vpclab.toolchain.deployment import DeploymentError, OnOutput
from vpclab.toolchain.lingering_interfaces import Patience

FUNCTION = "aws:lambda/function:Function"
SUBNET = "aws:ec2/subnet:Subnet"


@dataclass(frozen=True, slots=True)
class Owned:
    """What a stack's state holds that matters here: functions in a VPC by URN, subnets by id, and a count."""

    attached_functions: tuple[str, ...]
    subnet_ids: tuple[str, ...]
    resources: int

    @classmethod
    def of(cls, resources: Sequence[Mapping[str, Any]]) -> "Owned":
        """Read the resources of a stack's state."""
        own = [one for one in resources if str(one.get("type", "")).startswith("aws:") and one.get("id")]
        return cls(
            attached_functions=tuple(
                one["urn"]
                for one in own
                if one["type"] == FUNCTION and ((one.get("outputs") or {}).get("vpcConfig") or {}).get("subnetIds")
            ),
            subnet_ids=tuple(one["id"] for one in own if one["type"] == SUBNET),
            resources=len(own),
        )


def owned(variant: str, environment: Mapping[str, str], *, root: Path) -> Owned:
    """Return what the variant's stack holds; nothing where there is no such stack.

    Raises:
        DeploymentError: Pulumi could not tell.
    """
    if not deployment.exists(variant, environment):
        return Owned((), (), 0)
    answer = deployment.ask(["stack", "export", "-s", variant], environment, root)
    if answer.returncode != 0:
        raise DeploymentError(f"pulumi could not read the state of {variant}: {answer.stderr.strip()}")
    return Owned.of(json.loads(answer.stdout)["deployment"].get("resources") or [])


def destroy(  # noqa: PLR0913 - what to destroy, where, and how to tell of it
    variant: str,
    environment: Mapping[str, str],
    on_output: OnOutput,
    ec2: Any,  # noqa: ANN401 - boto3 has no types
    *,
    root: Path,
    patience: Patience | None = None,
) -> None:
    """Delete everything in the variant's stack, waiting for Lambda's interfaces in its subnets.

    ``ec2``: a client of the same account and Region, which looks at the subnets that the stack owns, and deletes
    interfaces there that Lambda has detached.

    Raises:
        ToolchainError: Pulumi failed or was interrupted, or interfaces stay. What is left is still in the state.
    """
    held = owned(variant, environment, root=root)
    if held.attached_functions:
        deployment.destroy_some(variant, held.attached_functions, environment, on_output, root=root)
    lingering_interfaces.wait_until_gone(ec2, held.subnet_ids, on_output, patience)
    deployment.destroy(variant, environment, on_output, root=root)
