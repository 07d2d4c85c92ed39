"""A policy document: what it says, as frozen facts."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

VERSION_WITH_VARIABLES = "2012-10-17"


class MalformedPolicyError(ValueError):
    """The document is no IAM policy."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One line of a Condition element: the operator as written, one key (lower-cased), and the values it lists."""

    operator: str
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. ``actions`` and ``resources`` are patterns; ``not_…`` says that they are what is excluded.

    ``conditions`` must all hold. ``principals`` are ``kind:value`` (``Service:…``, ``AWS:…``) or ``*``; empty in
    an identity-based policy. ``resources`` is empty in a trust policy, which speaks of its role.
    """

    allow: bool
    actions: tuple[str, ...]
    not_actions: bool = False
    resources: tuple[str, ...] = ()
    not_resources: bool = False
    conditions: tuple[Condition, ...] = ()
    principals: tuple[str, ...] = ()
    not_principals: bool = False
    sid: str | None = None

    @property
    def conditional(self) -> bool:
        """Whether its element names alone do not tell whether it applies."""
        return bool(self.conditions) or self.not_principals


@dataclass(frozen=True, slots=True)
class Policy:
    """The statements of one document.

    ``variables``: whether ``${…}`` means something; in documents of an older Version it is plain text (IAM guide,
    reference_policies_variables).
    """

    statements: tuple[Statement, ...]
    variables: bool = True


def parse_policy(document: str | Mapping[str, Any]) -> Policy:
    """Read a policy document, JSON text or its object. MalformedPolicyError: it is none.

    Tolerant: what it accepts is read as IAM would, but it does not check all that IAM checks when a document is
    handed in (``check_identity_policy`` and its siblings do).
    """
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except (ValueError, RecursionError) as error:
            raise MalformedPolicyError(f"the policy is no JSON: {error}") from None
    if not isinstance(document, Mapping):
        raise MalformedPolicyError("the policy is no JSON object")
    statements = document.get("Statement")
    if isinstance(statements, Mapping):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise MalformedPolicyError("the policy has no Statement")
    return Policy(
        tuple(_statement(one) for one in statements), variables=document.get("Version") == VERSION_WITH_VARIABLES
    )


def _statement(given: object) -> Statement:
    if not isinstance(given, Mapping):
        raise MalformedPolicyError("a Statement is no JSON object")
    effect = given.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise MalformedPolicyError(f"Effect is {effect!r}, neither Allow nor Deny")
    actions, not_actions = _either(given, "Action", required=True)
    resources, not_resources = _either(given, "Resource", required=False)
    principals, not_principals = _principals(given)
    if not resources and not principals:
        raise MalformedPolicyError("a statement has neither Resource nor Principal")
    sid = given.get("Sid")
    return Statement(
        allow=effect == "Allow",
        actions=actions,
        not_actions=not_actions,
        resources=resources,
        not_resources=not_resources,
        conditions=_conditions(given.get("Condition")),
        principals=principals,
        not_principals=not_principals,
        sid=sid if isinstance(sid, str) and sid else None,
    )


def _either(given: Mapping[str, Any], name: str, *, required: bool) -> tuple[tuple[str, ...], bool]:
    positive, negative = given.get(name), given.get(f"Not{name}")
    if positive is not None and negative is not None:
        raise MalformedPolicyError(f"a statement has both {name} and Not{name}")
    if positive is None and negative is None:
        if required:
            raise MalformedPolicyError(f"a statement has neither {name} nor Not{name}")
        return (), False
    return _strings(positive if negative is None else negative, name), negative is not None


def _strings(value: object, name: str) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not values or not all(isinstance(one, str) for one in values):
        raise MalformedPolicyError(f"{name} is neither text nor a list of texts")
    return tuple(values)


def _principals(given: Mapping[str, Any]) -> tuple[tuple[str, ...], bool]:
    positive, negative = given.get("Principal"), given.get("NotPrincipal")
    if positive is not None and negative is not None:
        raise MalformedPolicyError("a statement has both Principal and NotPrincipal")
    principal = positive if negative is None else negative
    if principal is None:
        return (), False
    if principal == "*":
        return ("*",), negative is not None
    if not isinstance(principal, Mapping) or not principal:
        raise MalformedPolicyError("Principal is neither * nor a JSON object")
    named = tuple(f"{kind}:{one}" for kind, value in principal.items() for one in _strings(value, "Principal"))
    return named, negative is not None


def _conditions(given: object) -> tuple[Condition, ...]:
    if given is None:
        return ()
    if not isinstance(given, Mapping):
        raise MalformedPolicyError("Condition is no JSON object")
    conditions: list[Condition] = []
    for operator, block in given.items():
        if not isinstance(block, Mapping):
            raise MalformedPolicyError(f"the Condition operator {operator} has no JSON object")
        conditions += [Condition(operator, key.lower(), _values(values, key)) for key, values in block.items()]
    return tuple(conditions)


def _values(given: object, key: str) -> tuple[str, ...]:
    """Condition values: texts, and the numbers and booleans that JSON has, alone or in a list (perhaps empty)."""
    return tuple(_value(one, key) for one in (given if isinstance(given, list) else [given]))


def _value(given: object, key: str) -> str:
    match given:
        case str():
            return given
        case bool():
            return "true" if given else "false"
        case int() | float():
            return str(given)
        case _:
            raise MalformedPolicyError(f"a value of the Condition key {key} is neither text, number nor boolean")
