"""Policy variables: ``${aws:username}`` in a Resource or a Condition's value.

Source: IAM guide, reference_policies_variables.
"""

import re
from collections.abc import Iterable, Mapping

from vpclab.authorization.pattern import literally
from vpclab.authorization.verdict import NotModelledError

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_DEFAULT = re.compile(r"(?P<key>[^,]+?)\s*,\s*'(?P<default>[^']*)'\s*")
_CHARACTERS = frozenset("*?$")


def substituted(pattern: str, context: Mapping[str, tuple[str, ...]]) -> str | None:
    """Return ``pattern`` with the request's values in place of its variables; None where one has no value.

    A value counts letter by letter: wildcards and colons in it are none. ``${*}``, ``${?}`` and ``${$}`` are these
    characters themselves; ``${key, 'text'}`` is the text where the request has no such key. ``context``: keys
    lower-cased. NotModelledError: the request has several values for the key.
    """
    if "${" not in pattern:
        return pattern
    pieces: list[str] = []
    end = 0
    for variable in _VARIABLE.finditer(pattern):
        value = _value(variable[1], context)
        if value is None:
            return None
        pieces += [pattern[end : variable.start()], literally(value)]
        end = variable.end()
    return "".join([*pieces, pattern[end:]])


def keys_named(patterns: Iterable[str]) -> frozenset[str]:
    """Return the condition keys, lower-cased, whose values variables in ``patterns`` stand for."""
    named = (variable[1] for one in patterns for variable in _VARIABLE.finditer(one))
    names = {one.partition(",")[0].strip().lower() for one in named}
    return frozenset(names - _CHARACTERS)


def _value(name: str, context: Mapping[str, tuple[str, ...]]) -> str | None:
    if name in _CHARACTERS:
        return name
    with_default = _DEFAULT.fullmatch(name)
    values = context.get((with_default["key"] if with_default else name).strip().lower(), ())
    if len(values) > 1:
        raise NotModelledError(f"the policy variable {name} has several values in this request")
    if values:
        return values[0]
    return with_default["default"] if with_default else None
