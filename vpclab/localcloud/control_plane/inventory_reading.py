"""One reading of moto's objects, in which what cannot be read concerns its own VPC at most.

A VPC with something in it that cannot be read keeps all the facts of the last reading in which it could be; one
that never could is not there. What belongs to no VPC (prefix lists), or only runs in one (databases, caches, load
balancers, their target groups, instances), keeps its own last facts by itself.
"""

import logging
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from vpclab.localcloud.control_plane.corrections import Moto
from vpclab.localcloud.network_refusal import NetworkRefusal, name_in
from vpclab.network.model import Network

T = TypeVar("T")

_LOG = logging.getLogger(__name__)

_OF_VPCS = (
    *("subnets", "route_tables", "internet_gateways", "nat_gateways", "security_groups"),
    *("network_acls", "network_interfaces", "vpc_endpoints"),
)


@dataclass(frozen=True, slots=True)
class Part:
    """An object of moto's: by what its callers name it, and its VPC as far as its container tells."""

    name: str
    item: Moto
    vpc_id: str | None = None


class Reading:
    """Gathers facts and what could not be read.

    ``last`` is what the reading before came to, ``known`` names what could not be read then.
    """

    def __init__(self, last: Network, known: frozenset[str] = frozenset()) -> None:
        self._last = last
        self._known = known
        self.unread: set[str] = set()
        self._causes: dict[str, list[str]] = {}
        self._names: dict[str, set[str]] = {}

    def of_vpcs(self, parts: Iterable[Part], read: Callable[[Moto], T | None]) -> tuple[T, ...]:
        """Read what belongs to VPCs; None stands for what is not there any more."""
        found = []
        for part in parts:
            try:
                fact = read(part.item)
                if fact is None:
                    continue
                _check(fact)
            except Exception as error:  # noqa: BLE001 - whatever it is, it must not concern other VPCs
                self.refuse(self._vpc_of(part), part.name, error)
            else:
                found.append(fact)
        return tuple(found)

    def alone(
        self,
        parts: Iterable[Part],
        read: Callable[[Moto], T | None],
        known: Iterable[T],
        name_of: Callable[[T], str],
    ) -> tuple[T, ...]:
        """Read what concerns only itself; what cannot be read is as in ``known``, by its name."""
        found = []
        for part in parts:
            try:
                fact = read(part.item)
                if fact is not None:
                    _check(fact)
            except Exception as error:  # noqa: BLE001 - whatever it is, it must not concern others
                self.refuse(None, part.name, error)
                fact = next((one for one in known if name_of(one) == part.name), None)
            if fact is not None:
                found.append(fact)
        return tuple(found)

    def refuse(self, vpc_id: str | None, name: str, error: Exception) -> None:
        """Note that something could not be read, of this VPC or by itself."""
        subject = vpc_id or name
        self.unread.add(name)
        _LOG.warning("%s of %s cannot be read", name, subject, exc_info=None if name in self._known else error)
        self._causes.setdefault(subject, []).append(
            f"{name} holds what is not modelled ({type(error).__name__}: {error}); change or delete it"
        )
        self._names.setdefault(subject, {subject}).add(_called(name))

    def result(self, network: Network, exist: frozenset[str]) -> tuple[Network, NetworkRefusal | None]:
        """Return ``network`` with the last facts of VPCs that could not be read, and what could not.

        ``exist`` are the ids of the VPCs that there are.
        """
        if not self._causes:
            return network, None
        unread = frozenset(self._causes) & (exist | {vpc.id for vpc in network.vpcs})
        merged: dict[str, Any] = {  # the old ones first: of what two claim, the last one has it
            "vpcs": tuple(vpc for vpc in self._last.vpcs if vpc.id in unread)
            + tuple(vpc for vpc in network.vpcs if vpc.id not in unread)
        }
        for field in _OF_VPCS:
            now, before = getattr(network, field), getattr(self._last, field)
            merged[field] = tuple(fact for fact in now if fact.vpc_id not in unread) + tuple(
                fact for fact in before if fact.vpc_id in unread
            )
            for fact in (*now, *before):
                if fact.vpc_id in unread:
                    self._names[fact.vpc_id].add(fact.id)
        causes = {subject: "; ".join(found) for subject, found in self._causes.items()}
        names = {subject: frozenset(found) for subject, found in self._names.items()}
        return replace(network, **merged), NetworkRefusal(causes, names)

    def _vpc_of(self, part: Part) -> str | None:
        """Tell the VPC of what cannot be read, by whatever of it can, else by what it was."""
        ways: tuple[Callable[[Moto], Any], ...] = (
            lambda _: part.vpc_id,
            lambda item: item.vpc_id,
            lambda item: item.subnet.vpc_id,
            lambda item: item.vpc.id,
        )
        for way in ways:
            try:
                vpc_id = way(part.item)
            except Exception:  # noqa: BLE001, S112 - what cannot be read fails in any way
                continue
            if isinstance(vpc_id, str):
                return vpc_id
        return next(
            (fact.vpc_id for field in _OF_VPCS for fact in getattr(self._last, field) if fact.id == part.name),
            None,
        )


def _called(name: str) -> str:
    """Return by what callers are told: an identifier of EC2 as it is, an ARN's last part in its service."""
    if not name.startswith("arn:"):
        return name
    return name_in(name.split(":")[2], re.split("[:/]", name)[-1])


def _check(fact: object) -> None:
    """Raise what makes a fact useless: it is compared and looked up later, where nobody knows whose it is."""
    hash(fact)
    for name in ("id", "vpc_id", "subnet_id"):
        value = getattr(fact, name, None)
        if value is not None and not isinstance(value, str):
            raise TypeError(f"{name} is {value!r}")
