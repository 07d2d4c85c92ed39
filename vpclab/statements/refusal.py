"""Which component refused which flow: finds a probe's packets among those that the network refused."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from vpclab.statements.observation import Observation, Outcome, Refusal


@dataclass(frozen=True, slots=True)
class Flow:
    """What a probe tried: connections to one port of any of some addresses, from inside one VPC.

    ``vpc_id`` None is the VPC that AWS owns, whose addresses nobody is told. ``sources`` are the private addresses
    of the function's interfaces, ``relays`` those of the NAT gateways that may have sent its packets on.
    """

    addresses: frozenset[str]
    port: int
    vpc_id: str | None
    sources: frozenset[str] = frozenset()
    relays: frozenset[str] = frozenset()


def flow_of(
    observation: Observation, vpc_id: str | None, sources: Iterable[str], relays: Iterable[str] = ()
) -> Flow | None:
    """Return the flow that timed out, or None where the observation is none of a dropped packet."""
    port = observation.evidence.get("port")
    if observation.outcome is not Outcome.TIMED_OUT or not isinstance(port, int):
        return None
    address = observation.text("address")
    addresses = frozenset({address} if address else observation.addresses)
    return Flow(addresses, port, vpc_id, frozenset(sources), frozenset(relays))


def refusals(flow: Flow, drops: Iterable[Mapping[str, Any]]) -> tuple[Refusal, ...]:
    """Return the components that refused packets of ``flow``, each once, oldest first.

    Packets that a NAT gateway sent count only where none of the function's own was refused: a gateway sends for
    others too. Packets of anybody else never do.
    """
    refused = [drop for drop in drops if _belongs(flow, drop)]
    if flow.vpc_id is not None:
        own = [drop for drop in refused if _near_end(flow, drop) in flow.sources]
        refused = own or [drop for drop in refused if _near_end(flow, drop) in flow.relays]
    return tuple(dict.fromkeys(_refusal(flow, drop) for drop in refused))


def _belongs(flow: Flow, drop: Mapping[str, Any]) -> bool:
    if (drop.get("vpc_id") or None) != flow.vpc_id:
        return False
    return _forward(flow, drop) or _returning(flow, drop)


def _forward(flow: Flow, drop: Mapping[str, Any]) -> bool:
    return str(drop.get("destination")) in flow.addresses and drop.get("destination_port") == flow.port


def _returning(flow: Flow, drop: Mapping[str, Any]) -> bool:
    return str(drop.get("source")) in flow.addresses and drop.get("source_port") == flow.port


def _near_end(flow: Flow, drop: Mapping[str, Any]) -> str:
    return str(drop.get("source" if _forward(flow, drop) else "destination"))


def _refusal(flow: Flow, drop: Mapping[str, Any]) -> Refusal:
    return Refusal(
        kind=str(drop.get("kind") or ""),
        component=str(drop.get("component") or ""),
        code=str(drop.get("code") or ""),
        reason=str(drop.get("reason") or ""),
        returning=not _forward(flow, drop),
    )
