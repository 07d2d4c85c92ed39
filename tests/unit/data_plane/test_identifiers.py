"""Names and numbers for the kernel."""

from hypothesis import given
from hypothesis import strategies as st

from vpclab.localcloud.data_plane.identifiers import FIRST_NUMBER, interface_name, numbers

IDENTIFIERS = st.from_regex(r"eni-[0-9a-f]{17}", fullmatch=True)


@given(st.one_of(IDENTIFIERS, st.text(min_size=1, max_size=40)))
def test_interface_name_can_never_be_too_long(identifier: str) -> None:
    """The kernel takes 15 characters (linux/if.h)."""
    if identifier.isascii():
        assert len(interface_name("e", identifier)) <= 15


def test_long_names_cannot_collide_by_their_ends() -> None:
    """Names that are no hexadecimal identifiers and end alike are told apart."""
    one, other = "eni-first-database-private-a", "eni-other-database-private-a"
    assert interface_name("e", one) != interface_name("e", other)
    assert interface_name("e", "eni-0123456789abcdef0") == "e-456789abcdef0"


@given(st.sets(IDENTIFIERS, max_size=50))
def test_every_identifier_can_have_a_number_of_its_own(identifiers: set[str]) -> None:
    """Numbers are distinct, stay clear of the kernel's own, and fit into 32 bits."""
    found = numbers(identifiers)
    assert found.keys() == identifiers
    assert len(set(found.values())) == len(identifiers)
    assert all(FIRST_NUMBER <= number < 2**31 for number in found.values())


@given(st.sets(IDENTIFIERS, max_size=20), IDENTIFIERS)
def test_newcomer_cannot_change_the_numbers_of_others(identifiers: set[str], newcomer: str) -> None:
    """An identifier's number is its own affair (but for a collision of hashes)."""
    before, after = numbers(identifiers), numbers({*identifiers, newcomer})
    assert all(after[identifier] == number for identifier, number in before.items())
