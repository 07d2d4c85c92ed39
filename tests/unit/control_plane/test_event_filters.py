"""Event filters: the examples of the Lambda guide's page on filtering, and what is refused."""

import base64
import json
from typing import Any

import pytest

from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.event_sources.filter_pattern import check_pattern, is_wanted


def queue(body: object) -> dict[str, Any]:
    return {"messageId": "1", "body": body if isinstance(body, str) else json.dumps(body)}


@pytest.mark.parametrize(
    ("rule", "matching", "other"),
    [
        (["Chicago", "Boston"], "Boston", "Denver"),
        ([None], None, "x"),
        ([""], "", "x"),
        ([{"prefix": "us-"}], "us-east-1", "eu-west-1"),
        ([{"suffix": ".png"}], "a.png", "a.jpg"),
        ([{"equals-ignore-case": "Value"}], "vALUE", "values"),
        ([{"anything-but": ["a", "b"]}], "c", "a"),
        ([{"anything-but": {"prefix": "a"}}], "b", "ab"),
        ([{"numeric": [">", 0, "<=", 5]}], 5, 0),
        ([{"numeric": ["=", 3.0]}], 3, "3"),
        ([1], 1, True),
        ([{"exists": True}], "anything", ...),
        ([{"exists": False}], ..., "anything"),
        ([{"prefix": "a"}, "b"], ["x", "b"], ["x"]),
    ],
)
def test_rule_can_choose_records(rule: list[Any], matching: object, other: object) -> None:
    """One value passes and another does not; ``...`` stands for a field that is not there."""
    pattern = {"body": {"field": rule}}
    check_pattern(pattern)
    for value, expected in ((matching, True), (other, False)):
        body = {"more": 1} if value is ... else {"field": value}
        assert is_wanted([json.dumps(pattern)], queue(body)) is expected, value


def test_patterns_can_be_alternatives() -> None:
    """All fields of a pattern, any of the patterns, any branch of $or; none at all lets everything through."""
    both = json.dumps({"body": {"a": ["1"], "b": ["2"]}})
    either = json.dumps({"body": {"$or": [{"a": ["1"]}, {"b": ["2"]}]}})
    assert not is_wanted([both], queue({"a": "1"}))
    assert is_wanted([both, either], queue({"a": "1"}))
    assert not is_wanted([either], queue({"c": "1"}))
    assert is_wanted([], queue("anything"))


def test_data_can_be_looked_into() -> None:
    """Kinesis's data is base64; text that is no JSON matches no pattern that looks into it, but its own text."""
    data = base64.b64encode(json.dumps({"Record": [1]}).encode()).decode()
    record = {"kinesis": {"data": data, "partitionKey": "1"}, "eventSource": "aws:kinesis"}
    assert is_wanted(['{"data": {"Record": [1]}}'], record)
    assert is_wanted(['{"partitionKey": ["1"]}'], record)
    assert not is_wanted(['{"data": {"Record": [2]}}'], record)
    assert is_wanted(['{"body": ["plain"]}'], queue("plain"))
    assert not is_wanted(['{"body": {"a": [1]}}'], queue("plain"))
    table = {"eventName": "INSERT", "dynamodb": {"NewImage": {"id": {"S": "a"}}}}
    assert is_wanted(['{"eventName": ["INSERT"], "dynamodb": {"NewImage": {"id": {"S": ["a"]}}}}'], table)


@pytest.mark.parametrize(
    ("pattern", "code"),
    [
        ({"body": {"a": [{"cidr": "10.0.0.0/8"}]}}, "UnsupportedOperation"),
        ({"body": {"a": [{"wildcard": "*.png"}]}}, "UnsupportedOperation"),
        ({"body": {"a": [{"anything-but": {"suffix": "x"}}]}}, "UnsupportedOperation"),
        ({"body": {"a": "no list"}}, "InvalidParameterValueException"),
        ({"body": {"a": [{"numeric": [">"]}]}}, "InvalidParameterValueException"),
        ({"body": {"a": [{"numeric": ["~", 1]}]}}, "InvalidParameterValueException"),
    ],
)
def test_pattern_cannot_be_recorded_without_effect(pattern: dict[str, Any], code: str) -> None:
    """What is not modelled, and what is no pattern, is refused when the mapping is made."""
    with pytest.raises(ApiError) as caught:
        check_pattern(pattern)
    assert caught.value.code == code
