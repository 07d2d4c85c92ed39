"""An nftables table as data: collections and chains, and the batches of text that put it into the kernel.

A table is replaced in one transaction, so that no packet meets half of it. Where it is too large for one, the new
table is built beside the old one, piece by piece and without effect, and takes its place in the last transaction.
Smaller changes of a table that is there are made in place (``ruleset_change``).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, collapse_addresses

ICMP_ERRORS = "icmp type { destination-unreachable, redirect, time-exceeded, parameter-problem }"
"""What a router says about packets that it did not deliver. AWS's say nothing."""

BATCH_BYTES = 180_000
"""How large a transaction may be, in bytes of netlink, as estimated below. Without privileges over the host the
kernel takes no more than net.core.wmem_default, 208 KiB where nobody changed it."""

_DECLARATION_BYTES = 80
_ELEMENT_BYTES = 80
_RULE_BYTES = 300
_ELEMENTS_TOGETHER = 100


@dataclass(frozen=True, slots=True)
class Collection:
    """A set or map. ``key`` is its type as nftables writes it, ``flags`` likewise."""

    kind: str
    name: str
    key: str
    elements: tuple[str, ...] = ()
    flags: str = ""

    def lines(self, elements: Sequence[str]) -> list[str]:
        """Write it with these elements."""
        written = [f"\t{self.kind} {self.name} {{", f"\t\ttype {self.key}"]
        if self.flags:
            written.append(f"\t\tflags {self.flags}")
        if elements:
            written += ["\t\telements = {", *(f"\t\t\t{element}," for element in elements), "\t\t}"]
        return [*written, "\t}"]


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain. ``hook`` says where the kernel calls it; without one, other chains do."""

    name: str
    rules: tuple[str, ...]
    hook: str = ""

    def lines(self, rules: Sequence[str]) -> list[str]:
        """Write it with these rules."""
        return [f"\tchain {self.name} {{", *(f"\t\t{rule}" for rule in (self.hook, *rules) if rule), "\t}"]


@dataclass(frozen=True, slots=True)
class Ruleset:
    """The table of a namespace. Chains may refer to collections and to chains anywhere in it."""

    name: str
    collections: tuple[Collection, ...] = ()
    chains: tuple[Chain, ...] = ()

    def text(self) -> str:
        """Write the whole table, as people read it."""
        body = [line for collection in self.collections for line in collection.lines(collection.elements)]
        body += [line for chain in self.chains for line in chain.lines(chain.rules)]
        return as_table(self.name, body)

    def batches(self, name: str, old: str | None) -> list[str]:
        """Return the transactions that make this the table ``name`` and delete the table ``old``.

        All but the last are without effect on packets. ``name`` must not be ``old``.
        """
        fresh = f"table ip {name}\ndelete table ip {name}\n"
        gone = f"delete table ip {old}\n" if old else ""
        if estimated_bytes(self.collections, self.chains) <= BATCH_BYTES:
            return [fresh + gone + self.text().replace(f"table ip {self.name} ", f"table ip {name} ", 1)]
        hooked = [line for chain in self.chains if chain.hook for line in chain.lines(chain.rules)]
        return [fresh, *(as_table(name, lines) for lines in self._pieces()), gone + as_table(name, hooked)]

    def _pieces(self) -> Iterator[list[str]]:
        """Yield everything but what is hooked, in batches: declarations before what refers to them."""
        called = [chain for chain in self.chains if not chain.hook]
        declared: list[Collection | Chain] = [*self.collections, *called]
        items = [(_DECLARATION_BYTES, item.lines(())) for item in declared]
        items += [(_RULE_BYTES, chain.lines((rule,))) for chain in called for rule in chain.rules]
        for collection in self.collections:
            for start in range(0, len(collection.elements), _ELEMENTS_TOGETHER):
                elements = collection.elements[start : start + _ELEMENTS_TOGETHER]
                items.append((_ELEMENT_BYTES * len(elements), collection.lines(elements)))
        size = 0
        batch: list[str] = []
        for bytes_, lines in items:
            if size + bytes_ > BATCH_BYTES:
                yield batch
                size, batch = 0, []
            size += bytes_
            batch += lines
        yield batch


def base_chain(name: str, hook: str, priority: int, policy: str, *rules: str, kind: str = "filter") -> Chain:
    """Declare a chain that the kernel calls at ``hook``."""
    return Chain(name, rules, f"type {kind} hook {hook} priority {priority}; policy {policy};")


def estimated_bytes(collections: Iterable[Collection], chains: Iterable[Chain]) -> int:
    """Return about how much netlink it takes to make these, on the safe side."""
    parts = [_DECLARATION_BYTES + _ELEMENT_BYTES * len(one.elements) for one in collections]
    parts += [_DECLARATION_BYTES + _RULE_BYTES * len(chain.rules) for chain in chains]
    return sum(parts)


def networks(blocks: Iterable[IPv4Network]) -> tuple[str, ...]:
    """Write ranges as set elements; overlapping ones are merged, as nftables wants it."""
    return tuple(str(block) for block in collapse_addresses(blocks))


def anonymous(values: Iterable[IPv4Address | IPv4Network]) -> str:
    """Write values as a set without a name."""
    return "{ " + ", ".join(str(value) for value in values) + " }"


def as_table(name: str, body: Iterable[str]) -> str:
    """Write what is to be in a table."""
    return "\n".join([f"table ip {name} {{", *body, "}", ""])
