"""The settings of a stack: checked together, before any resource."""

import re
from ipaddress import IPv4Network
from typing import Any

import pulumi
import pytest
import yaml  # type: ignore[import-untyped]  # no stubs

from infra.settings import NatGatewayCount, NatKind, SettingsError, VariantName, choose_zones, parse
from tests.unit.infra.program import ROOT, committed, defaults


def test_defaults_of_the_project_can_be_deployed() -> None:
    """Pulumi.yaml's own defaults pass every check."""
    settings = parse(defaults())
    assert settings.variant is VariantName.PRIVATE_NAT
    assert settings.vpc_cidr == IPv4Network("10.20.0.0/16")
    assert (settings.nat, settings.nat_gateways) == (NatKind.GATEWAY, NatGatewayCount.SINGLE)
    assert len(settings.function_cidrs) == settings.zones == 2


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (
            {"variant": "basement"},
            "variant is 'basement'; it may be one of default, private-nat, public, endpoints",
        ),
        ({"natGateways": "two"}, "natGateways is 'two'; it may be one of single, one-per-zone"),
        ({"nat": "router"}, "nat is 'router'; it may be one of gateway, instance"),
        ({"availabilityZones": 1}, "availabilityZones is 1; it may be 2 to 4"),
        ({"availabilityZones": 5}, "availabilityZones is 5; it may be 2 to 4"),
        ({"vpcCidr": "10.20.0.1/16"}, "vpcCidr: '10.20.0.1/16' is no IPv4 range"),
        ({"vpcCidr": "10.0.0.0/8"}, "10.0.0.0/8 is not between /16 and /28"),
        ({"vpcCidr": "8.8.0.0/16"}, "8.8.0.0/16 is not a private range"),
        ({"vpcCidr": "10.20.0.0/26"}, "10.20.0.0/26 is too small to carve subnets from"),
        ({"publicSubnetCidrs": ["10.20.0.0/24"]}, "the public tier has 1 ranges for 2 zones"),
        ({"publicSubnetCidrs": ["10.20.0.0/24", "10.21.0.0/24"]}, "public subnet 10.21.0.0/24 is not inside"),
        (
            {"publicSubnetCidrs": ["10.20.64.0/24", "10.20.1.0/24"]},
            "public subnet 10.20.64.0/24 overlaps function subnet 10.20.64.0/20",
        ),
        ({"databaseSubnetCidrs": ["10.20.1.0/29", "10.20.2.0/24"]}, "database subnet 10.20.1.0/29 is not between"),
        ({"connectedCidrs": ["10.0.0.0/8"]}, "10.20.0.0/16 overlaps 10.0.0.0/8"),
        ({"connectedCidrs": ["office"]}, "connectedCidrs: 'office' is no IPv4 range"),
        ({"logRetentionDays": 8}, "logRetentionDays is 8; it may be one of 1, 3, 5, 7"),
        ({"functionTimeoutSeconds": 901}, "functionTimeoutSeconds is 901; it may be 1 to 900"),
        ({"functionMemoryMegabytes": 64}, "functionMemoryMegabytes is 64; it may be 128 to 10240"),
        ({"functionRuntime": "nodejs22.x"}, "functionRuntime is 'nodejs22.x'"),
    ],
)
def test_wrong_setting_can_be_told(changed: dict[str, Any], told: str) -> None:
    """The message names the setting, its value, and what it may be."""
    with pytest.raises(SettingsError) as failure:
        parse(defaults() | changed)
    assert told in str(failure.value)


def test_wrong_settings_can_be_told_together() -> None:
    """Whoever has two mistakes hears of both at once."""
    with pytest.raises(SettingsError) as failure:
        parse(defaults() | {"variant": "basement", "availabilityZones": 1})
    assert "variant" in str(failure.value)
    assert "availabilityZones" in str(failure.value)


def test_mistake_cannot_show_a_traceback() -> None:
    """Pulumi prints a RunError's text and nothing else."""
    assert issubclass(SettingsError, pulumi.RunError)


def test_what_costs_more_can_be_left_out() -> None:
    """It is there for who asks for it, as the committed stacks of the variants do."""
    settings = parse(defaults())
    assert (settings.permission_subjects, settings.cache, settings.load_balancer) == (False, False, False)
    for variant in VariantName:
        asked = committed(variant)
        assert (asked["permissionSubjects"], asked["cache"], asked["loadBalancer"]) == (True, True, True)


def test_price_can_be_read_beside_the_setting() -> None:
    """Whoever turns on what is paid for by the hour reads there what it costs."""
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    for name in ("nat", "permissionSubjects", "cache", "loadBalancer"):
        assert re.search(r"0\.\d+ USD an hour", " ".join(declared[name]["description"].split())), name


def test_ranges_can_be_given() -> None:
    """Given ranges are used; the other tiers are carved."""
    given = ["10.20.200.0/24", "10.20.201.0/24"]
    settings = parse(defaults() | {"functionSubnetCidrs": given})
    assert [str(one) for one in settings.function_cidrs] == given
    assert str(settings.public_cidrs[0]) == "10.20.0.0/20"


def test_zones_can_be_the_first_available() -> None:
    """The same zones each time, so that nothing moves."""
    settings = parse(defaults())
    assert choose_zones(settings, ["us-east-1c", "us-east-1a", "us-east-1b"], "us-east-1") == (
        "us-east-1a",
        "us-east-1b",
    )


def test_region_cannot_have_too_few_zones() -> None:
    """The message names the Region and its zones."""
    settings = parse(defaults() | {"availabilityZones": 4})
    with pytest.raises(SettingsError, match=r"us-west-1 has only 2 available \(us-west-1a, us-west-1c\)"):
        choose_zones(settings, ["us-west-1a", "us-west-1c"], "us-west-1")
