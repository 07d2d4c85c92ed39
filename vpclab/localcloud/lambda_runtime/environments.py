"""All execution environments: a warm one is used again, the last used first; when all are busy, one is made."""

import threading
import time
from collections import Counter, deque
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
_CLOSE_SECONDS = 5.0


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
        (invocation.log_format, invocation.system_log_level, invocation.application_log_level),
        invocation.is_traced,
        frozenset(item for item in invocation.environment.items() if item[0] not in CREDENTIALS),
    )


@dataclass(eq=False, slots=True)
class Place:
    """An environment with what the pool knows of it. ``generation`` counts changes of its function."""

    function_arn: str
    key: Hashable
    environment: Environment
    generation: int
    used: float = field(default_factory=time.monotonic)
    made: float = field(default_factory=time.monotonic)


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
        self._none_busy = threading.Condition(self._lock)
        self._generations: Counter[str] = Counter()
        self._idle: deque[Place] = deque()  # the last used at the right
        self._busy: set[Place] = set()
        self._reserved = 0
        self._turns: Counter[str] = Counter()
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
            if place.environment.is_alive and not self._is_old(place):
                return place, False
            self.discard(place)
        return self._make(invocation, key), True

    def release(self, place: Place) -> None:
        """Keep the place warm for the next invocation, unless its function has changed meanwhile."""
        place.used = time.monotonic()
        with self._lock:
            is_current = place.generation == self._generations[place.function_arn]
            keeps = is_current and not self._closing.is_set()
            if keeps:
                self._idle.append(place)
                self._leave_busy(place)
        if not keeps:
            self.discard(place)

    def discard(self, place: Place) -> None:
        """End a place that is busy."""
        try:
            place.environment.close()
            self._networks.detach_environment(place.environment.network)
        finally:
            with self._lock:
                self._leave_busy(place)

    def function_changed(self, function_arn: str) -> None:
        """End the function's warm environments now, and its busy ones after their invocation."""
        with self._lock:
            ending = [place for place in self._idle if place.function_arn == function_arn]
            self._move_to_busy(ending)
            self._generations[function_arn] += 1
        for place in ending:
            self.discard(place)

    def close(self) -> None:
        """End every environment, in the middle of an invocation too."""
        self._closing.set()
        self._sweeper.join()
        with self._lock:
            busy, idle = list(self._busy), list(self._idle)
            self._move_to_busy(idle)
        for place in busy:
            place.environment.kill()  # its own thread notices and ends it
        for place in idle:
            self.discard(place)
        with self._none_busy:
            self._none_busy.wait_for(lambda: not self._busy and not self._reserved, _CLOSE_SECONDS)

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

    def _is_old(self, place: Place) -> bool:
        return time.monotonic() - place.made > self._limits.life

    def _move_to_busy(self, places: list[Place]) -> None:
        for place in places:
            self._idle.remove(place)
            self._busy.add(place)

    def _leave_busy(self, place: Place) -> None:
        self._busy.discard(place)
        self._none_busy.notify_all()

    def _make(self, invocation: Invocation, key: Hashable) -> Place:
        generation = self._reserve(invocation.function_arn)
        try:
            code = self._store.folder([invocation.code])
            layers = self._store.folder(invocation.layers) if invocation.layers else ""
            network = self._attach(self._next_interface(invocation))
            try:
                environment = Environment(self._sandboxes, network, invocation, code, layers)
            except BaseException:
                self._networks.detach_environment(network)
                raise
            place = Place(invocation.function_arn, key, environment, generation)
            with self._lock:
                self._busy.add(place)
                if self._closing.is_set():
                    environment.kill()
        finally:
            with self._lock:
                self._reserved -= 1
                self._none_busy.notify_all()
        return place

    def _reserve(self, function_arn: str) -> int:
        """Count a place that is about to be made; where there are too many, end the one idle for longest.

        Return the function's generation, which the place then has.
        """
        with self._lock:
            oldest = None
            if self._closing.is_set():
                raise InvocationRefused("ServiceException", "the local cloud is being stopped", status=500)
            if len(self._idle) + len(self._busy) + self._reserved >= self._limits.environments:
                if not self._idle:
                    raise InvocationRefused("TooManyRequestsException", "Rate Exceeded.", status=429)
                oldest = self._idle[0]
                self._move_to_busy([oldest])
            self._reserved += 1
            generation = self._generations[function_arn]
        if oldest is not None:
            self.discard(oldest)
        return generation

    def _next_interface(self, invocation: Invocation) -> str | None:
        """Take the function's interfaces, and so its subnets, in turn."""
        if not invocation.interfaces:
            return None
        with self._lock:
            turn = self._turns[invocation.function_arn]
            self._turns[invocation.function_arn] += 1
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

    def _sweep(self) -> None:
        while not self._closing.wait(min(_SWEEP_SECONDS, self._limits.idle)):
            oldest_kept = time.monotonic() - self._limits.idle
            with self._lock:
                ending = [place for place in self._idle if place.used < oldest_kept]
                self._move_to_busy(ending)
            for place in ending:
                self.discard(place)
            self._sandboxes.tidy()
