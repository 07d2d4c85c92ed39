"""Actions and resources of identity-based policies, against the rules that IAM documents and a naive reading."""

# ruff: noqa: ANN401 - JSON

import fnmatch
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.authorization.example_requests import SESSION
from vpclab.authorization import (
    Decision,
    MalformedPolicyError,
    NamedPolicy,
    Policies,
    Policy,
    Request,
    authorize,
    parse_policy,
)
from vpclab.authorization.pattern import action_matches, resource_matches

PUT = "logs:PutLogEvents"
STREAM = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/f:log-stream:2026/11/24/[$LATEST]x"


def decide(policies: list[Policy], action: str, resource: str) -> Decision:
    """Of a role with these policies, in its own account."""
    named = tuple(NamedPolicy(str(number), one) for number, one in enumerate(policies))
    return authorize(
        Request(principal=SESSION, action=action, resource=resource), Policies(identity=named)
    ).decision


def policy(*statements: dict[str, Any]) -> Policy:
    return parse_policy({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | list[str], resource: str | list[str] = "*", **more: object) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str | list[str], resource: str | list[str] = "*", **more: object) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


statements = st.builds(
    lambda effect, action, resource: {"Effect": effect, "Action": action, "Resource": resource},
    st.sampled_from(["Allow", "Deny"]),
    st.sampled_from(["*", "logs:*", "logs:Put*", "LOGS:putlogevents", "logs:CreateLogStream", "s3:*"]),
    st.sampled_from(["*", "arn:aws:logs:*:*:*", STREAM, "arn:aws:s3:::b/*"]),
)


@given(st.lists(statements, min_size=1, max_size=6))
def test_decision_can_be_told_from_deny_then_allow(given_statements: list[dict[str, Any]]) -> None:
    """By default a request is denied; an explicit allow overrides that; an explicit deny overrides any allow."""

    def names(statement: dict[str, Any]) -> bool:
        return fnmatch.fnmatchcase(PUT.lower(), statement["Action"].lower()) and (
            statement["Resource"] == STREAM
            or ("[" not in statement["Resource"] and fnmatch.fnmatchcase(STREAM, statement["Resource"]))
        )

    effects = {one["Effect"] for one in given_statements if names(one)}
    expected = (
        Decision.EXPLICITLY_DENIED
        if "Deny" in effects
        else Decision.ALLOWED
        if "Allow" in effects
        else Decision.IMPLICITLY_DENIED
    )
    assert decide([policy(*given_statements)], PUT, STREAM) is expected


@given(st.lists(statements, min_size=1, max_size=4), st.lists(statements, min_size=1, max_size=4))
def test_decision_cannot_depend_on_the_order_of_policies(
    one: list[dict[str, Any]], other: list[dict[str, Any]]
) -> None:
    """All applicable policies are evaluated together."""
    assert decide([policy(*one), policy(*other)], PUT, STREAM) is decide([policy(*other, *one)], PUT, STREAM)


@given(st.lists(statements, min_size=1, max_size=4))
def test_deny_of_everything_cannot_be_overridden(given_statements: list[dict[str, Any]]) -> None:
    """An explicit deny in any policy overrides any allow."""
    assert decide([policy(*given_statements), policy(deny("*"))], PUT, STREAM) is Decision.EXPLICITLY_DENIED


@given(st.text(alphabet="ab:*?/", max_size=12))
def test_every_text_can_match_itself(text: str) -> None:
    """A pattern matches at least the text that it is (for actions, which are not split into segments)."""
    assert action_matches(text, text)


@pytest.mark.parametrize(
    ("pattern", "resource", "expected"),
    [
        ("*", STREAM, True),
        ("arn:aws:logs:*:*:*", STREAM, True),
        ("arn:aws:logs:*", STREAM, True),
        ("arn:aws:logs:us-east-?:123456789012:log-group:/aws/lambda/f:*", STREAM, True),
        ("arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/g:*", STREAM, False),
        ("arn:*:us-east-1:123456789012:log-group:*", STREAM, True),
        ("arn:?:us-east-1:123456789012:log-group:*", STREAM, False),
        ("arn:aws:logs: us-east-1:*:*", STREAM, False),
        ("arn:aws:s3:::b", "arn:aws:s3:::b/key", False),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/key", True),
        ("arn:aws:ec2:*:*:subnet/*", "*", False),
        ("ARN:aws:s3:::b", "arn:aws:s3:::b", False),
    ],
)
def test_resource_pattern_can_match_within_segments(pattern: str, resource: str, *, expected: bool) -> None:
    """A wildcard stays inside its segment, except an asterisk that ends it."""
    assert resource_matches(pattern, resource) is expected


def test_not_action_can_name_what_is_left_out() -> None:
    """NotAction matches everything but what it names."""
    lenient = policy({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"})
    assert decide([lenient], PUT, STREAM) is Decision.ALLOWED
    assert decide([lenient], "s3:GetObject", "arn:aws:s3:::b/k") is Decision.IMPLICITLY_DENIED


def test_not_resource_can_name_what_is_left_out() -> None:
    """NotResource matches everything but what it names."""
    strict = policy(allow("logs:*"), {"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:logs:*:*:*"})
    assert decide([strict], PUT, STREAM) is Decision.ALLOWED
    assert decide([strict], PUT, "arn:aws:s3:::b") is Decision.EXPLICITLY_DENIED


@pytest.mark.parametrize(
    "document",
    [
        "no JSON",
        "[]",
        {"Version": "2012-10-17"},
        {"Statement": []},
        {"Statement": {"Effect": "Perhaps", "Action": "*", "Resource": "*"}},
        {"Statement": {"Effect": "Allow", "Resource": "*"}},
        {"Statement": {"Effect": "Allow", "Action": "*"}},
        {"Statement": {"Effect": "Allow", "Action": "*", "NotAction": "s3:*", "Resource": "*"}},
        {"Statement": {"Effect": "Allow", "Action": [1], "Resource": "*"}},
    ],
)
def test_malformed_document_cannot_be_read(document: Any) -> None:
    """What is no policy is refused, not taken for an empty one."""
    with pytest.raises(MalformedPolicyError):
        parse_policy(document)
