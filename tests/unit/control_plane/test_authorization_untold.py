"""Verdicts where a statement rests on a condition key that the local cloud does not tell."""

from typing import Any

import pytest

from tests.unit.authorization.example_requests import USER, named, request, statement
from vpclab.authorization import NotModelledError, Policies
from vpclab.localcloud.control_plane.authorization.judgement import judge

GET = request(USER, "s3:GetObject", "arn:aws:s3:::b/ann/x", aws__username="ann")
EVERYTHING = statement(action="s3:*")


@pytest.mark.parametrize(
    "more",
    [
        {"Resource": "arn:aws:s3:::b/${s3:NoSuchKey}/*"},
        {"NotResource": "arn:aws:s3:::b/${s3:NoSuchKey}/*", "Resource": None},
        {"Condition": {"StringEquals": {"aws:username": "${s3:NoSuchKey}"}}},
        {"Condition": {"StringEquals": {"s3:NoSuchKey": "x"}}},
    ],
)
def test_deny_on_what_is_not_told_cannot_be_overlooked(more: dict[str, Any]) -> None:
    """A key that is not told may have any value, behind a variable too: a deny on it is no absent deny."""
    denying = {key: value for key, value in statement("Deny", "s3:*", **more).items() if value is not None}
    with pytest.raises(NotModelledError, match="s3:nosuchkey"):
        judge(GET, Policies(identity=(named(EVERYTHING, denying),)))
    allowing = {**denying, "Effect": "Allow"}
    with pytest.raises(NotModelledError, match="s3:nosuchkey"):
        judge(GET, Policies(identity=(named(allowing),)))


def test_variable_that_is_told_can_decide() -> None:
    """A variable of a key that requests have, or are known not to have, is no doubt."""
    own = named(statement(action="s3:*", Resource="arn:aws:s3:::b/${aws:username}/*"))
    assert judge(GET, Policies(identity=(own,))).allowed
    nobody = request(USER, "s3:GetObject", "arn:aws:s3:::b/ann/x")
    assert not judge(nobody, Policies(identity=(own,))).allowed
