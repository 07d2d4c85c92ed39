"""A private world with the Lambda runtime alone in it: bare networks, logs kept in a list, functions as text."""

import base64
import hashlib
import io
import json
import os
import socket
import subprocess
import tempfile
import textwrap
import threading
import traceback
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import trustme

from tests.ordinary_user import become_ordinary_user
from vpclab.localcloud import private_world
from vpclab.localcloud.lambda_runtime import Archive, Invocation, InvocationResult, LambdaRuntime, LogEvent
from vpclab.localcloud.lambda_runtime.limits import DEFAULT_LIMITS, Limits
from vpclab.localcloud.memory_cgroup import CloudCgroup
from vpclab.localcloud.namespace import NetworkNamespace

T = TypeVar("T")

ARN = "arn:aws:lambda:us-east-1:123456789012:function:"


@dataclass
class BareNetwork:
    """A namespace with nothing but loopback and the Runtime API's address."""

    interface_id: str | None
    namespace: NetworkNamespace
    runtime_api: socket.socket
    nameservers: tuple[str, ...] = ("169.254.169.253",)


@dataclass
class BareNetworks:
    """Makes bare networks and counts them."""

    attached: list[str | None] = field(default_factory=list)
    existing: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def attach_environment(self, interface_id: str | None) -> BareNetwork:
        namespace = NetworkNamespace.create("environment")
        listening = namespace.listen_tcp("169.254.100.1", 9001)
        _run = namespace.call(lambda: subprocess.run(_ADD_ADDRESS, check=True, capture_output=True))
        with self._lock:
            self.attached.append(interface_id)
            self.existing += 1
        return BareNetwork(interface_id, namespace, listening)

    def detach_environment(self, environment: BareNetwork) -> None:
        environment.runtime_api.close()
        environment.namespace.close()
        with self._lock:
            self.existing -= 1


class SharedNetworks(BareNetworks):
    """Gives every environment the network of the world itself: a protection taken away."""

    def attach_environment(self, interface_id: str | None) -> BareNetwork:
        subprocess.run(_LOOPBACK_UP, check=True, capture_output=True)
        subprocess.run(_ADD_ADDRESS, check=True, capture_output=True)
        listening = socket.create_server(("169.254.100.1", 9001))
        own = NetworkNamespace("the world's", os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC))
        return BareNetwork(interface_id, own, listening)


_LOOPBACK_UP = ["ip", "link", "set", "lo", "up"]
_ADD_ADDRESS = ["ip", "address", "add", "169.254.100.1/32", "dev", "lo"]


@dataclass
class KeptLogs:
    """Keeps what is shipped, or refuses it as a role without permission does."""

    allows: bool = True
    streams: dict[tuple[str, str], list[LogEvent]] = field(default_factory=dict)

    def __call__(self, *, log_group: str, log_stream: str, events: Sequence[LogEvent], **_function: str) -> bool:
        if self.allows:
            self.streams.setdefault((log_group, log_stream), []).extend(events)
        return self.allows

    def messages(self) -> list[str]:
        return [event.message for events in self.streams.values() for event in events]

    def text(self) -> str:
        return "".join(self.messages())


@dataclass
class KeptSegments:
    """Keeps what is sent to X-Ray, by function, or refuses it as a role without permission does."""

    allows: bool = True
    documents: dict[str, list[str]] = field(default_factory=dict)

    def __call__(self, *, function_arn: str, role_arn: str, documents: Sequence[str]) -> bool:
        assert role_arn
        if self.allows:
            self.documents.setdefault(function_arn, []).extend(documents)
        return self.allows

    def of(self, name: str) -> list[Any]:
        return [json.loads(one) for one in self.documents.get(ARN + name, [])]


@dataclass
class World:
    """The runtime with its surroundings. ``invoke`` runs a function whose module is given as text."""

    runtime: LambdaRuntime
    networks: BareNetworks
    logs: KeptLogs
    directory: Path
    segments: KeptSegments = field(default_factory=KeptSegments)

    def invoke(self, function: Invocation, event: object = None, **changes: Any) -> InvocationResult:  # noqa: ANN401 - fields of Invocation
        invocation = replace(function, request_id=str(uuid4()), payload=json.dumps(event).encode(), **changes)
        return self.runtime.invoke(invocation)

    def answer(self, function: Invocation, event: object = None, **changes: Any) -> Any:  # noqa: ANN401 - JSON
        result = self.invoke(function, event, **changes)
        assert result.function_error is None, result.payload
        return json.loads(result.payload)


def archive(files: dict[str, str]) -> Archive:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as package:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o100644 << 16
            package.writestr(entry, textwrap.dedent(text))
    data = content.getvalue()
    return Archive(base64.b64encode(hashlib.sha256(data).digest()).decode(), data)


def function(
    source: str,
    *,
    name: str = "probe",
    files: dict[str, str] | None = None,
    **changes: Any,  # noqa: ANN401
) -> Invocation:
    """A function whose handler is ``handler`` in ``source``."""
    invocation = Invocation(
        function_arn=ARN + name,
        role_arn="arn:aws:iam::123456789012:role/probe",
        code=archive({"app.py": source, **(files or {})}),
        handler="app.handler",
        runtime="python3.11",
        payload=b"null",
        request_id="unset",
        log_group=f"/aws/lambda/{name}",
        timeout=60.0,
    )
    return replace(invocation, **changes)


@contextmanager
def runtime(
    limits: Limits = DEFAULT_LIMITS, cgroups: CloudCgroup | None = None, networks: BareNetworks | None = None
) -> Iterator[World]:
    """A ``World`` inside the current private world."""
    with tempfile.TemporaryDirectory(prefix="lambda-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        trust = directory / "authorities.pem"
        trustme.CA().cert_pem.write_to_path(str(trust))
        networks, logs = networks or BareNetworks(), KeptLogs()
        segments = KeptSegments()
        lambda_runtime = LambdaRuntime(
            networks, logs, trust, directory / "functions", limits, put_trace_segments=segments, cgroups=cgroups
        )
        try:
            yield World(lambda_runtime, networks, logs, directory, segments)
        finally:
            lambda_runtime.close()


def in_private_world(scenario: Callable[[], T], *, rootless: bool = False, seconds: float = 120.0) -> T:
    """Run ``scenario`` in a private world, made by root or, with ``rootless``, by an ordinary user.

    Where the tests themselves run as an ordinary user, both are the same.
    """
    if not rootless or os.getuid() != 0:
        return private_world.run(scenario, seconds)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        _as_ordinary_user(scenario, seconds, write)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    answer = json.loads(text or b'{"error": "the process died"}')
    if "error" in answer:
        raise private_world.PrivateWorldError(answer["error"])
    result: T = answer["result"]
    return result


def _as_ordinary_user(scenario: Callable[[], T], seconds: float, write: int) -> None:
    become_ordinary_user()
    try:
        answer: dict[str, object] = {"result": private_world.run(scenario, seconds)}
    except private_world.PrivateWorldError as error:
        answer = {"error": str(error)}
    os.write(write, json.dumps(answer).encode())
    os._exit(0)


class Scenarios:
    """Scenarios that share one private world, because making one for each would cost more than they do.

    Decorate a function of a ``World`` with the object; ``run`` gives what each returned, by the function.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._scenarios: list[Scenario] = []

    def __call__(self, scenario: "Scenario") -> "Scenario":
        self._scenarios.append(scenario)
        return scenario

    def run(self, *, rootless: bool = False) -> "Observed":
        def all_scenarios() -> dict[str, tuple[bool, object]]:
            with runtime(self._limits) as world:
                return {scenario.__name__: _observe(scenario, world) for scenario in self._scenarios}

        return Observed(in_private_world(all_scenarios, rootless=rootless))


class Observed:
    """What the scenarios of a module returned; a scenario that raised fails the test that asks for it."""

    def __init__(self, outcomes: dict[str, Any]) -> None:
        self._outcomes = outcomes

    def __getitem__(self, scenario: "Scenario") -> Any:  # noqa: ANN401 - what came over the process boundary
        """Return what the scenario returned."""
        succeeded, outcome = self._outcomes[scenario.__name__]
        assert succeeded, outcome
        return outcome


Scenario = Callable[[World], object]


def _observe(scenario: Scenario, world: World) -> tuple[bool, object]:
    try:
        return True, scenario(world)
    except Exception:  # noqa: BLE001 - it crosses a process boundary as text
        return False, traceback.format_exc()


def as_observed(result: InvocationResult) -> dict[str, Any]:
    """A result as data that tests compare."""
    return {
        "status": result.status,
        "error": result.function_error,
        "payload": json.loads(result.payload or b"null"),
        "log": result.log_tail.decode(),
    }
