"""Lambda's network interfaces: one for each subnet and set of security groups, shared, and slow to go.

moto gives functions none. AWS (Lambda guide, configuration-vpc): a Hyperplane interface for each unique pair, for
all functions and published versions of the account that use it; made before the function is Active; after the
last user is gone it lingers, and until then its subnet and groups cannot be deleted. Lambda deletes it with the
function's role: where that is gone before the function, the interface stays, until there is such a role again.
"""

# ruff: noqa: SLF001 - moto keeps its state in private attributes

import contextlib
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from moto.awslambda.models import lambda_backends
from moto.ec2.models import ec2_backends

from vpclab.localcloud.control_plane.additions import managed_interfaces
from vpclab.localcloud.control_plane.corrections import Moto
from vpclab.localcloud.network_refusal import NetworkRefusal

_LEAST_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Pair:
    """What an interface is made for."""

    account: str
    region: str
    subnet_id: str
    group_ids: frozenset[str]


class FunctionInterfaces:
    """Makes and ages interfaces so that they match the functions. Call with the control plane's lock held."""

    def __init__(
        self,
        linger_seconds: float,
        lock: threading.RLock,
        changed: Callable[[], None],
        role_id: Callable[[str], str],
    ) -> None:
        self._linger = linger_seconds
        self._lock = lock
        self._changed = changed
        self._role_id = role_id
        self._roles: dict[Pair, str] = {}
        self._without_role: set[Pair] = set()
        self._interfaces: dict[Pair, str] = {}
        self._unused_since: dict[Pair, float] = {}
        self._timers: set[threading.Timer] = set()
        self._closed = False

    def ensure(self, pairs: list[Pair], function_name: str, requester_id: str) -> None:
        """Make the interfaces that are missing. EC2's error (a full subnet) leaves none of them half-made."""
        made: list[Pair] = []
        try:
            for pair in pairs:
                if pair in self._interfaces:
                    continue
                self._make(pair, function_name, requester_id)
                made.append(pair)
        except Exception:
            for pair in made:
                self._remove(pair)
            raise

    def of(self, pairs: list[Pair]) -> tuple[str, ...]:
        """Return the ids of the interfaces for these pairs, in their order."""
        return tuple(self._interfaces[pair] for pair in pairs if pair in self._interfaces)

    def age(self) -> None:
        """Note which interfaces lost their last user, and take away those that lost it long enough ago."""
        used = dict(_used())
        self._roles |= used
        now = time.monotonic()
        for pair in list(self._interfaces):
            has_role = bool(self._role_id(self._roles.get(pair, "")))
            if pair in used:
                self._unused_since.pop(pair, None)
                self._without_role.discard(pair)
            elif pair not in self._unused_since or (pair in self._without_role and not has_role):
                if not has_role:
                    self._without_role.add(pair)
                self._unused_since[pair] = now
                self._later()
            elif now - self._unused_since[pair] >= self._linger:
                self._remove(pair)

    def close(self) -> None:
        """Stop waiting."""
        self._closed = True
        for timer in list(self._timers):
            timer.cancel()

    def _make(self, pair: Pair, function_name: str, requester_id: str) -> None:
        backend = ec2_backends[pair.account][pair.region]
        interface = managed_interfaces.make(
            backend,
            backend.get_subnet(pair.subnet_id),
            managed_interfaces.Service("lambda", f"{requester_id}:{pair.account}", requester_managed=False),
            f"AWS Lambda VPC ENI-{function_name}-{uuid.uuid4()}",
            sorted(pair.group_ids),
        )
        self._interfaces[pair] = interface.id

    def _remove(self, pair: Pair) -> None:
        backend = ec2_backends[pair.account][pair.region]
        managed_interfaces.remove(backend, self._interfaces.pop(pair))
        self._unused_since.pop(pair, None)
        self._without_role.discard(pair)

    def _later(self) -> None:
        timer = threading.Timer(max(self._linger, _LEAST_SECONDS), self._tick)
        timer.daemon = True
        timer.args = (timer,)
        self._timers.add(timer)
        timer.start()

    def _tick(self, timer: threading.Timer) -> None:
        self._timers.discard(timer)
        with self._lock:
            if self._closed:
                return
            before = len(self._interfaces)
            self.age()
            changed = len(self._interfaces) != before
        if changed:
            with contextlib.suppress(NetworkRefusal):  # the next call about that VPC hears of it
                self._changed()


def pairs_of(function: Moto) -> list[Pair]:
    """Return what interfaces a function needs: none without a VpcConfig."""
    config = function._vpc_config or {}
    groups = frozenset(config.get("SecurityGroupIds") or ())
    return [
        Pair(function.account_id, function.region, subnet_id, groups)
        for subnet_id in config.get("SubnetIds") or ()
    ]


def _used() -> Iterator[tuple[Pair, str]]:
    """Pairs, each with the role of a function that uses it."""
    for regions in list(lambda_backends.values()):
        for backend in list(regions.values()):
            for group in list(backend._lambdas._functions.values()):
                for function in (group["latest"], *group["versions"]):
                    for one in (function, getattr(function, "vpclab_before", None)):
                        if one is not None:
                            yield from ((pair, one.role) for pair in pairs_of(one))
