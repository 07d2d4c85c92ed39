"""A policy document: what it says, as frozen facts."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class MalformedPolicyError(ValueError):
    """The document is no IAM policy."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. ``actions`` and ``resources`` are patterns; ``not_…`` says that they are what is excluded.

    ``conditional``: it has a Condition, which is not modelled. ``principals`` are ``kind:value`` (``Service:…``,
    ``AWS:…``) or ``*``; empty in an identity-based policy. ``resources`` is empty in a trust policy.
    """

    allow: bool
    actions: tuple[str, ...]
    not_actions: bool = False
    resources: tuple[str, ...] = ()
    not_resources: bool = False
    conditional: bool = False
    principals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """The statements of one document."""

    statements: tuple[Statement, ...]


def parse_policy(document: str | Mapping[str, Any]) -> Policy:
    """Read a policy document, JSON text or its object. MalformedPolicyError: it is none."""
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError as error:
            raise MalformedPolicyError(f"the policy is no JSON: {error}") from None
    if not isinstance(document, Mapping):
        raise MalformedPolicyError("the policy is no JSON object")
    statements = document.get("Statement")
    if isinstance(statements, Mapping):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise MalformedPolicyError("the policy has no Statement")
    return Policy(tuple(_statement(one) for one in statements))


def _statement(given: object) -> Statement:
    if not isinstance(given, Mapping):
        raise MalformedPolicyError("a Statement is no JSON object")
    effect = given.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise MalformedPolicyError(f"Effect is {effect!r}, neither Allow nor Deny")
    actions, not_actions = _either(given, "Action", required=True)
    resources, not_resources = _either(given, "Resource", required=False)
    principals = _principals(given)
    if not resources and not principals:
        raise MalformedPolicyError("a statement has neither Resource nor Principal")
    return Statement(
        allow=effect == "Allow",
        actions=actions,
        not_actions=not_actions,
        resources=resources,
        not_resources=not_resources,
        conditional=bool(given.get("Condition")),
        principals=principals,
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


def _principals(given: Mapping[str, Any]) -> tuple[str, ...]:
    if "NotPrincipal" in given:
        raise MalformedPolicyError("NotPrincipal is not modelled: name the principals that are meant")
    principal = given.get("Principal")
    if principal is None:
        return ()
    if principal == "*":
        return ("*",)
    if not isinstance(principal, Mapping):
        raise MalformedPolicyError("Principal is neither * nor a JSON object")
    return tuple(f"{kind}:{one}" for kind, value in principal.items() for one in _strings(value, "Principal"))
