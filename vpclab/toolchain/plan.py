"""What an update of a stack would do, as Pulumi's preview says it. Nothing is created for that."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vpclab.pricing.estimate import Planned
from vpclab.toolchain import deployment
from vpclab.toolchain.deployment import DeploymentError

MAKING = frozenset({"create", "create-replacement", "replace"})
LEAVING = frozenset({"delete", "delete-replaced", "discard"})


@dataclass(frozen=True, slots=True)
class Plan:
    """``made``, ``changed`` and ``deleted`` count resources by noun (``Subnet``), components left out.

    ``resources`` are all that the stack would hold afterwards.
    """

    made: Mapping[str, int]
    changed: Mapping[str, int]
    deleted: Mapping[str, int]
    resources: tuple[Planned, ...]

    @property
    def is_empty(self) -> bool:
        """Whether everything is as the program says already."""
        return not (self.made or self.changed or self.deleted)


def plan(variant: str, environment: Mapping[str, str], *, root: Path) -> Plan:
    """Return what `pulumi up` would do to the variant's stack.

    Raises:
        DeploymentError: Pulumi could not tell.
    """
    deployment.create_stack(variant, environment, root=root)
    answer = deployment.ask(["preview", "--json", "-s", variant], environment, root)
    try:
        steps = json.loads(answer.stdout)["steps"]
    except (ValueError, KeyError):
        steps = None
    if answer.returncode != 0 or steps is None:
        raise DeploymentError(f"pulumi could not preview {variant}:\n{_failure(answer.stdout) or answer.stderr}")
    return of_steps(steps)


def of_steps(steps: list[dict[str, Any]]) -> Plan:
    """Read the steps of `pulumi preview --json`."""
    counts: dict[str, Counter[str]] = {"made": Counter(), "changed": Counter(), "deleted": Counter()}
    resources = []
    for step in steps:
        state = step.get("newState") or step.get("oldState") or {}
        type_name = str(state.get("type", ""))
        if not type_name.startswith("aws:"):
            continue
        operation, noun = step["op"], type_name.rpartition(":")[2]
        if operation in LEAVING:
            counts["deleted"][noun] += 1
            continue
        if operation in MAKING:
            counts["made"][noun] += 1
        elif operation == "update":
            counts["changed"][noun] += 1
        name = str(step.get("urn", "")).rpartition("::")[2]
        resources.append(Planned(type_name, name, state.get("inputs") or {}))
    return Plan(**counts, resources=tuple(resources))


def _failure(output: str) -> str:
    """Return the diagnostics of a preview that failed."""
    try:
        told = json.loads(output).get("diagnostics", [])
    except (ValueError, AttributeError):
        return output
    return "\n".join(str(one.get("message", "")).strip() for one in told if one.get("severity") == "error")
