"""Event filters of mappings (Lambda guide, invocation-eventfiltering): which records reach the function at all.

Modelled: values to equal, ``prefix``, ``suffix``, ``anything-but`` of values or a prefix, ``equals-ignore-case``,
``numeric``, ``exists``, and ``$or``. A record's data is JSON inside a string: where a pattern looks into it and it
is none, the record does not match.
"""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Any

from vpclab.localcloud.control_plane.api_error import ApiError

_RULES = frozenset({"prefix", "suffix", "anything-but", "equals-ignore-case", "numeric", "exists"})
_COMPARISONS = {
    "=": lambda one, other: one == other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}
_TEXT_RULES = {
    "prefix": str.startswith,
    "suffix": str.endswith,
    "equals-ignore-case": lambda one, other: one.casefold() == other.casefold(),
}


def check_pattern(pattern: Mapping[str, Any]) -> None:
    """Raise the refusal of a pattern that is none, or has rules that are not modelled."""
    for key, value in pattern.items():
        if key == "$or" and isinstance(value, list):
            for one in value:
                if not isinstance(one, Mapping):
                    raise _invalid()
                check_pattern(one)
        elif isinstance(value, Mapping):
            check_pattern(value)
        elif isinstance(value, list):
            for rule in value:
                _check_rule(rule)
        else:
            raise _invalid()


def _check_rule(rule: object) -> None:
    if not isinstance(rule, Mapping):
        return
    unknown = sorted(set(rule) - _RULES)
    anything_but = rule.get("anything-but")
    if isinstance(anything_but, Mapping):
        unknown += sorted(set(anything_but) - {"prefix"})
    if "numeric" in rule and not _is_numeric(rule["numeric"]):
        raise _invalid()
    if unknown:
        raise ApiError(
            "UnsupportedOperation",
            f"Event filters with {', '.join(unknown)} are not modelled by the local cloud: it knows "
            f"{', '.join(sorted(_RULES))}, values to equal, and $or.",
        )


def _is_numeric(bounds: object) -> bool:
    """Whether these are comparisons, each followed by a number."""
    if not isinstance(bounds, list) or not bounds or len(bounds) % 2:
        return False
    comparisons, numbers = bounds[::2], bounds[1::2]
    return all(isinstance(one, str) and one in _COMPARISONS for one in comparisons) and all(
        isinstance(one, int | float) and not isinstance(one, bool) for one in numbers
    )


def _invalid() -> ApiError:
    return ApiError("InvalidParameterValueException", "Invalid filter pattern definition.")


def is_wanted(patterns: Sequence[str], record: Mapping[str, Any]) -> bool:
    """Whether a record passes: there are no patterns, or one of them matches."""
    if not patterns:
        return True
    readable = _readable(record)
    return any(matches(json.loads(pattern), readable) for pattern in patterns)


def _readable(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The record with its data parsed: ``body`` of SQS, ``data`` of Kinesis (which filters know at the top)."""
    if "body" in record:
        return {**record, "body": _parsed(record["body"])}
    if "kinesis" in record:
        try:
            text = base64.b64decode(record["kinesis"]["data"]).decode()
        except (binascii.Error, UnicodeDecodeError):
            text = ""
        return {**record["kinesis"], **record, "data": _parsed(text)}
    return record


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def matches(pattern: Mapping[str, Any], value: object) -> bool:
    """Whether a checked pattern matches a value, an object in JSON."""
    if not isinstance(value, Mapping):
        return False
    for key, wanted in pattern.items():
        if key == "$or":
            if not any(matches(one, value) for one in wanted):
                return False
        elif isinstance(wanted, Mapping):
            if not matches(wanted, value.get(key)):
                return False
        elif not _any_rule(wanted, value, key):
            return False
    return True


def _any_rule(rules: Sequence[object], holder: Mapping[str, Any], key: str) -> bool:
    is_there = key in holder
    found = holder.get(key)
    values = found if isinstance(found, list) else [found]
    for rule in rules:
        if isinstance(rule, Mapping) and "exists" in rule:
            if rule["exists"] == is_there:
                return True
        elif is_there and any(_rule(rule, value) for value in values):
            return True
    return False


def _rule(rule: object, value: object) -> bool:
    if not isinstance(rule, Mapping):
        return rule == value and isinstance(rule, bool) == isinstance(value, bool)
    return all(_named_rule(name, wanted, value) for name, wanted in rule.items())


def _named_rule(name: str, wanted: Any, value: object) -> bool:  # noqa: ANN401 - JSON
    if name == "anything-but":
        if isinstance(wanted, Mapping):
            return not (isinstance(value, str) and value.startswith(wanted["prefix"]))
        return value not in (wanted if isinstance(wanted, list) else [wanted])
    if name == "numeric":
        pairs = zip(wanted[::2], wanted[1::2], strict=False)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and all(_COMPARISONS[comparison](value, bound) for comparison, bound in pairs)
    return isinstance(value, str) and _TEXT_RULES[name](value, str(wanted))
