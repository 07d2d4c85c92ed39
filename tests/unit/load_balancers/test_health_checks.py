"""What health checks make of what they see."""

import threading
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.deadline import eventually
from vpclab.localcloud.control_plane.target_health import HEALTHY, INITIAL, TargetHealth
from vpclab.localcloud.load_balancers import health_checks
from vpclab.localcloud.load_balancers.exchange import Answered
from vpclab.localcloud.load_balancers.health_checks import FAILED, TIMED_OUT, Checked, HealthChecks, matches
from vpclab.localcloud.load_balancers.node import Node
from vpclab.localcloud.namespace import NetworkNamespace
from vpclab.network.model import HealthCheck

KEY = ("group", "10.0.0.9")
CHECK = HealthCheck(
    enabled=True,
    protocol="HTTP",
    port=None,
    path="/",
    interval=0,
    timeout=1,
    healthy_threshold=3,
    unhealthy_threshold=2,
    matcher="200-299",
)


def heard(monkeypatch: pytest.MonkeyPatch, *script: int | Exception) -> list[TargetHealth]:
    """What is reported of a target that behaves so, check after check, until the script has ended."""
    steps, told, ended = iter(script), list[TargetHealth](), threading.Event()

    def exchange(*_: object, **__: object) -> Answered:
        step = next(steps, None)
        if step is None:
            ended.set()
            raise ConnectionRefusedError
        if isinstance(step, Exception):
            raise step
        return Answered(step, "", (), b"")

    monkeypatch.setattr(health_checks, "exchange", exchange)
    checks = HealthChecks(lambda group, target, health: told.append(health) if (group, target) == KEY else None)
    node = Node(IPv4Address("10.0.0.1"), NetworkNamespace("none", -1))
    checks.reconcile({KEY: Checked(CHECK, "HTTP", IPv4Address("10.0.0.9"), 80, (node,))})
    eventually(ended.is_set, 10, "the script has ended")
    checks.close()
    return told


def test_new_target_can_be_healthy_after_one_success(monkeypatch: pytest.MonkeyPatch) -> None:
    """The threshold is for those that were unhealthy."""
    assert heard(monkeypatch, 200, 200)[:2] == [INITIAL, HEALTHY]


def test_target_cannot_be_unhealthy_by_one_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two in a row make it so, three successes in a row make it healthy again."""
    told = heard(monkeypatch, 200, 500, 200, 500, 500, 200, 200, 500, 200, 200, 200)
    assert [one.state for one in told[:4]] == ["initial", "healthy", "unhealthy", "healthy"]
    assert told[2].description == "Health checks failed with these codes: [500]"


def test_failure_can_be_told_by_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer in time, no connection: two reasons."""
    assert heard(monkeypatch, TimeoutError(), TimeoutError())[:2] == [INITIAL, TIMED_OUT]
    assert heard(monkeypatch, ConnectionResetError(), ConnectionResetError())[:2] == [INITIAL, FAILED]


@given(st.integers(200, 499), st.integers(200, 499), st.integers(100, 599))
def test_matcher_can_be_codes_and_ranges(first: int, last: int, status: int) -> None:
    """As the API has it: ``200``, ``200,202``, ``200-299``."""
    assert matches(f"{first}-{last}", status) == (first <= status <= last)
    assert matches(f"{first},{last}", status) == (status in {first, last})
    assert not matches("", status)
