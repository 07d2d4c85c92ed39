"""What turns one nftables table into another: a transaction that names only what differs.

Replacing the table would cost what the whole network costs, for each change of one rule. That remains for what
cannot be changed in place: the type of a set, where the kernel calls a chain.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from vpclab.localcloud.data_plane import ruleset
from vpclab.localcloud.data_plane.ruleset import Chain, Collection, Ruleset, as_table, estimated_bytes

Declared = TypeVar("Declared", Chain, Collection)


def change(table: str, before: Ruleset, wanted: Ruleset) -> str | None:
    """Return the transaction that makes the table, which holds ``before``, hold ``wanted``.

    None where it has to be replaced: what differs cannot be changed in place, or is too much for one transaction.
    """
    known, chains = _by_name(before.chains), _by_name(wanted.chains)
    kept, collections = _by_name(before.collections), _by_name(wanted.collections)
    if not all(_can_become(kept[name], collections[name]) for name in kept.keys() & collections.keys()):
        return None
    if any(known[name].hook != chains[name].hook for name in known.keys() & chains.keys()):
        return None
    rewritten = [chain for name, chain in chains.items() if name not in known or known[name].rules != chain.rules]
    cut = [
        Chain(name, ()) for name, chain in known.items() if name not in chains or chains[name].rules != chain.rules
    ]
    filled = [
        replace(one, elements=_missing(one, kept.get(name)))
        for name, one in collections.items()
        if name not in kept or kept[name].elements != one.elements
    ]
    drained = [
        _drained(one, collections[name])
        for name, one in kept.items()
        if name in collections and collections[name].elements != one.elements
    ]
    gone = [replace(one, elements=()) for name, one in kept.items() if name not in collections]
    gone_chains = [Chain(name, ()) for name in known if name not in chains]
    if estimated_bytes((*filled, *drained, *gone), (*rewritten, *cut, *gone_chains)) > ruleset.BATCH_BYTES:
        return None
    new: list[Collection | Chain] = [*_added(collections, kept), *_added(chains, known)]
    lines = [
        as_table(table, (line for one in new for line in one.lines(()))),
        *(f"flush chain ip {table} {one.name}" for one in cut),
        *(f"flush set ip {table} {one.name}" for one in drained if one.flags and one.elements),
        *(
            f"delete element ip {table} {one.name} {{ {', '.join(one.elements)} }}"
            for one in drained
            if one.elements and not one.flags
        ),
        as_table(table, (line for one in filled for line in one.lines(one.elements))),
        as_table(table, (line for one in rewritten for line in Chain(one.name, one.rules).lines(one.rules))),
        *(f"delete {one.kind} ip {table} {one.name}" for one in gone),
        *(f"delete chain ip {table} {one.name}" for one in gone_chains),
    ]
    return "\n".join([*lines, ""])


def _by_name(declared: Iterable[Declared]) -> dict[str, Declared]:
    return {one.name: one for one in declared}


def _added(wanted: Mapping[str, Declared], before: Mapping[str, Declared]) -> list[Declared]:
    return [one for name, one in wanted.items() if name not in before]


def _can_become(before: Collection, wanted: Collection) -> bool:
    return (before.kind, before.key, before.flags) == (wanted.kind, wanted.key, wanted.flags)


def _missing(wanted: Collection, before: Collection | None) -> tuple[str, ...]:
    """Return the elements to add. A set with flags, as of ranges, is emptied and filled anew."""
    if before is None or wanted.flags:
        return wanted.elements
    there = frozenset(before.elements)
    return tuple(element for element in wanted.elements if element not in there)


def _drained(before: Collection, wanted: Collection) -> Collection:
    """Return the elements to delete; all, where the set is filled anew."""
    staying = frozenset() if wanted.flags else frozenset(wanted.elements)
    return replace(before, elements=tuple(element for element in before.elements if element not in staying))
