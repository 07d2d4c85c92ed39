"""In which Region a stack is: that of its setting ``aws:region``, else that of the environment.

Pulumi lets the setting win over AWS_REGION, so that one file may put one stack elsewhere than the others.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # no stubs

from vpclab.toolchain.error import ToolchainError

SETTING = "aws:region"
FUNCTION = "function_arn"
"""The output that tells of a deployed stack's Region."""
REGION_PART = 3
"""Of an ARN: ``arn:aws:lambda:eu-central-1:…``."""


def configured(variant: str, root: Path) -> str | None:
    """Return the Region that the stack's file, or else the project's, sets; None where neither does.

    Raises:
        ToolchainError: one of the files is not YAML.
    """
    for file in (f"Pulumi.{variant}.yaml", "Pulumi.yaml"):
        value = _settings(root / file).get(SETTING)
        if isinstance(value, Mapping):  # a project's file may declare a setting, with its value or a default
            value = value.get("value", value.get("default"))
        if value:
            return str(value)
    return None


def intended(variants: Sequence[str], root: Path, otherwise: str) -> dict[str, str]:
    """Return where each stack goes; ``otherwise`` is the environment's Region.

    Raises:
        ToolchainError: a file is not YAML.
    """
    return {variant: configured(variant, root) or otherwise for variant in variants}


def deployed(outputs: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
    """Return where each stack is, by its outputs. One is left out whose function could not be made."""
    parts = {variant: str(values.get(FUNCTION, "")).split(":") for variant, values in outputs.items()}
    return {
        variant: arn[REGION_PART] for variant, arn in parts.items() if len(arn) > REGION_PART and arn[REGION_PART]
    }


def only(regions: Mapping[str, str], otherwise: str, what: str) -> str:
    """Return the one Region of all these stacks; ``otherwise`` where there is none.

    Raises:
        ToolchainError: they are in several. ``what`` is what takes those of one at a time.
    """
    by_region: dict[str, list[str]] = {}
    for variant, region in regions.items():
        by_region.setdefault(region, []).append(variant)
    if len(by_region) > 1:
        told = "; ".join(f"{', '.join(variants)} in {region}" for region, variants in by_region.items())
        raise ToolchainError(
            f"{what} takes the stacks of one Region at a time, and these are in several: {told}. "
            "Name those of one Region, then those of the next"
        )
    return next(iter(by_region), otherwise)


def _settings(file: Path) -> Mapping[str, Any]:
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except yaml.YAMLError as failure:
        raise ToolchainError(f"{file.name} cannot be read: {failure}") from None
    settings = (found or {}).get("config") or {}
    return settings if isinstance(settings, Mapping) else {}
