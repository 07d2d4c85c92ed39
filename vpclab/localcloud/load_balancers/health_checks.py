"""Health checks: each target of a group in use is asked, by every node of its load balancers, as often as it says.

Coarser than AWS's in one thing: a target's health is the same for all nodes, healthy when each finds it so.
"""

import http.client
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address

from vpclab.localcloud.control_plane.target_health import HEALTHY, INITIAL, TargetHealth
from vpclab.localcloud.load_balancers.exchange import Asked, exchange
from vpclab.localcloud.load_balancers.node import Node
from vpclab.localcloud.namespace import NamespaceError
from vpclab.network.model import HealthCheck

TIMED_OUT = TargetHealth("unhealthy", "Target.Timeout", "Request timed out")
FAILED = TargetHealth("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
_USER_AGENT = "ELB-HealthChecker/2.0"

Key = tuple[str, str]
"""Target group and target."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Everything that makes a check the one that is wanted."""

    check: HealthCheck
    protocol: str
    address: IPv4Address
    port: int
    nodes: tuple[Node, ...]


class HealthChecks:
    """Runs a thread for each target; ``report`` is told of every change, from that thread."""

    def __init__(self, report: Callable[[str, str, TargetHealth], None]) -> None:
        self._report = report
        self._running: dict[Key, _Check] = {}

    def reconcile(self, wanted: Mapping[Key, Checked]) -> None:
        """Start and end checks so that they are the wanted ones; the caller lets one thread in at a time."""
        for key, check in list(self._running.items()):
            if wanted.get(key) != check.checked:
                check.stop()
                del self._running[key]
        for key, checked in wanted.items():
            if key not in self._running:
                self._running[key] = _Check(key, checked, self._report)
                self._running[key].start()

    def is_healthy(self, key: Key) -> bool:
        """Tell whether the last word about a target is that it is healthy."""
        check = self._running.get(key)
        return check is not None and check.health == HEALTHY

    def close(self) -> None:
        """End all checks."""
        self.reconcile({})


class _Check(threading.Thread):
    """Asks one target again and again."""

    def __init__(self, key: Key, checked: Checked, report: Callable[[str, str, TargetHealth], None]) -> None:
        super().__init__(name=f"health check {key[1]}", daemon=True)
        self.checked = checked
        self.health = INITIAL
        self._key = key
        self._report = report
        self._stopping = threading.Event()
        self._streak = 0
        self._last_was_good: bool | None = None

    def stop(self) -> None:
        """End after the current question."""
        self._stopping.set()

    def run(self) -> None:
        """Ask, judge, wait."""
        self._report(*self._key, self.health)
        while not self._stopping.is_set():
            try:
                found = _worst([self._ask(node) for node in self.checked.nodes])
            except NamespaceError:
                if self._stopping.is_set():
                    return  # the load balancer's interface went while it was being asked from
                raise
            if self._stopping.is_set():
                return
            self._judge(found)
            self._stopping.wait(self.checked.check.interval)

    def _judge(self, found: TargetHealth) -> None:
        good = found == HEALTHY
        self._streak = self._streak + 1 if good == self._last_was_good else 1
        self._last_was_good = good
        check = self.checked.check
        # A new target is healthy after its first success (guide, "Health checks for your target groups").
        needed = (1 if self.health == INITIAL else check.healthy_threshold) if good else check.unhealthy_threshold
        if self._streak >= needed and found != self.health:
            self.health = found
            self._report(*self._key, found)

    def _ask(self, node: Node) -> TargetHealth:
        checked = self.checked
        asked = Asked(
            "GET",
            checked.check.path or "/",
            {"Host": f"{checked.address}:{checked.port}", "User-Agent": _USER_AGENT},
        )
        try:
            answer = exchange(
                node,
                checked.address,
                checked.port,
                checked.protocol,
                asked,
                connect_seconds=checked.check.timeout,
                idle_seconds=checked.check.timeout,
            )
        except TimeoutError:
            return TIMED_OUT
        except (OSError, http.client.HTTPException):
            return FAILED
        if matches(checked.check.matcher, answer.status):
            return HEALTHY
        text = f"Health checks failed with these codes: [{answer.status}]"
        return TargetHealth("unhealthy", "Target.ResponseCodeMismatch", text)


def matches(matcher: str, status: int) -> bool:
    """Tell whether a status is in a matcher such as ``200``, ``200,202`` or ``200-299``."""
    for part in matcher.split(","):
        first, _, last = part.strip().partition("-")
        if first.isdecimal() and int(first) <= status <= int(last or first):
            return True
    return False


def _worst(found: list[TargetHealth]) -> TargetHealth:
    return next((one for one in found if one != HEALTHY), HEALTHY)
