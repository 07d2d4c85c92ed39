"""Pieces of nftables text that every ruleset shares."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, collapse_addresses

ICMP_ERRORS = "icmp type { destination-unreachable, redirect, time-exceeded, parameter-problem }"
"""What a router says about packets that it did not deliver. AWS's say nothing."""


def table(name: str, body: Iterable[str]) -> str:
    """Replace the table ``name`` by ``body`` in one transaction, whether or not it is there."""
    return "\n".join([f"table ip {name}", f"delete table ip {name}", f"table ip {name} {{", *body, "}", ""])


def collection(kind: str, name: str, key: str, elements: Sequence[str], *, flags: str = "") -> list[str]:
    """Declare a set or a map. ``key`` is its type as nftables writes it."""
    lines = [f"\t{kind} {name} {{", f"\t\ttype {key}"]
    if flags:
        lines.append(f"\t\tflags {flags}")
    if elements:
        lines += ["\t\telements = {", *(f"\t\t\t{element}," for element in elements), "\t\t}"]
    return [*lines, "\t}"]


def chain(name: str, *rules: str) -> list[str]:
    """Declare a chain."""
    return [f"\tchain {name} {{", *(f"\t\t{rule}" for rule in rules), "\t}"]


def base_chain(name: str, hook: str, priority: int, policy: str, *rules: str) -> list[str]:
    """Declare a chain that the kernel calls at ``hook``."""
    return chain(name, f"type filter hook {hook} priority {priority}; policy {policy};", *rules)


def networks(blocks: Iterable[IPv4Network]) -> list[str]:
    """Write ranges as set elements; overlapping ones are merged, as nftables wants it."""
    return [str(block) for block in collapse_addresses(blocks)]


def anonymous(values: Iterable[IPv4Address | IPv4Network | str]) -> str:
    """Write values as a set without a name."""
    return "{ " + ", ".join(str(value) for value in values) + " }"
