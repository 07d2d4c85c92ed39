"""All execution environments: a warm one is used again, the last used first; when all are busy, one is made."""

import itertools
import threading
import time
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field

from vpclab.localcloud.lambda_runtime.code_store import CodeStore
from vpclab.localcloud.lambda_runtime.environment import Environment
from vpclab.localcloud.lambda_runtime.environment_variables import CREDENTIALS
from vpclab.localcloud.lambda_runtime.invocation import (
    AttachedNetwork,
    EnvironmentNetworks,
    Invocation,
    InvocationRefused,
)
from vpclab.localcloud.lambda_runtime.limits import Limits
from vpclab.localcloud.lambda_runtime.sandboxes import Sandboxes

_SWEEP_SECONDS = 15.0


def key_of(invocation: Invocation) -> Hashable:
    """What must be equal for two invocations to share an environment: everything but credentials and the event."""
    return (
        invocation.function_arn,
        invocation.version,
        invocation.role_arn,
        invocation.code.sha256,
        tuple(layer.sha256 for layer in invocation.layers),
        invocation.handler,
        invocation.runtime,
        invocation.memory_mb,
        invocation.ephemeral_storage_mb,
        invocation.interfaces,
        invocation.log_group,
        frozenset(item for item in invocation.environment.items() if item[0] not in CREDENTIALS),
    )


@dataclass(eq=False, slots=True)
class Place:
    """An environment with what the pool knows of it. ``environment`` is there once it has been made."""

    function_arn: str
    key: Hashable
    environment: Environment
    used: float = field(default_factory=time.monotonic)
    is_outdated: bool = False


class Environments:
    """The pool, within ``limits``."""

    def __init__(
        self,
        networks: EnvironmentNetworks,
        sandboxes: Sandboxes,
        store: CodeStore,
        limits: Limits,
    ) -> None:
        self._networks = networks
        self._sandboxes = sandboxes
        self._store = store
        self._limits = limits
        self._lock = threading.Lock()
        self._idle: deque[Place] = deque()  # the last used at the right
        self._busy: set[Place] = set()
        self._reserved = 0
        self._turns: dict[Hashable, itertools.count[int]] = {}
        self._closing = threading.Event()
        self._sweeper = threading.Thread(target=self._sweep, name="idle environments", daemon=True)
        self._sweeper.start()

    def acquire(self, invocation: Invocation) -> tuple[Place, bool]:
        """Return a place that is busy from now on, and whether it is new (its environment not yet initialised).

        Raises:
            InvocationRefused: too many environments are busy, or a new one could not be made.
        """
        key = key_of(invocation)
        while (place := self._take_idle(key)) is not None:
            if place.environment.is_alive:
                return place, False
            self.discard(place)
        return self._make(invocation, key), True

    def release(self, place: Place) -> None:
        """Keep the place warm for the next invocation, unless its function has changed meanwhile."""
        place.used = time.monotonic()
        with self._lock:
            keeps = not place.is_outdated and not self._closing.is_set()
            if keeps:
                self._busy.discard(place)
                self._idle.append(place)
        if not keeps:
            self.discard(place)

    def discard(self, place: Place) -> None:
        """End a place that is busy."""
        self._end(place)
        with self._lock:
            self._busy.discard(place)

    def function_changed(self, function_arn: str) -> None:
        """End the function's warm environments now, and its busy ones after their invocation."""
        with self._lock:
            ending = [place for place in self._idle if place.function_arn == function_arn]
            self._move_to_busy(ending)
            for place in self._busy:
                place.is_outdated |= place.function_arn == function_arn
            self._turns = {key: turns for key, turns in self._turns.items() if function_arn not in _parts(key)}
        for place in ending:
            self.discard(place)

    def close(self) -> None:
        """End every environment, in the middle of an invocation too."""
        self._closing.set()
        with self._lock:
            idle = list(self._idle)
            self._idle.clear()
            busy = list(self._busy)
        for place in busy:
            place.environment.kill()  # its own thread notices and ends it
        for place in idle:
            self._end(place)
        self._sweeper.join()

    def count(self) -> tuple[int, int]:
        """How many environments are idle, and how many busy."""
        with self._lock:
            return len(self._idle), len(self._busy)

    def _take_idle(self, key: Hashable) -> Place | None:
        with self._lock:
            for place in reversed(self._idle):
                if place.key == key:
                    self._move_to_busy([place])
                    return place
        return None

    def _move_to_busy(self, places: list[Place]) -> None:
        for place in places:
            self._idle.remove(place)
            self._busy.add(place)

    def _make(self, invocation: Invocation, key: Hashable) -> Place:
        self._reserve()
        try:
            code = self._store.folder([invocation.code])
            layers = self._store.folder(invocation.layers) if invocation.layers else ""
            network = self._attach(self._next_interface(invocation, key))
            try:
                environment = Environment(self._sandboxes, network, invocation, code, layers)
            except BaseException:
                self._networks.detach_environment(network)
                raise
            place = Place(invocation.function_arn, key, environment)
        finally:
            with self._lock:
                self._reserved -= 1
        with self._lock:
            self._busy.add(place)
        return place

    def _reserve(self) -> None:
        """Count a place that is about to be made; where there are too many, end the one idle for longest."""
        with self._lock:
            oldest = None
            if len(self._idle) + len(self._busy) + self._reserved >= self._limits.environments:
                if not self._idle:
                    raise InvocationRefused("TooManyRequestsException", "Rate Exceeded.", status=429)
                oldest = self._idle[0]
                self._move_to_busy([oldest])
            self._reserved += 1
        if oldest is not None:
            self.discard(oldest)

    def _next_interface(self, invocation: Invocation, key: Hashable) -> str | None:
        """Take the function's interfaces, and so its subnets, in turn."""
        if not invocation.interfaces:
            return None
        with self._lock:
            turn = next(self._turns.setdefault(key, itertools.count()))
        return invocation.interfaces[turn % len(invocation.interfaces)]

    def _attach(self, interface_id: str | None) -> AttachedNetwork:
        try:
            return self._networks.attach_environment(interface_id)
        except Exception as trouble:
            raise InvocationRefused(
                "EC2UnexpectedException",
                f"the network of a new execution environment behind {interface_id or 'no interface'} could not be "
                f"made: {trouble}",
                status=502,
            ) from trouble

    def _end(self, place: Place) -> None:
        place.environment.close()
        self._networks.detach_environment(place.environment.network)

    def _sweep(self) -> None:
        while not self._closing.wait(min(_SWEEP_SECONDS, self._limits.idle)):
            oldest_kept = time.monotonic() - self._limits.idle
            with self._lock:
                ending = [place for place in self._idle if place.used < oldest_kept]
                self._move_to_busy(ending)
            for place in ending:
                self.discard(place)


def _parts(key: Hashable) -> tuple[object, ...]:
    return key if isinstance(key, tuple) else (key,)
