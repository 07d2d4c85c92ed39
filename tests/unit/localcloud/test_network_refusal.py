"""Who is told that some of the network stays as it was, and that everything else is tried."""

import pytest

from vpclab.localcloud.network_refusal import NetworkRefusal, Refusals


def test_shared_prefix_list_can_only_concern_calls_that_change_it() -> None:
    """A rule of another VPC that names the list says nothing about the VPC that stays as it was."""
    refusal = NetworkRefusal(
        {"vpc-a": "why"}, {"vpc-a": frozenset({"vpc-a", "sg-a"})}, {"vpc-a": frozenset({"pl-1"})}
    )
    assert refusal.concerning(frozenset({"sg-b", "pl-1"})) == {}
    assert refusal.concerning(frozenset({"pl-1"}), frozenset({"pl-1"})) == {"vpc-a": "why"}
    assert refusal.concerning(frozenset({"sg-a", "pl-2"})) == {"vpc-a": "why"}


def test_refusals_can_be_gathered() -> None:
    """Those of the same VPC are one, each block is tried, and what concerns everybody comes before."""
    refusals, tried = Refusals(NetworkRefusal({"vpc-a": "first"}, {"vpc-a": frozenset({"vpc-a"})})), []
    for number, error in enumerate(
        (NetworkRefusal({"vpc-a": "second"}, {"vpc-a": frozenset({"eni-a"})}), None, NetworkRefusal({}, {}))
    ):
        with refusals:
            tried.append(number)
            if error is not None:
                raise error
    assert tried == [0, 1, 2]
    with pytest.raises(NetworkRefusal, match=r"^vpc-a: first; second$") as caught:
        refusals.raise_all()
    assert caught.value.identifiers == {"vpc-a": frozenset({"vpc-a", "eni-a"})}
    with refusals:
        raise ValueError("everybody's")
    with pytest.raises(ValueError, match="everybody's"):
        refusals.raise_all()
    with pytest.raises(KeyboardInterrupt), refusals:
        raise KeyboardInterrupt
    Refusals().raise_all()
