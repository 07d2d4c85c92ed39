"""Checks the inputs of a resource before anything is done, and completes them with names and defaults."""

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from vpclab.toolchain.aws_plugin.schema import Input, Inputs, Kind, ResourceType
from vpclab.toolchain.aws_plugin.values import Plain, is_unknown

SUFFIX_CHARACTERS = 7
DEFAULTS = "__defaults"
"""The engine's own key, under which a plugin notes which inputs it made up."""

LOWER_CASE = frozenset({"elasticache", "rds", "s3"})
"""Services that refuse capital letters in names, or make them small."""

Problem = tuple[str, str]


def problems(row: ResourceType, inputs: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield (input, what is wrong with it)."""
    yield from _shape(row.type_name, row.all_inputs, inputs)
    yield from row.problems(inputs)


def _shape(token: str, declared: Inputs, given: Mapping[str, Any], prefix: str = "") -> Iterator[Problem]:
    for name, value in given.items():
        if name.startswith("__"):
            continue
        if name not in declared:
            yield (
                f"{prefix}{name}",
                (
                    f"the stand-in does not model the input {prefix}{name} of {token}; it models "
                    f"{', '.join(sorted(declared))}. Leave it out here, or deploy with the official plugin"
                ),
            )
        else:
            yield from _value(token, declared[name], value, f"{prefix}{name}")
    for name, one in declared.items():
        if one.required and name not in given:
            yield f"{prefix}{name}", f"{token} requires the input {prefix}{name}"


def _value(token: str, declared: Input, value: Any, path: str) -> Iterator[Problem]:  # noqa: ANN401
    if isinstance(value, str) and is_unknown(value):
        return
    expected, words = EXPECTED.get(declared.kind, (object, ""))
    wrong = not isinstance(value, expected) or (declared.kind is Kind.NUMBER and isinstance(value, bool))
    if wrong:
        yield path, f"{path} of {token} has to be {words}, not {value!r}"
    elif declared.kind is Kind.OBJECT:
        yield from _shape(token, declared.fields, value, f"{path}.")
    elif declared.kind is Kind.OBJECTS:
        for number, item in enumerate(value):
            yield from _shape(token, declared.fields, item, f"{path}[{number}].")


EXPECTED: Mapping[Kind, tuple[type | tuple[type, ...], str]] = {
    Kind.STRING: (str, "a string"),
    Kind.POLICY: (str, "JSON text"),
    Kind.VERSION: (str, "a string"),
    Kind.BOOLEAN: (bool, "true or false"),
    Kind.NUMBER: ((int, float), "a number"),
    Kind.LIST: (list, "a list"),
    Kind.SET: (list, "a list"),
    Kind.MAP: (dict, "a map"),
    Kind.OBJECT: (dict, "an object"),
    Kind.OBJECTS: (list, "a list of objects"),
}


def complete(row: ResourceType, name: str, old: Mapping[str, Any], new: Plain, seed: bytes) -> Plain:
    """Return ``new`` with defaults and a name of its own, the old one where there was one."""
    completed = dict(new)
    made_up = []
    for key, declared in row.all_inputs.items():
        if key in completed:
            continue
        if declared.default is not None and not declared.computed:
            completed[key] = declared.default
        if declared.named and f"{key}Prefix" not in completed:
            made_up.append(key)
            reused = old.get(key) if key in old.get(DEFAULTS, ()) else None
            completed[key] = reused or _unique(name, declared.named, seed, lower=row.service in LOWER_CASE)
    if made_up:
        completed[DEFAULTS] = made_up
    return completed


def _unique(name: str, longest: int, seed: bytes, *, lower: bool) -> str:
    suffix = hashlib.sha256(seed).hexdigest() if seed else secrets.token_hex(SUFFIX_CHARACTERS)
    unique = f"{name[: longest - SUFFIX_CHARACTERS - 1]}-{suffix[:SUFFIX_CHARACTERS]}"
    return unique.lower() if lower else unique
