"""The canary on a target that enforces everything: the local cloud, not taken at its word."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.command_line import CommandLine
from vpclab.localcloud import daemon
from vpclab.localcloud.daemon import DaemonStatus
from vpclab.statements import canary
from vpclab.statements.capability import Capability, Enforcement
from vpclab.statements.target import Target


def test_canary_can_find_everything_enforced(local_cloud: DaemonStatus) -> None:
    """What AWS refuses is refused, and what it allows works, of every capability. Nothing is left."""
    found = canary.examine(Target.at(local_cloud.endpoint), trust_claims=False)
    lacking = {name: one for name, one in found.findings.items() if one.enforcement is not Enforcement.ENFORCED}
    assert lacking == {}
    assert found.left == ()


def test_claims_can_spare_a_local_cloud_the_canary(local_cloud: DaemonStatus) -> None:
    """A cloud that says that it isolates and authorises is believed: every verdict would show it otherwise."""
    found = canary.examine(Target.at(local_cloud.endpoint))
    assert set(found.enforcement.values()) == {Enforcement.ENFORCED}
    assert {finding.reason for finding in found.findings.values()} == {
        "the local cloud says so, and every verdict shows it"
    }


@pytest.fixture
def careless(tmp_path: Path) -> Iterator[str]:
    """Start a local cloud without authorisation; give its endpoint."""
    vpclab = CommandLine(tmp_path / "state")
    yield str(
        json.loads(vpclab("cloud", "start", "--port", "0", "--no-authorization", "--json").stdout)["endpoint"]
    )
    daemon.stop(tmp_path / "state" / "cloud")


def test_cloud_without_authorisation_cannot_be_taken_for_one_with_it(careless: str) -> None:
    """It says so itself, the canary runs, and finds packets kept apart and permissions not asked for."""
    found = canary.examine(Target.at(careless)).enforcement
    assert found[Capability.ISOLATION] is Enforcement.ENFORCED
    assert found[Capability.AUTHORIZATION] is Enforcement.NOT_ENFORCED
