"""Between the SDK's property values and plain Python values.

A plain value is a string, boolean, integer or float, list, dictionary, archive, None, or :data:`UNKNOWN`: what the
engine sends in a preview in place of an output that nobody knows yet.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import pulumi
import pulumi.runtime.rpc
from pulumi.provider.experimental.property_value import PropertyValue

UNKNOWN = pulumi.runtime.rpc.UNKNOWN

Plain = dict[str, Any]
Path = tuple[str, ...]


def is_unknown(value: object) -> bool:
    """Tell whether ``value`` is, or holds, something that is not known yet."""
    if isinstance(value, Mapping):
        return any(is_unknown(inner) for inner in value.values())
    if isinstance(value, list):
        return any(is_unknown(inner) for inner in value)
    return isinstance(value, str) and value == UNKNOWN


def reveal(properties: Mapping[str, PropertyValue]) -> Plain:
    """Return plain values, secrets among them in the clear; nulls are left out, as if not given."""
    return {name: plain for name, value in properties.items() if (plain := _reveal(value)) is not None}


def _reveal(value: PropertyValue) -> Any:  # noqa: ANN401 - see the module: a plain value
    inner = value.value
    if isinstance(inner, float):
        return int(inner) if inner.is_integer() else inner
    if isinstance(inner, Mapping):
        return reveal(inner)
    if isinstance(inner, tuple | list):
        return [_reveal(item) for item in inner]
    return inner


def secret_paths(properties: Mapping[str, PropertyValue], prefix: Path = ()) -> frozenset[Path]:
    """Return where the secrets are; a list with a secret in it counts as one."""
    found: set[Path] = set()
    for name, value in properties.items():
        path = (*prefix, name)
        if value.is_secret or (isinstance(value.value, tuple | list) and value.contains_secret()):
            found.add(path)
        elif isinstance(value.value, Mapping):
            found |= secret_paths(value.value, path)
    return frozenset(found)


def conceal(plain: Plain, secrets: Iterable[Path] = (), prefix: Path = ()) -> dict[str, PropertyValue]:
    """Return property values in which what is at ``secrets`` is secret."""
    return {
        name: _conceal(value, secrets, (*prefix, name)).with_secret((*prefix, name) in secrets)
        for name, value in plain.items()
    }


def _conceal(value: object, secrets: Iterable[Path], path: Path) -> PropertyValue:
    if isinstance(value, Mapping):
        return PropertyValue(conceal(dict(value), secrets, path))
    if isinstance(value, list | tuple):
        return PropertyValue([_conceal(item, secrets, path) for item in value])
    if isinstance(value, int) and not isinstance(value, bool):
        return PropertyValue(float(value))
    if value is None or isinstance(value, bool | float | str | pulumi.Asset | pulumi.Archive):
        return PropertyValue(value)
    raise TypeError(f"{'.'.join(path)} is {type(value).__name__}, which no property can be")
