"""The stack's settings, checked all at once before any resource is declared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network
from typing import Any, TypeVar

import pulumi

from infra.addressing import CARVED_TIERS, ZONES_PER_TIER, carve, subnet_problems, vpc_problems

Choice = TypeVar("Choice", bound=StrEnum)

SMALLEST_ZONE_COUNT = 2
"""A DB subnet group wants subnets in at least two Availability Zones (RDS user guide, "Working with a DB
instance in a VPC"), and Lambda's guide asks for two so that a function survives the loss of one."""

RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""What PutRetentionPolicy accepts (CloudWatch Logs API reference)."""

TIMEOUT_SECONDS = range(1, 901)
MEMORY_MEGABYTES = range(128, 10_241)
"""Lambda quotas (developer guide, "Lambda quotas")."""


class VariantName(StrEnum):
    """Where the function stands."""

    DEFAULT = "default"
    PRIVATE_NAT = "private-nat"
    PUBLIC = "public"
    ENDPOINTS = "endpoints"


class NatGatewayCount(StrEnum):
    """One NAT gateway for all zones, or one in each, so that losing a zone costs the others nothing."""

    SINGLE = "single"
    ONE_PER_ZONE = "one-per-zone"


class NatKind(StrEnum):
    """What private subnets leave through: the service, or an instance of one's own that translates addresses."""

    GATEWAY = "gateway"
    INSTANCE = "instance"


class SettingsError(pulumi.RunError):
    """The settings cannot be deployed. Pulumi shows the text alone, without a traceback."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a stack may choose. Every tier has one range per zone.

    ``permission_subjects``: deploy what the statements about permissions speak of. ``cache`` and
    ``load_balancer``: deploy these two beside the database.
    """

    variant: VariantName
    zones: int
    vpc_cidr: IPv4Network
    public_cidrs: tuple[IPv4Network, ...]
    function_cidrs: tuple[IPv4Network, ...]
    database_cidrs: tuple[IPv4Network, ...]
    nat: NatKind
    nat_gateways: NatGatewayCount
    permission_subjects: bool
    cache: bool
    load_balancer: bool
    log_retention_days: int
    database_instance_class: str
    database_engine_version: str
    function_runtime: str
    function_timeout_seconds: int
    function_memory_megabytes: int


def read(config: pulumi.Config) -> Settings:
    """Read the settings of this stack; the types and defaults are declared in Pulumi.yaml.

    Raises:
        SettingsError: naming every setting that is wrong, and what it may be.
    """
    return parse(
        {
            **{name: config.require(name) for name in _TEXTS},
            **{name: config.require_int(name) for name in _NUMBERS},
            **{name: config.require_bool(name) for name in _SWITCHES},
            **{name: config.get_object(name) or [] for name in _LISTS},
        }
    )


def parse(raw: Mapping[str, Any]) -> Settings:
    """Turn raw settings, of the types and by the names that Pulumi.yaml declares, into checked ones."""
    problems: list[str] = []
    variant = _one_of(VariantName, raw, "variant", problems)
    nat = _one_of(NatKind, raw, "nat", problems)
    nat_gateways = _one_of(NatGatewayCount, raw, "natGateways", problems)
    zones = raw["availabilityZones"]
    if zones not in range(SMALLEST_ZONE_COUNT, ZONES_PER_TIER + 1):
        problems.append(
            f"availabilityZones is {zones}; it may be {SMALLEST_ZONE_COUNT} to {ZONES_PER_TIER} "
            "(RDS asks for two at least)"
        )
    for name, allowed, words in (
        ("logRetentionDays", RETENTION_DAYS, f"one of {', '.join(map(str, RETENTION_DAYS))}"),
        ("functionTimeoutSeconds", TIMEOUT_SECONDS, "1 to 900"),
        ("functionMemoryMegabytes", MEMORY_MEGABYTES, "128 to 10240"),
    ):
        if raw[name] not in allowed:
            problems.append(f"{name} is {raw[name]}; it may be {words}")
    if not raw["functionRuntime"].startswith("python3."):
        problems.append(
            f"functionRuntime is {raw['functionRuntime']!r}; the probe is written for a python3 runtime"
        )
    vpc = _network("vpcCidr", raw["vpcCidr"], problems)
    tiers = _tiers(vpc, raw, problems) if vpc else {}
    if problems or not (vpc and variant and nat and nat_gateways):
        raise SettingsError("the settings of this stack cannot be deployed:\n  - " + "\n  - ".join(problems))
    return Settings(
        variant=variant,
        zones=zones,
        vpc_cidr=vpc,
        public_cidrs=tiers["public"],
        function_cidrs=tiers["function"],
        database_cidrs=tiers["database"],
        nat=nat,
        nat_gateways=nat_gateways,
        permission_subjects=raw["permissionSubjects"],
        cache=raw["cache"],
        load_balancer=raw["loadBalancer"],
        log_retention_days=raw["logRetentionDays"],
        database_instance_class=raw["databaseInstanceClass"],
        database_engine_version=raw["databaseEngineVersion"],
        function_runtime=raw["functionRuntime"],
        function_timeout_seconds=raw["functionTimeoutSeconds"],
        function_memory_megabytes=raw["functionMemoryMegabytes"],
    )


def choose_zones(settings: Settings, available: Sequence[str], region: str) -> tuple[str, ...]:
    """Return the zones to use: the first of those that the Region has available.

    Raises:
        SettingsError: the Region has fewer than the settings ask for.
    """
    if len(available) < settings.zones:
        raise SettingsError(
            f"availabilityZones is {settings.zones}, but {region} has only {len(available)} available "
            f"({', '.join(available)}): lower the setting or choose another Region"
        )
    return tuple(sorted(available)[: settings.zones])


_TEXTS = (
    *("variant", "vpcCidr", "nat", "natGateways"),
    *("databaseInstanceClass", "databaseEngineVersion", "functionRuntime"),
)
_NUMBERS = ("availabilityZones", "logRetentionDays", "functionTimeoutSeconds", "functionMemoryMegabytes")
_SWITCHES = ("permissionSubjects", "cache", "loadBalancer")
_LISTS = (*(f"{tier}SubnetCidrs" for tier in CARVED_TIERS), "connectedCidrs")


def _one_of(kind: type[Choice], raw: Mapping[str, Any], name: str, problems: list[str]) -> Choice | None:
    try:
        return kind(raw[name])
    except ValueError:
        known = ", ".join(kind)
        problems.append(f"{name} is {raw[name]!r}; it may be one of {known}")
        return None


def _network(name: str, text: str, problems: list[str]) -> IPv4Network | None:
    try:
        return IPv4Network(text)
    except ValueError as failure:
        problems.append(f"{name}: {text!r} is no IPv4 range such as 10.20.0.0/16 ({failure})")
        return None


def _tiers(vpc: IPv4Network, raw: Mapping[str, Any], problems: list[str]) -> dict[str, tuple[IPv4Network, ...]]:
    """Return the given or carved ranges by tier; add what is wrong with them or with the VPC's to ``problems``."""
    tiers: dict[str, tuple[IPv4Network, ...]] = {}
    problems.extend(f"vpcCidr: {problem}" for problem in vpc_problems(vpc))
    for tier in CARVED_TIERS:
        given = raw[f"{tier}SubnetCidrs"]
        parsed = [_network(f"{tier}SubnetCidrs", text, problems) for text in given]
        tiers[tier] = tuple(subnet for subnet in parsed if subnet)
        if not given:
            try:
                tiers[tier] = carve(vpc, tier, raw["availabilityZones"])
            except ValueError as failure:
                problems.append(f"{tier}SubnetCidrs: {failure}")
    if not problems:
        problems.extend(subnet_problems(vpc, tiers, raw["availabilityZones"]))
    for text in raw["connectedCidrs"]:
        connected = _network("connectedCidrs", text, problems)
        if connected and connected.overlaps(vpc):
            problems.append(f"vpcCidr: {vpc} overlaps {connected}, with which it is to be connected")
    return tiers
