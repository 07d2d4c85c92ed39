"""A second opinion on requests: AWS's evaluation logic written down as slowly and plainly as it reads.

Source: IAM guide, reference_policies_evaluation-logic and what it links. It reads JSON documents, shares no code
with ``vpclab.authorization``, and answers with every kind of policy that stands in the way, not with the first.
"""

# ruff: noqa: ANN401 - JSON

import datetime as dt
import ipaddress
import itertools
from collections.abc import Mapping
from typing import Any

Context = Mapping[str, list[str]]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


# Texts


def glob(pattern: list[str], text: str, reach: list[str]) -> bool:
    """Match letter by letter. ``pattern``: letters, of which only a bare ``*`` or ``?`` is wild.

    ``reach``: for each letter of the pattern, the characters that a wildcard there cannot stand for.
    """
    if not pattern:
        return not text
    head, rest, stop = pattern[0], pattern[1:], reach[0]
    if head == "*":
        if glob(rest, text, reach[1:]):
            return True
        return bool(text) and text[0] not in stop and glob(pattern, text[1:], reach)
    if not text:
        return False
    if head == "?":
        return text[0] not in stop and glob(rest, text[1:], reach[1:])
    return head[-1] == text[0] and glob(rest, text[1:], reach[1:])


def letters(pattern: str, context: Context, *, variables: bool) -> list[str] | None:
    """Take a pattern apart; letters out of a variable are marked, so that they are not wild. None: no value."""
    result: list[str] = []
    at = 0
    while at < len(pattern):
        if variables and pattern.startswith("${", at):
            end = pattern.index("}", at)
            name = pattern[at + 2 : end]
            if name in {"*", "?", "$"}:
                value = name
            else:
                name, _, default = name.partition(",")
                found = context.get(name.strip().lower())
                if found:
                    value = found[0]
                elif default:
                    value = default.strip().strip("'")
                else:
                    return None
            result += ["\\" + letter for letter in value]
            at = end + 1
        else:
            result.append(pattern[at])
            at += 1
    return result


def text_like(pattern: list[str], text: str) -> bool:
    return glob(pattern, text, ["" for _ in pattern])


def arn_like(pattern: list[str], arn: str) -> bool:
    """Wildcards stay between colons, but for those behind the fifth colon or the last one of the pattern."""
    if pattern == ["*"]:
        return True
    if arn == "*":
        return False
    colons = [index for index, letter in enumerate(pattern) if letter == ":"]
    if len(colons) < 5 and pattern[-1:] != ["*"]:
        return False
    free_from = colons[4] if len(colons) >= 5 else colons[-1] if colons else -1
    return glob(pattern, arn, ["" if index > free_from else ":" for index in range(len(pattern))])


def resource_like(pattern: list[str], arn: str) -> bool:
    """An asterisk that ends its segment crosses colons; other wildcards only behind the fifth colon."""
    if pattern == ["*"]:
        return True
    if arn == "*":
        return False
    colons = [index for index, letter in enumerate(pattern) if letter == ":"]
    free_from = colons[4] if len(colons) >= 5 else len(pattern)
    ends = {index - 1 for index in colons} | {len(pattern) - 1}
    crossing = [index > free_from or (pattern[index] == "*" and index in ends) for index in range(len(pattern))]
    return glob(pattern, arn, ["" if free else ":" for free in crossing])


# Conditions


def moment(text: str) -> dt.datetime:
    if text.isdecimal():
        return dt.datetime.fromtimestamp(int(text), dt.UTC)
    return dt.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=dt.UTC)


def one_matches(operator: str, wanted: str, actual: str, context: Context, *, variables: bool) -> bool:
    """Whether a value of the request matches one of the policy; the operator has no Not, IfExists or set."""
    pattern = letters(wanted, context, variables=variables and operator.startswith(("String", "Arn", "Bool")))
    if pattern is None:
        return False
    plain = "".join(letter[-1] for letter in pattern)
    if operator == "IpAddress":
        return ipaddress.ip_address(actual) in ipaddress.ip_network(wanted)
    if operator.startswith(("Date", "Numeric")):
        left: Any = moment(actual) if operator.startswith("Date") else float(actual)
        right: Any = moment(wanted) if operator.startswith("Date") else float(wanted)
        answers = {
            "Equals": left == right,
            "LessThan": left < right,
            "LessThanEquals": left <= right,
            "GreaterThan": left > right,
            "GreaterThanEquals": left >= right,
        }
    else:
        same_letters = plain.lower() == actual.lower()
        answers = {
            "StringEquals": plain == actual,
            "StringEqualsIgnoreCase": same_letters,
            "Bool": same_letters,
            "StringLike": text_like(pattern, actual),
            "ArnLike": arn_like(pattern, actual),
            "ArnEquals": arn_like(pattern, actual),
        }
    return bool(answers[operator.removeprefix("Date").removeprefix("Numeric")])


def condition_met(operator: str, key: str, wanted: list[str], context: Context, *, variables: bool) -> bool:
    actual = context.get(key.lower()) or None
    if operator == "Null":
        return (actual is None) == (wanted[0] == "true")
    quantifier, _, bare = operator.rpartition(":")
    if bare.endswith("IfExists"):
        if actual is None:
            return True
        bare = bare.removesuffix("IfExists")
    negative = "Not" in bare
    bare = bare.replace("Not", "")
    if actual is None:
        if quantifier:
            return quantifier == "ForAllValues"
        return negative
    answers = []
    for value in actual:
        hits = [one_matches(bare, one, value, context, variables=variables) for one in wanted]
        answers.append(not any(hits) if negative else any(hits))
    return any(answers) if quantifier == "ForAnyValue" else all(answers)


# Statements


def principals_of(request: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """Every way in which a policy can name the caller, and as what that counts."""
    names = {("*", "*"): "itself", ("AWS", "*"): "itself"}
    caller = request["caller"]
    if caller["kind"] == "service":
        names["Service", caller["arn"]] = "itself"
    elif caller["kind"] != "anonymous":
        names["AWS", caller["account"]] = "account"
        names["AWS", f"arn:aws:iam::{caller['account']}:root"] = "account"
        if caller["kind"] != "root":
            names["AWS", caller["arn"]] = "itself"
        if caller["kind"] == "session":
            names["AWS", caller["role"]] = "role"
    return names


def named_as(statement: Mapping[str, Any], request: Mapping[str, Any]) -> set[str]:
    principal = statement["Principal"]
    if principal == "*":
        principal = {"*": "*"}
    listed = {(kind, name) for kind, names in principal.items() for name in as_list(names)}
    return {counts for name, counts in principals_of(request).items() if name in listed}


def applies(statement: Mapping[str, Any], request: Mapping[str, Any], *, variables: bool) -> bool:
    context: Context = {key.lower(): values for key, values in request["context"].items()}
    named = [
        text_like(list(one.lower()), request["action"].lower())
        for one in as_list(statement.get("Action", statement.get("NotAction")))
    ]
    if any(named) == ("NotAction" in statement):
        return False
    if "Resource" in statement or "NotResource" in statement:
        hits = []
        for one in as_list(statement.get("Resource", statement.get("NotResource"))):
            pattern = letters(one, context, variables=variables)
            hits.append(pattern is not None and resource_like(pattern, request["resource"]))
        if any(hits) == ("NotResource" in statement):
            return False
    return all(
        condition_met(operator, key, [str(one) for one in as_list(wanted)], context, variables=variables)
        for operator, block in statement.get("Condition", {}).items()
        for key, wanted in block.items()
    )


def effects(document: Mapping[str, Any], request: Mapping[str, Any]) -> set[tuple[str, str]]:
    """All (effect, counted as) of a document's statements that apply to the request."""
    variables = document.get("Version") == "2012-10-17"
    found = set()
    for statement in as_list(document["Statement"]):
        if applies(statement, request, variables=variables):
            counts = named_as(statement, request) if "Principal" in statement else {"itself"}
            found |= {(statement["Effect"], one) for one in counts}
    return found


# The decision


def opinion(request: Mapping[str, Any], policies: Mapping[str, Any]) -> tuple[str, set[str]]:
    """Return ("allowed", nothing) or how it is denied and every kind of policy that stands in the way.

    ``policies``: "identity" and "session" lists of documents; "boundary", "resource", "endpoint" documents; a kind
    that there is none of is not in the mapping.
    """
    found = {
        kind: set(itertools.chain.from_iterable(effects(one, request) for one in as_list(documents)))
        for kind, documents in policies.items()
    }
    denying = {kind for kind, given in found.items() if any(effect == "Deny" for effect, _ in given)}
    if denying:
        return "explicitly denied", denying
    allowing = {kind: {counts for effect, counts in given if effect == "Allow"} for kind, given in found.items()}
    lacking = {kind for kind in ("boundary", "session", "endpoint") if kind in policies and not allowing[kind]}
    by_resource = allowing.get("resource", set())
    if not allowing.get("identity"):
        lacking.add("identity")
    if not by_resource:
        lacking.add("resource")

    caller = request["caller"]
    if caller["kind"] in {"service", "anonymous"}:
        needed = {"resource", "endpoint"}
    elif caller["account"] != request["resource account"]:
        needed = {"identity", "boundary", "session", "resource", "endpoint"}
    else:
        needed = {"identity", "boundary", "session", "endpoint"}
        if request["action"].startswith("sts:AssumeRole"):
            needed.add("resource")
        if "role" in by_resource:
            needed -= {"identity"}
        if "itself" in by_resource:
            needed -= {"identity", "boundary", "session"}
    if caller["kind"] == "root":
        needed -= {"identity", "boundary", "session"}
    in_the_way = lacking & needed
    return ("implicitly denied", in_the_way) if in_the_way else ("allowed", set())
