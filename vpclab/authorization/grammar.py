"""What IAM refuses of a document when it is handed in: MalformedPolicyDocument, in IAM's words.

Source: IAM guide, reference_policies_grammar and the pages on each element; the wordings are IAM's answers. IAM
looks at form alone: actions, services and resources that do not exist are accepted (IAM guide,
troubleshoot_policies, "unrecognized services").
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from vpclab.authorization.condition import operator
from vpclab.authorization.grammar_elements import (
    LEGACY,
    SYNTAX,
    check_action,
    check_dates,
    check_principals,
    check_resource,
    texts,
)
from vpclab.authorization.policy import MalformedPolicyError

_VERSIONS = ("2008-10-17", "2012-10-17")
_TOP_ELEMENTS = frozenset({"Version", "Id", "Statement"})
_STATEMENT_ELEMENTS = frozenset(
    {
        *("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction"),
        *("Resource", "NotResource", "Condition"),
    }
)
_SID = re.compile(r"[0-9A-Za-z]*")
_ROLE_ACTIONS = (
    *("assumerole", "assumerolewithsaml", "assumerolewithwebidentity", "tagsession"),
    *("setsourceidentity", "setcontext"),
)
_TRUST_ACTIONS_ONLY = "AssumeRole policy may only specify STS AssumeRole actions."

Document = Mapping[str, Any]


def check_identity_policy(text: str, *, managed: bool = False) -> None:
    """Return for a document that IAM takes for a user, group, role or session; else MalformedPolicyError.

    ``managed``: for a managed policy, whose Version must be 2012-10-17; inline ones may have none, or 2008-10-17.
    """
    document = _parsed(text)
    if managed and document.get("Version") != "2012-10-17":
        raise MalformedPolicyError("Policy document must be version 2012-10-17 or greater.")
    statements = _checked(document, sids_alphanumeric=True)
    for statement in statements:
        if "Principal" in statement or "NotPrincipal" in statement:
            raise MalformedPolicyError("Policy document should not specify a principal.")
        _check_resources_there(statement)


def check_trust_policy(text: str) -> None:
    """Return for a document that IAM takes as a role's trust policy; else MalformedPolicyError.

    Whether the principals exist is not looked at: only who keeps them can tell.
    """
    for statement in _checked(_parsed(text), sids_alphanumeric=True):
        for element in ("Resource", "NotResource"):
            if element in statement:
                raise MalformedPolicyError(f"Has prohibited field {element}")
        _check_principal_there(statement)
        for action in texts(statement.get("Action", statement.get("NotAction"))):
            if not _may_be_in_trust(action):
                raise MalformedPolicyError(_TRUST_ACTIONS_ONLY)


def check_resource_policy(text: str) -> None:
    """Return for a document that may be attached to a resource (queue, bucket, secret, function …).

    Else MalformedPolicyError; services refuse with codes of their own.
    """
    for statement in _checked(_parsed(text), sids_alphanumeric=False):
        _check_principal_there(statement)
        _check_resources_there(statement)


def _parsed(text: str) -> Document:
    if text.startswith(" "):
        raise MalformedPolicyError("JSON strings must not have leading spaces")
    try:
        document = json.loads(text, object_pairs_hook=_without_repetition, parse_constant=_no_json)
        json.dumps(document, ensure_ascii=False).encode()  # half a surrogate pair is no character
    except (ValueError, RecursionError):
        raise MalformedPolicyError(SYNTAX) from None
    if not isinstance(document, dict):
        raise MalformedPolicyError(SYNTAX)
    return document


def _no_json(name: str) -> None:
    raise ValueError(f"{name} is no JSON, though Python reads it")


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an element is there twice")
    return found


def _checked(document: Document, *, sids_alphanumeric: bool) -> list[Document]:
    """Check what all kinds of documents have in common, in the order in which IAM complains."""
    statements = list(_statements(document))
    for statement in statements:
        _check_shape(statement)
    resource_faults = [fault for statement in statements for fault in _check_legacy(statement)]
    _check_sids(statements, alphanumeric=sids_alphanumeric)
    for statement in statements:
        if not texts(statement.get("Action", statement.get("NotAction"))):
            raise MalformedPolicyError("Policy statement must contain actions.")
    for fault in resource_faults:
        raise fault
    for statement in statements:
        for action in texts(statement.get("Action", statement.get("NotAction"))):
            check_action(action)
        for key in (key for block in statement.get("Condition", {}).values() for key in block):
            check_action(key, is_key=True)
    return statements


def _statements(document: Document) -> Iterator[Document]:
    given = document.get("Statement")
    statements = [given] if isinstance(given, dict) else given
    if (
        not set(document) <= _TOP_ELEMENTS
        or document.get("Version", "2012-10-17") not in _VERSIONS
        or not isinstance(document.get("Id", ""), str)
        or not isinstance(statements, list)
        or not statements
        or not all(isinstance(one, dict) for one in statements)
    ):
        raise MalformedPolicyError(SYNTAX)
    yield from statements


def _check_shape(statement: Document) -> None:
    """Refuse unknown elements, elements that exclude each other, and values of a wrong kind."""
    both = any(name in statement and f"Not{name}" in statement for name in ("Action", "Resource", "Principal"))
    effect = statement.get("Effect")
    if (
        not set(statement) <= _STATEMENT_ELEMENTS
        or both
        or not isinstance(effect, str)
        or effect.lower() not in {"allow", "deny"}
        or not isinstance(statement.get("Sid", ""), str)
        or not all(
            _is_texts(statement[name])
            for name in ("Action", "NotAction", "Resource", "NotResource")
            if name in statement
        )
        or not _is_condition(statement.get("Condition", {}))
    ):
        raise MalformedPolicyError(SYNTAX)


def _is_texts(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(one, str) for one in value))


def _is_condition(given: object) -> bool:
    return isinstance(given, dict) and all(
        isinstance(block, dict)
        and (operator(name) is not None or not block)
        and all(_is_value(value) for value in block.values())
        for name, block in given.items()
    )


def _is_value(value: object) -> bool:
    values = value if isinstance(value, list) else [value]
    return all(isinstance(one, str | bool | int | float) for one in values)


def _check_legacy(statement: Document) -> Iterator[MalformedPolicyError]:
    """Refuse what IAM's older parser refuses; yield what IAM says of resources later."""
    if statement["Effect"] not in ("Allow", "Deny"):
        raise MalformedPolicyError(LEGACY)
    for name, block in statement.get("Condition", {}).items():
        check_dates(name, block)
    for resource in texts(statement.get("Resource", statement.get("NotResource"))):
        fault = check_resource(resource)
        if fault is not None:
            yield fault


def _check_sids(statements: list[Document], *, alphanumeric: bool) -> None:
    sids = [statement["Sid"] for statement in statements if statement.get("Sid")]
    if len(set(sids)) != len(sids):
        raise MalformedPolicyError("Statement IDs (SID) in a single policy must be unique.")
    if alphanumeric and not all(_SID.fullmatch(sid) for sid in sids):
        raise MalformedPolicyError(
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression "
            "[0-9A-Za-z]*"
        )


def _check_resources_there(statement: Document) -> None:
    if not texts(statement.get("Resource", statement.get("NotResource"))):
        raise MalformedPolicyError("Policy statement must contain resources.")


def _check_principal_there(statement: Document) -> None:
    if "Principal" not in statement and "NotPrincipal" not in statement:
        raise MalformedPolicyError("Missing required field Principal")
    check_principals(statement.get("Principal", statement.get("NotPrincipal")))


def _may_be_in_trust(action: str) -> bool:
    vendor, _, name = action.lower().partition(":")
    wild = re.compile("".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in name))
    return vendor == "sts" and any(wild.fullmatch(one) for one in _ROLE_ACTIONS)
