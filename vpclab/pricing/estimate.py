"""Adds up what resources cost per hour, from the inputs that they would be made with. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from vpclab.pricing import table

Inputs = Mapping[str, Any]
ASSUMED_ZONES = 2
ROOT_VOLUME_GIGABYTES = 8


@dataclass(frozen=True, slots=True)
class Planned:
    """A resource that would be made: its type (``aws:ec2/vpc:Vpc``), its name in the program, its inputs."""

    type_name: str
    name: str
    inputs: Inputs


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that costs. ``per_hour`` is in US dollars, for all ``count`` of it together."""

    what: str
    count: int
    per_hour: Decimal


@dataclass(frozen=True, slots=True)
class Estimate:
    """``by_use`` are things that cost only when used; ``unpriced`` those that the table does not know.

    Both are pairs of what it is, and why.
    """

    lines: tuple[Line, ...]
    by_use: tuple[tuple[str, str], ...] = ()
    unpriced: tuple[tuple[str, str], ...] = ()

    @property
    def per_hour(self) -> Decimal:
        """US dollars per hour for all of it, as far as the table knows."""
        return sum((line.per_hour for line in self.lines), Decimal(0))


class _UnpricedError(Exception):
    """The table has no price for this; the text names what it lacks."""


def estimate(resources: Iterable[Planned]) -> Estimate:
    """Return what the resources cost while they are there. What is not of the aws provider costs nothing."""
    lines: Counter[tuple[str, Decimal]] = Counter()
    by_use: dict[str, str] = {}
    unpriced: dict[str, str] = {}
    for resource in resources:
        if not resource.type_name.startswith("aws:") or _is_free(resource.type_name):
            continue
        noun = resource.type_name.rpartition(":")[2]
        if resource.type_name in table.BY_USE:
            by_use[noun] = table.BY_USE[resource.type_name]
            continue
        try:
            lines.update(_PRICES.get(resource.type_name, _not_in_the_table)(resource.inputs))
        except _UnpricedError as why:
            unpriced[f"{noun} {resource.name}"] = str(why)
    return Estimate(
        lines=tuple(Line(what, count, price * count) for (what, price), count in sorted(lines.items())),
        by_use=tuple(sorted(by_use.items())),
        unpriced=tuple(sorted(unpriced.items())),
    )


def _is_free(type_name: str) -> bool:
    service = type_name.split(":")[1].partition("/")[0]
    return type_name in table.FREE or service in table.FREE_SERVICES


def _per_hour(per_month: Decimal) -> Decimal:
    return per_month / table.HOURS_PER_MONTH


def _class_price(prices: Mapping[str, Decimal], name: object) -> Decimal:
    if name not in prices:
        raise _UnpricedError(f"{name} is not in the table")
    return prices[str(name)]


Parts = Sequence[tuple[str, Decimal]]
"""What one resource is billed for: each part by name, with its price per hour."""


def _not_in_the_table(_inputs: Inputs) -> Parts:
    raise _UnpricedError("its type is not in the table")


def _nat_gateway(_inputs: Inputs) -> Parts:
    return [("NAT gateway (and $0.045 for each gigabyte)", table.NAT_GATEWAY)]


def _address(_inputs: Inputs) -> Parts:
    return [("public IPv4 address", table.PUBLIC_IPV4_ADDRESS)]


def _endpoint(inputs: Inputs) -> Parts:
    if inputs.get("vpcEndpointType", "Gateway") == "Gateway":
        return []
    subnets = inputs.get("subnetIds")
    zones = len(subnets) if isinstance(subnets, list) else ASSUMED_ZONES
    return [
        ("interface endpoint, per zone (and $0.01 for each gigabyte)", table.INTERFACE_ENDPOINT_IN_A_ZONE)
    ] * zones


def _database(inputs: Inputs) -> Parts:
    name = inputs.get("instanceClass")
    copies = 2 if inputs.get("multiAz") else 1
    storage = _per_hour(table.DATABASE_GIGABYTE_PER_MONTH * Decimal(str(inputs.get("allocatedStorage") or 0)))
    parts = [
        (f"PostgreSQL {name}", _class_price(table.DATABASE_CLASSES, name)),
        (f"its {inputs.get('allocatedStorage')} GB", storage),
    ] * copies
    if inputs.get("manageMasterUserPassword"):
        parts.append(_secret_part())
    return parts


def _cache(inputs: Inputs) -> Parts:
    name = inputs.get("nodeType")
    shards = int(inputs.get("numNodeGroups") or 1) * (1 + int(inputs.get("replicasPerNodeGroup") or 0))
    nodes = int(inputs.get("numCacheClusters") or inputs.get("numCacheNodes") or shards)
    return [(f"Valkey {name}", _class_price(table.CACHE_NODES, name))] * nodes


def _load_balancer(_inputs: Inputs) -> Parts:
    return [("load balancer (and $0.008 for each capacity unit)", table.LOAD_BALANCER)]


def _instance(inputs: Inputs) -> Parts:
    name = inputs.get("instanceType")
    root = inputs.get("rootBlockDevice")
    size = root.get("volumeSize") if isinstance(root, Mapping) else None
    gigabytes = Decimal(str(size or ROOT_VOLUME_GIGABYTES))
    parts = [
        (f"instance {name}", _class_price(table.INSTANCES, name)),
        (f"its volume of {gigabytes} GB", _per_hour(table.VOLUME_GIGABYTE_PER_MONTH * gigabytes)),
    ]
    if inputs.get("associatePublicIpAddress"):
        parts += _address(inputs)
    return parts


def _stream(inputs: Inputs) -> Parts:
    mode = inputs.get("streamModeDetails")
    if isinstance(mode, Mapping) and mode.get("streamMode") == "ON_DEMAND":
        return [("Kinesis stream on demand", table.STREAM_ON_DEMAND)]
    return [("Kinesis shard", table.STREAM_SHARD)] * int(inputs.get("shardCount") or 1)


def _secret_part() -> tuple[str, Decimal]:
    return ("secret", _per_hour(table.SECRET_PER_MONTH))


def _secret(_inputs: Inputs) -> Parts:
    return [_secret_part()]


_PRICES: Mapping[str, Callable[[Inputs], Parts]] = MappingProxyType(
    {
        "aws:ec2/natGateway:NatGateway": _nat_gateway,
        "aws:ec2/eip:Eip": _address,
        "aws:ec2/vpcEndpoint:VpcEndpoint": _endpoint,
        "aws:ec2/instance:Instance": _instance,
        "aws:rds/instance:Instance": _database,
        "aws:elasticache/replicationGroup:ReplicationGroup": _cache,
        "aws:elasticache/cluster:Cluster": _cache,
        "aws:lb/loadBalancer:LoadBalancer": _load_balancer,
        "aws:kinesis/stream:Stream": _stream,
        "aws:secretsmanager/secret:Secret": _secret,
    }
)
