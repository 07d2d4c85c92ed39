"""Passwords as PostgreSQL keeps them."""

from base64 import b64decode

import scramp  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from vpclab.localcloud.databases.administration import scram_verifier


@settings(max_examples=20, deadline=None)
@given(password=st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), min_size=1, max_size=40))
def test_verifier_can_be_checked_by_an_independent_implementation(password: str) -> None:
    """The library that the driver authenticates with derives the same keys from the password."""
    mechanism = scramp.ScramMechanism("SCRAM-SHA-256")
    kind, rounds_and_salt, keys = scram_verifier(password).split("$")
    rounds, salt = rounds_and_salt.split(":")
    _, stored_key, server_key, _ = mechanism.make_auth_info(
        password, iteration_count=int(rounds), salt=b64decode(salt)
    )
    assert kind == "SCRAM-SHA-256"
    assert [b64decode(one) for one in keys.split(":")] == [stored_key, server_key]


def test_verifier_cannot_be_compared() -> None:
    """Two of one password differ by their salt."""
    assert scram_verifier("secret") != scram_verifier("secret")
