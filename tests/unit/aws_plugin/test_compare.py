"""When the plugin takes two values of an input for the same."""

import json

from hypothesis import given
from hypothesis import strategies as st

from vpclab.toolchain.aws_plugin.compare import EMPTY, same
from vpclab.toolchain.aws_plugin.schema import NUMBER, SET, SWITCH, TEXT, Input, Kind, computed

STRINGS = st.lists(st.text(min_size=1), min_size=1, unique=True)


@given(STRINGS, st.randoms())
def test_set_can_be_told_in_any_order(items: list[str], randomness: object) -> None:
    """Subnets and groups have no order."""
    shuffled = list(items)
    randomness.shuffle(shuffled)  # type: ignore[attr-defined]
    assert same(SET, items, shuffled)
    assert not same(SET, items, [*items, "".join(items) + "x"])


def test_list_cannot_be_told_in_another_order() -> None:
    """Layers of a function apply in their order."""
    assert not same(Input(Kind.LIST), ["a", "b"], ["b", "a"])


def test_nothing_can_be_told_by_an_empty_value() -> None:
    """AWS says an empty string or list where nothing was set."""
    for empty in EMPTY:
        assert same(TEXT, None, empty)
        assert not same(TEXT, empty, "x")
    assert not same(SWITCH, None, False)
    assert not same(NUMBER, None, 0)


def test_policy_can_be_worded_otherwise() -> None:
    """Spaces, order, and a list of one do not change what a policy says; another action does."""
    one = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["a:b"], "Resource": "*"}]}
    other = {"Statement": {"Resource": ["*"], "Action": "a:b", "Effect": "Allow"}, "Version": "2012-10-17"}
    policy = Input(Kind.POLICY)
    assert same(policy, json.dumps(one), json.dumps(other, indent=2))
    assert not same(policy, json.dumps(one), json.dumps(other).replace("a:b", "a:c"))
    assert not same(policy, json.dumps(one), "not JSON")


def test_version_can_be_given_by_its_beginning() -> None:
    """PostgreSQL 17 is asked for, and 17.4 is what there is."""
    version = Input(Kind.VERSION)
    assert same(version, "17", "17.4")
    assert not same(version, "17", "18.0")
    assert not same(version, "1", "17.4")


def test_object_can_leave_out_what_aws_fills_in() -> None:
    """A computed field that one side does not name is no difference; any other is."""
    declared = Input(Kind.OBJECT, fields={"ids": SET, "vpcId": computed(TEXT), "dual": SWITCH})
    there = {"ids": ["b", "a"], "vpcId": "vpc-1", "dual": False}
    assert same(declared, {"ids": ["a", "b"]}, there)
    assert not same(declared, {"ids": ["a"]}, there)
    assert not same(declared, {"ids": ["a", "b"], "dual": True}, there)


def test_objects_can_be_told_in_any_order() -> None:
    """Rules of a security group have no order."""
    declared = Input(Kind.OBJECTS, fields={"port": NUMBER, "cidrs": SET})
    one, other = {"port": 1, "cidrs": ["a"]}, {"port": 2, "cidrs": ["b"]}
    assert same(declared, [one, other], [other, one])
    assert not same(declared, [one, other], [one])
    assert not same(declared, [one], [other])
