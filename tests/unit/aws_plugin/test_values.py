"""Property values to plain ones and back."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pulumi.provider.experimental.property_value import PropertyValue

from vpclab.toolchain.aws_plugin.values import UNKNOWN, conceal, is_unknown, reveal, secret_paths

SCALARS = st.one_of(st.text(), st.booleans(), st.integers(-(2**50), 2**50))
NAMES = st.sampled_from(["a", "b", "c"])
NESTED = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner), max_leaves=5)
PLAIN = st.dictionaries(NAMES, NESTED)


@given(PLAIN)
def test_plain_values_can_go_there_and_back(plain: dict[str, Any]) -> None:
    """Nothing is lost, and nothing becomes secret."""
    properties = conceal(plain)
    assert reveal(properties) == plain
    assert not secret_paths(properties)


@given(PLAIN)
def test_secret_can_be_found_again(plain: dict[str, Any]) -> None:
    """What was secret at a path is secret there again, through the clear."""
    paths = frozenset((name,) for name in plain if plain[name] not in ([], {}))
    assert secret_paths(conceal(plain, paths)) >= paths


def test_nested_secret_can_stay_where_it_is() -> None:
    """A secret variable of a function is secret, its neighbours are not; a list with a secret is one."""
    secret = PropertyValue("s", is_secret=True)
    properties = {
        "environment": PropertyValue({"variables": PropertyValue({"A": secret, "B": PropertyValue("b")})}),
        "list": PropertyValue([PropertyValue("x"), secret]),
    }
    paths = secret_paths(properties)
    assert paths == {("environment", "variables", "A"), ("list",)}
    assert secret_paths(conceal(reveal(properties), paths)) == paths


def test_null_can_be_left_out() -> None:
    """A null is an input that was not given."""
    assert reveal({"a": PropertyValue(None), "b": PropertyValue(1.0)}) == {"b": 1}


def test_unknown_can_be_found_at_any_depth() -> None:
    """One unknown inside makes the whole unknown."""
    assert is_unknown({"a": [{"b": UNKNOWN}]})
    assert not is_unknown({"a": [{"b": "known"}]})
