"""Conditions: whether a request's context meets a line of a Condition element.

Source: IAM guide, reference_policies_elements_condition_operators and
reference_policies_condition-single-vs-multi-valued-context-keys.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from vpclab.authorization.comparison import COMPARISONS, Comparison
from vpclab.authorization.pattern import plainly
from vpclab.authorization.policy import Condition
from vpclab.authorization.variables import substituted
from vpclab.authorization.verdict import NotModelledError

Context = Mapping[str, tuple[str, ...]]

_IF_EXISTS = "ifexists"
_SETS: Mapping[str, Callable[[Iterable[object]], bool]] = {"forallvalues": all, "foranyvalue": any}


@dataclass(frozen=True, slots=True)
class Operator:
    """A condition operator taken apart. ``quantifier``: ``forallvalues``, ``foranyvalue`` or ``""``."""

    name: str
    quantifier: str
    if_exists: bool
    comparison: Comparison | None


@lru_cache(maxsize=256)
def operator(text: str) -> Operator | None:
    """Take an operator apart; None: IAM has no such operator. Letter case does not matter."""
    quantifier, colon, name = text.lower().rpartition(":")
    if colon and quantifier not in _SETS:
        return None
    if_exists = name.endswith(_IF_EXISTS)
    if if_exists:
        name = name.removesuffix(_IF_EXISTS)
    if name == "null":
        return None if if_exists or quantifier else Operator(name, "", if_exists=False, comparison=None)
    comparison = COMPARISONS.get(name)
    return None if comparison is None else Operator(name, quantifier, if_exists, comparison)


def holds(condition: Condition, context: Context, *, variables: bool) -> bool:
    """Whether the request's ``context`` (keys lower-cased) meets ``condition``.

    NotModelledError: it cannot be told, e.g. a key with several values under an operator for one, or a value that
    is none for its operator.
    """
    asked = operator(condition.operator)
    if asked is None:
        raise NotModelledError(f"the condition operator {condition.operator} is not modelled")
    present = context.get(condition.key, ())
    if asked.comparison is None:
        return any(one.lower() == "true" for one in condition.values) != bool(present)
    if not present:
        return _absent(asked, asked.comparison)
    values = _resolved(condition, asked.comparison, context, variables=variables)
    if asked.quantifier:
        return _SETS[asked.quantifier](_compared(asked.comparison, one, values) for one in present)
    if len(present) > 1:
        raise NotModelledError(
            f"the condition key {condition.key} has several values in this request: "
            f"use ForAnyValue: or ForAllValues: before {condition.operator}"
        )
    return _compared(asked.comparison, present[0], values)


def _absent(asked: Operator, comparison: Comparison) -> bool:
    if asked.if_exists or asked.quantifier == "forallvalues":
        return True
    return comparison.negated and not asked.quantifier


def _compared(comparison: Comparison, present: str, values: tuple[str, ...]) -> bool:
    """Several values of a policy are alternatives; of a negated comparison, none may match."""
    return any(comparison.matches(value, present) for value in values) != comparison.negated


def _resolved(
    condition: Condition, comparison: Comparison, context: Context, *, variables: bool
) -> tuple[str, ...]:
    if not variables or not any("${" in value for value in condition.values):
        return condition.values
    if not comparison.variables:
        raise NotModelledError(f"{condition.operator} takes no policy variables")
    resolved = [substituted(value, context) for value in condition.values]
    if comparison.negated and None in resolved:
        raise NotModelledError(
            f"a policy variable of {condition.operator} on {condition.key} has no value in this request"
        )
    known = (one for one in resolved if one is not None)
    return tuple(known if comparison.wildcards else map(plainly, known))
