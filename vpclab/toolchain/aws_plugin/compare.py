"""When two values of an input are the same."""

import json
from collections.abc import Mapping
from typing import Any

from vpclab.toolchain.aws_plugin.schema import Input, Kind

EMPTY: tuple[Any, ...] = (None, "", [], {})


def same(declared: Input, one: Any, other: Any) -> bool:  # noqa: ANN401 - plain values, see the module values
    """Tell whether two plain values of an input mean the same. Nothing, and an empty value, are one."""
    if one in EMPTY or other in EMPTY:
        return one in EMPTY and other in EMPTY
    match declared.kind:
        case Kind.SET:
            equal = set(one) == set(other)
        case Kind.POLICY:
            equal = _document(one) == _document(other)
        case Kind.VERSION:
            equal = one == other or other.startswith(f"{one}.") or one.startswith(f"{other}.")
        case Kind.OBJECT:
            equal = _same_fields(declared, one, other)
        case Kind.OBJECTS:
            equal = len(one) == len(other) and all(any(_same_fields(declared, a, b) for b in other) for a in one)
        case _:
            equal = one == other
    return bool(equal)


def _same_fields(declared: Input, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Compare field by field; a computed field that one side leaves out is no difference."""
    for name, inner in declared.fields.items():
        a, b = one.get(name), other.get(name)
        if inner.computed and (a in EMPTY or b in EMPTY):
            continue
        if not same(inner, inner.default if a is None else a, inner.default if b is None else b):
            return False
    return True


def _document(text: str) -> object:
    try:
        return _unordered(json.loads(text))
    except ValueError:
        return text


def _unordered(document: Any) -> Any:  # noqa: ANN401 - JSON
    """Policy lists have no order, and a list of one is the same as the one."""
    if isinstance(document, dict):
        return {name: _unordered(inner) for name, inner in document.items()}
    if isinstance(document, list):
        items = [_unordered(inner) for inner in document]
        return items[0] if len(items) == 1 else sorted(items, key=lambda item: json.dumps(item, sort_keys=True))
    return document
