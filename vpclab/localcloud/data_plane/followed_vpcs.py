"""Which facts of each VPC the kernel follows: those of the API or, where it refuses them, the last that it took.

One VPC that cannot be built must not keep the others from following their own changes. It is tried again each
time, so that it heals as soon as what it asks for can be built.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vpclab.localcloud.data_plane.errors import DataPlaneError, NamespaceRefusal
from vpclab.localcloud.data_plane.kernel import Kernel
from vpclab.localcloud.data_plane.topology import Topology
from vpclab.localcloud.data_plane.vpc_facts import VpcFacts

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CompiledVpc:
    """The facts of a VPC and what they come to in the kernel."""

    facts: VpcFacts
    topology: Topology


class FollowedVpcs:
    """Has the kernel follow as many VPCs as it can.

    Args:
        kernel: what follows.
        shared: compiles the namespaces that belong to no VPC from the facts of all.
        compile_vpc: compiles one VPC; it gets the facts, and those with the topology before.

    """

    def __init__(
        self,
        kernel: Kernel,
        shared: Callable[[list[VpcFacts]], Topology],
        compile_vpc: Callable[[VpcFacts, tuple[VpcFacts, Topology] | None], Topology],
    ) -> None:
        self._kernel = kernel
        self._shared = shared
        self._compile_vpc = compile_vpc
        self._followed: dict[str, CompiledVpc] = {}

    def facts(self, vpc_id: str) -> VpcFacts | None:
        """Return the facts that the kernel follows for that VPC; None when it never could."""
        compiled = self._followed.get(vpc_id)
        return None if compiled is None else compiled.facts

    def all_facts(self) -> list[VpcFacts]:
        """Return the facts of every VPC that the kernel follows."""
        return [compiled.facts for compiled in self._followed.values()]

    def follow(self, wanted: Mapping[str, VpcFacts]) -> dict[str, str]:
        """Have the kernel follow ``wanted``; return why which VPC could not, and stayed as it was.

        Raises:
            DataPlaneError, NamespaceError: what belongs to no VPC could not be built; nothing is certain then.
        """
        refused: dict[str, str] = {}
        chosen = self._compiled(wanted, refused)
        fallen = set(refused)
        untouched: dict[str, set[str]] = {}
        while True:
            behind_first = sorted(chosen, key=lambda vpc_id: vpc_id not in fallen)
            topology = self._shared([chosen[vpc_id].facts for vpc_id in behind_first])
            for chosen_id, one in chosen.items():
                if chosen_id not in untouched:
                    topology.update(one.topology)
            try:
                self._kernel.apply(topology, frozenset().union(*untouched.values()))
            except NamespaceRefusal as refusal:
                vpc_id = _owner(refusal.key, chosen)
                if vpc_id is None or vpc_id in untouched:
                    raise
                refused.setdefault(vpc_id, str(refusal))
                if vpc_id in fallen and vpc_id in self._followed:
                    untouched[vpc_id] = set(chosen[vpc_id].topology) | set(self._followed[vpc_id].topology)
                else:
                    fallen.add(vpc_id)
                    self._fall_back(vpc_id, chosen)
            else:
                self._followed = chosen
                return refused

    def _compiled(self, wanted: Mapping[str, VpcFacts], refused: dict[str, str]) -> dict[str, CompiledVpc]:
        chosen: dict[str, CompiledVpc] = {}
        for vpc_id, facts in wanted.items():
            known = self._followed.get(vpc_id)
            if known is not None and known.facts == facts:
                chosen[vpc_id] = known
                continue
            try:
                before = None if known is None else (known.facts, known.topology)
                chosen[vpc_id] = CompiledVpc(facts, self._compile_vpc(facts, before))
            except DataPlaneError as error:
                refused[vpc_id] = str(error)
                self._fall_back(vpc_id, chosen)
            except Exception as error:  # noqa: BLE001 - whatever it is, the others go on
                _LOG.exception("%s cannot be compiled", vpc_id)
                refused[vpc_id] = f"{type(error).__name__}: {error}"
                self._fall_back(vpc_id, chosen)
        return chosen

    def _fall_back(self, vpc_id: str, chosen: dict[str, CompiledVpc]) -> None:
        known = self._followed.get(vpc_id)
        if known is not None:
            chosen[vpc_id] = known
        else:
            chosen.pop(vpc_id, None)


def _owner(key: str, chosen: Mapping[str, CompiledVpc]) -> str | None:
    return next((vpc_id for vpc_id, one in chosen.items() if key in one.topology), None)
