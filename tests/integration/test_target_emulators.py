"""Somebody else's emulators as targets: `pytest tests/verify --target URL` ends with no false verdict.

ministack runs functions, and lets them reach everything; plain moto runs none. Neither authorises anything.
"""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.integration.command_line import CommandLine
from tests.targets import emulators
from vpclab.statements import canary
from vpclab.statements.capability import Capability, Enforcement
from vpclab.statements.target import Target

REPOSITORY = Path(__file__).parents[2]
SECONDS = 300
YES, NO, UNKNOWN = Enforcement.ENFORCED, Enforcement.NOT_ENFORCED, Enforcement.UNKNOWN

Emulator = Callable[[Path], AbstractContextManager[str]]


@dataclass(frozen=True, slots=True)
class Run:
    """One `pytest tests/verify --target URL`: how it ended, and each test's outcome with its reason, by name."""

    code: int
    text: str
    outcomes: dict[str, tuple[str, str]]

    def count(self) -> Counter[str]:
        return Counter(outcome for outcome, _reason in self.outcomes.values())

    def reasons(self, outcome: str) -> set[str]:
        return {reason for found, reason in self.outcomes.values() if found == outcome}


def verify(endpoint: str, directory: Path) -> Run:
    """Run the statements against the endpoint, as typed."""
    report = directory / "verify.xml"
    command = [sys.executable, "-m", "pytest", "tests/verify", "--target", endpoint, f"--junitxml={report}"]
    ended = subprocess.run(
        [*command, "-p", "no:cacheprovider"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    outcomes = {}
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - pytest wrote it a moment ago
        ((outcome, reason),) = [
            (str(found.get("type") or found.tag).removeprefix("pytest."), str(found.get("message")))
            for found in case
            if found.tag in {"skipped", "failure", "error"}
        ] or [("passed", "")]
        outcomes[str(case.get("name"))] = (outcome, reason)
    return Run(ended.returncode, ended.stdout, outcomes)


@pytest.fixture(scope="module", params=[emulators.ministack, emulators.plain_moto], ids=["ministack", "moto"])
def emulator(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str]]:
    """Run one; give its name and its endpoint."""
    start: Emulator = request.param
    with start(tmp_path_factory.mktemp("emulator")) as endpoint:
        yield start.__name__, endpoint


def test_canary_can_tell_what_an_emulator_enforces(emulator: tuple[str, str]) -> None:
    """Functions run in one and not in the other; neither refuses what AWS refuses. None of it is left."""
    name, endpoint = emulator
    target = Target.at(endpoint)
    before = holdings(target)
    found = canary.examine(target)
    runs = name == "ministack"
    assert found.enforcement == {
        Capability.INVOCATION: YES if runs else NO,
        Capability.LOG_DELIVERY: YES if runs else UNKNOWN,
        Capability.ISOLATION: NO if runs else UNKNOWN,
        Capability.ATTACHMENT: NO,
        Capability.AUTHORIZATION: NO,
        Capability.POLICY_GRAMMAR: NO,
        Capability.EVENT_SOURCES: NO,
        Capability.NOTIFICATIONS: NO,
    }, found.findings
    assert found.left == ()
    assert holdings(target) == before


def test_verification_cannot_come_out_falsely(emulator: tuple[str, str], tmp_path: Path) -> None:
    """What AWS refuses is told to be not enforced here; what could not be deployed is told; nothing fails."""
    _name, endpoint = emulator
    run = verify(endpoint, tmp_path)
    assert run.code == 0, run.text
    counted = run.count()
    assert counted.keys() <= {"passed", "skip", "xfail"}, run.text
    assert counted["skip"] > counted["passed"], run.text
    assert all("not enforced here: this target " in reason for reason in run.reasons("skip"))
    assert all(re.search("could not be (deployed|observed) here", reason) for reason in run.reasons("xfail"))
    assert "private-nat-instance: not everything could be deployed" in run.text
    assert "no image matches" in run.text


def test_what_an_emulator_does_not_enforce_cannot_pass(emulator: tuple[str, str], tmp_path: Path) -> None:
    """`vpclab verify` says so of every statement about packets and permissions, and ends with exit code 1."""
    _name, endpoint = emulator
    vpclab = CommandLine(tmp_path / "state")
    deployed = vpclab("up", "public", "--target", endpoint)
    assert deployed.returncode == 0 or "lacks something that the program deploys" in deployed.stderr
    ended = vpclab("verify", "public", "--target", endpoint, "--output", str(tmp_path), "--json")
    verdicts = {row["statement"]: row["verdict"] for row in json.loads(ended.stdout)["verdicts"]}
    assert verdicts["C22"] == "not_enforced"
    assert not [row for row in verdicts.values() if row == "refuted"]
    assert ended.returncode == 1, ended.stderr
    destroyed = vpclab("destroy", "public", "--target", endpoint)
    assert destroyed.returncode == 0 or "`pulumi destroy` failed for public" in destroyed.stderr


def holdings(target: Target) -> dict[str, list[str]]:
    """Return what the canary makes, of each kind, as far as it is there."""
    return {
        "functions": [one["FunctionName"] for one in target.client("lambda").list_functions()["Functions"]],
        "roles": [one["RoleName"] for one in target.client("iam").list_roles()["Roles"]],
        "policies": [one["Arn"] for one in target.client("iam").list_policies(Scope="Local")["Policies"]],
        "vpcs": [one["VpcId"] for one in target.client("ec2").describe_vpcs()["Vpcs"]],
        "groups": [one["GroupId"] for one in target.client("ec2").describe_security_groups()["SecurityGroups"]],
        "queues": target.client("sqs").list_queues().get("QueueUrls", []),
        "buckets": [one["Name"] for one in target.client("s3").list_buckets()["Buckets"]],
        "mappings": [
            one["UUID"] for one in target.client("lambda").list_event_source_mappings()["EventSourceMappings"]
        ],
    }
