"""Condition operators, by the table of the IAM guide."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpclab.authorization import Condition, NotModelledError
from vpclab.authorization.condition import holds, operator
from vpclab.authorization.pattern import literally, text_matches

KEY = "aws:somekey"
texts = st.text(alphabet="ab*?:$", max_size=5)
OPERATORS = [
    *("StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "ArnLike", "ArnNotLike"),
    *("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
]


def met(name: str, wanted: str | tuple[str, ...], *actual: str) -> bool:
    values = (wanted,) if isinstance(wanted, str) else wanted
    return holds(Condition(name, KEY, values), {KEY: actual} if actual else {}, variables=True)


@pytest.mark.parametrize(
    ("name", "wanted", "actual", "expected"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", "A", "a", False),
        ("StringEquals", "a*", "ab", False),
        ("StringLike", "a*", "ab", True),
        ("stringlike", "a?", "ab", True),
        ("StringNotLike", "a*", "ab", False),
        ("StringEqualsIgnoreCase", "A", "a", True),
        ("ArnLike", "arn:aws:s3:::b*", "arn:aws:s3:::bucket", True),
        ("ArnLike", "arn:aws:s3:*:bucket", "arn:aws:s3:::bucket", False),
        ("ArnEquals", "arn:aws:s3:::b*", "arn:aws:s3:::bucket", True),
        ("ArnLike", "arn:aws:s3:::b", "no ARN", False),
        ("NumericLessThan", "10", "9.5", True),
        ("NumericLessThan", "10", "10", False),
        ("NumericEquals", "10", "10.0", True),
        ("NumericNotEquals", "10", "10.0", False),
        ("DateLessThan", "2026-01-02T00:00:00Z", "2026-01-01T23:59:59Z", True),
        ("DateGreaterThan", "2026-01-01T01:00:00+01:00", "2026-01-01T00:00:01Z", True),
        ("DateEquals", "0001767225600", "2026-01-01T00:00:00Z", True),
        ("DateLessThan", "2027", "2026-06-01T00:00:00Z", True),
        ("Bool", "True", "true", True),
        ("Bool", "false", "true", False),
        ("IpAddress", "10.0.0.0/8", "10.1.2.3", True),
        ("IpAddress", "10.0.0.1", "10.0.0.1", True),
        ("IpAddress", "2001:db8::/32", "2001:db8::1", True),
        ("IpAddress", "2001:db8::/32", "10.0.0.1", False),
        ("IpAddress", "10.0.0.0/8", "s3.amazonaws.com", False),
        ("NotIpAddress", "10.0.0.0/8", "11.0.0.0", True),
        ("BinaryEquals", "aGk=", "aGk=", True),
    ],
)
def test_operator_can_compare_one_value(name: str, wanted: str, actual: str, *, expected: bool) -> None:
    """Each operator compares as its row says."""
    assert met(name, wanted, actual) is expected


@given(st.sampled_from(OPERATORS), st.lists(texts, min_size=1, max_size=3), texts)
def test_negated_operator_can_be_told_from_its_opposite(name: str, wanted: list[str], actual: str) -> None:
    """Several values are alternatives, and none of them may match a negated operator."""
    opposite = (
        name.replace("Not", "") if "Not" in name else name.replace("String", "StringNot").replace("Arn", "ArnNot")
    )
    assert met(name, tuple(wanted), actual) is not met(opposite, tuple(wanted), actual)


@given(st.sampled_from(OPERATORS), texts)
def test_missing_key_can_be_met_by_negated_operators_alone(name: str, wanted: str) -> None:
    """A key that is not there matches nothing: negated operators hold, others do not, …IfExists always."""
    assert met(name, wanted) is ("Not" in name)
    assert met(f"{name}IfExists", wanted)
    assert met(f"ForAllValues:{name}", wanted)
    assert not met(f"ForAnyValue:{name}", wanted)


@given(
    st.sampled_from(OPERATORS), st.lists(texts, min_size=1, max_size=3), st.lists(texts, min_size=1, max_size=3)
)
def test_set_operators_can_quantify_over_the_requests_values(
    name: str, wanted: list[str], actual: list[str]
) -> None:
    """ForAllValues asks the operator of every value of the request, ForAnyValue of at least one."""
    each = [met(name, tuple(wanted), one) for one in actual]
    assert met(f"ForAllValues:{name}", tuple(wanted), *actual) is all(each)
    assert met(f"ForAnyValue:{name}", tuple(wanted), *actual) is any(each)


@given(texts, texts)
def test_variable_cannot_bring_wildcards_of_its_own(value: str, other: str) -> None:
    """A value that stands for a variable means its letters and nothing else."""
    assert text_matches(literally(value), other) is (value == other)
    condition = Condition("StringLike", KEY, ("${aws:username}",))
    assert holds(condition, {KEY: (other,), "aws:username": (value,)}, variables=True) is (value == other)


def test_null_can_ask_for_presence_and_absence() -> None:
    """Null: true asks that the key is not there, false that it is."""
    assert met("Null", "true")
    assert not met("Null", "true", "x")
    assert met("Null", "false", "x")
    assert not met("Null", "false")


@pytest.mark.parametrize(
    ("name", "wanted", "actual"),
    [
        ("StringEquals", "a", ("a", "b")),
        ("NumericLessThan", "ten", ("9",)),
        ("DateLessThan", "soon", ("2026-01-01T00:00:00Z",)),
        ("IpAddress", "nowhere", ("10.0.0.1",)),
        ("BinaryEquals", "no base64!", ("QUJD",)),
        ("NumericLessThan", "${aws:username}", ("9",)),
        ("DateLessThan", "${aws:username}", ("2026-01-01T00:00:00Z",)),
        ("IpAddress", "${aws:username}", ("10.0.0.1",)),
        ("BinaryEquals", "${aws:username}", ("QUJD",)),
        ("StringNotEquals", "${aws:username}", ("9",)),
        ("StringEqualz", "a", ("a",)),
    ],
)
def test_condition_cannot_be_guessed(name: str, wanted: str, actual: tuple[str, ...]) -> None:
    """Several values under an operator for one, values that are none for it, unknown operators: no answer."""
    with pytest.raises(NotModelledError):
        met(name, wanted, *actual)


@pytest.mark.parametrize("name", ["NullIfExists", "ForAnyValue:Null", "ForSome:StringLike", "Like", ""])
def test_operator_that_does_not_exist_cannot_be_read(name: str) -> None:
    """Operators are a closed set."""
    assert operator(name) is None


@pytest.mark.parametrize("actual", ["NaN", "sNaN", "Infinity"])
def test_what_is_no_finite_number_cannot_be_compared(actual: str) -> None:
    """What a request says is not always a number where a policy expects one: not known is all that can be said."""
    with pytest.raises(NotModelledError, match="is no number"):
        met("NumericLessThan", "1", actual)
