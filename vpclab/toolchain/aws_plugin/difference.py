"""What of a resource would change, and whether it can change in place."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vpclab.toolchain.aws_plugin.archive import archive_hash
from vpclab.toolchain.aws_plugin.check import DEFAULTS
from vpclab.toolchain.aws_plugin.compare import EMPTY, same
from vpclab.toolchain.aws_plugin.schema import Input, Kind, ResourceType
from vpclab.toolchain.aws_plugin.values import is_unknown

CODE_HASH = "sourceCodeHash"
"""Where the state keeps the hash of an archive, as the official plugin does."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Names of the inputs that changed, ``tagsAll`` for tags, and those among them that ask for a new resource.

    ``delete_first``: the old and the new resource would have the same name, and cannot both exist.
    """

    changed: frozenset[str]
    replacing: frozenset[str]
    delete_first: bool


def difference(
    row: ResourceType, state: Mapping[str, Any], inputs: Mapping[str, Any], tags_all: Mapping[str, str]
) -> Difference:
    """Compare the state with the completed ``inputs``, and with ``tags_all``, the default tags included."""
    changed = {
        name
        for name, declared in row.all_inputs.items()
        if name != "tags" and _differs(declared, state, inputs, name)
    }
    if row.tag and (is_unknown(tags_all) or dict(tags_all) != state.get("tagsAll", {})):
        changed.add("tagsAll")
    replacing = {name for name in changed if name != "tagsAll" and row.all_inputs[name].replaces}
    names = [name for name, declared in row.inputs.items() if declared.named]
    chosen = [name for name in names if name in inputs and name not in inputs.get(DEFAULTS, ())]
    return Difference(
        frozenset(changed),
        frozenset(replacing),
        delete_first=bool(replacing and chosen and not changed.intersection(chosen)),
    )


def _differs(declared: Input, state: Mapping[str, Any], inputs: Mapping[str, Any], name: str) -> bool:
    wanted, there = inputs.get(name), state.get(name)
    if name not in inputs:
        return not declared.computed and not declared.local and not declared.named and there not in EMPTY
    if wanted is None or is_unknown(wanted):
        return True
    if declared.kind is Kind.ARCHIVE:
        return archive_hash(wanted) != state.get(CODE_HASH)
    return not same(declared, wanted, there)
