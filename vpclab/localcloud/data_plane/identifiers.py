"""Short kernel names and numbers for AWS's long identifiers, the same in every compilation."""

from collections.abc import Iterable
from hashlib import blake2b

_TAIL = 13  # an interface name has at most 15 characters (linux/if.h, IFNAMSIZ), two are the prefix
_HEXADECIMAL = frozenset("0123456789abcdef")

FIRST_NUMBER = 1024
"""Numbers below are for our own use and for the kernel's (its tables 253 to 255)."""

_NUMBERS = 2**30


def interface_name(prefix: str, identifier: str) -> str:
    """Name the link of the component ``identifier``: by its last characters where they tell it apart."""
    tail = identifier.partition("-")[2] or identifier
    if len(tail) > _TAIL:
        if _HEXADECIMAL.issuperset(tail):
            tail = tail[-_TAIL:]
        else:
            tail = blake2b(identifier.encode(), digest_size=8).hexdigest()[:_TAIL]
    return f"{prefix}-{tail}"


def digest(words: str) -> str:
    """Return a short name for something that is itself no name, the same wherever it is met."""
    return blake2b(words.encode(), digest_size=6).hexdigest()


def numbers(identifiers: Iterable[str]) -> dict[str, int]:
    """Give each identifier a number of its own, which others coming and going does not change.

    Numbers mark packets, group links and name routing tables. Two identifiers with one hash are told apart by
    taking the next free number, in the identifiers' order.
    """
    taken: dict[int, str] = {}
    for identifier in sorted(set(identifiers)):
        number = int.from_bytes(blake2b(identifier.encode(), digest_size=4).digest()) % _NUMBERS
        while number in taken:
            number = (number + 1) % _NUMBERS
        taken[number] = identifier
    return {identifier: FIRST_NUMBER + number for number, identifier in taken.items()}
