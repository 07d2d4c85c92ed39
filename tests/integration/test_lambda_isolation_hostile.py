"""What a hostile function tries, against the sandbox as it is and against one with the protection taken away.

The second shows that the first can fail: the same attack then succeeds.
"""

import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import psutil
import pytest

from tests.integration.lambda_world import (
    BareNetworks,
    Observed,
    Scenarios,
    SharedNetworks,
    World,
    function,
    in_private_world,
    runtime,
)
from tests.integration.weakened import Change, weakened
from vpclab.localcloud.lambda_runtime import log_shipping, sandbox_memory
from vpclab.localcloud.lambda_runtime.privileges import SANDBOX_USER

ATTACKS = Path(__file__).with_name("hostile_function.py").read_text()
SECRET = "a secret of the host"
MEMORY_MB, LARGE_MB = 256, 3008

HELD_LIMITS = Change("privileges.py", "        (resource.RLIMIT_NOFILE, _OPEN_FILES),\n", "")
HELD_PROCESSES = Change("privileges.py", "        (resource.RLIMIT_NPROC, _PROCESSES),\n", "")
UNMAPPED = Change(
    "privileges.py", '"/proc/self/uid_map", f"{SANDBOX_USER} {uid} 1"', '"/proc/self/uid_map", f"0 {uid} 1"'
)
ALL_CAPABILITIES = Change("sandbox.py", "    privileges.renounce()\n", "")
NO_USER_NAMESPACE = Change("privileges.py", "    os.umask(0o022)\n", "    return\n")
NO_FILTER = Change(
    "sandbox.py", "    system_call_filter.deny_the_unbounded(shared_memory=not shares_memory)\n", ""
)


@dataclass(frozen=True)
class Attack:
    """An attack, and the protection without which it succeeds (none: another attack's case shows it).

    ``without_network``: the protection is that an environment has a network of its own.
    """

    event: tuple[object, ...]
    without: tuple[Change, ...] = ()
    memory_mb: int = MEMORY_MB
    without_network: bool = False

    @property
    def name(self) -> str:
        return " ".join(map(str, self.event))


BOUNDED = (
    Attack(("fork_bomb", 1100), (HELD_PROCESSES,), LARGE_MB),
    Attack(("open_files", 1100), (HELD_LIMITS,)),
    Attack(("many_files", 40_000), (Change("sandbox.py", ",nr_inodes={files}", ""),)),
    Attack(("full_disk", 520), (Change("sandbox.py", "size={request.ephemeral_storage_mb}m,", "size=600m,"),)),
    Attack(("memory_in_descriptors", MEMORY_MB + 32), (NO_FILTER,)),
    Attack(
        ("shared_memory", MEMORY_MB + 32),
        (Change("privileges.py", "str(memory_mb * _MEBIBYTE // resource.getpagesize())", '"1000000"'),),
    ),
)
CONFINED = (
    Attack(
        ("read_file", "{directory}/secret"),
        (
            Change("root_file_system.py", 'pivot_root(root, root / "tmp")', 'pivot_root(root, root / "root")'),
            Change("root_file_system.py", '    system_calls.umount("/tmp", MNT_DETACH)', "    pass"),
        ),
    ),
    Attack(("see_process", "sleep"), (Change("fork_loop.py", "    system_calls.unshare(CLONE_NEWPID)\n", ""),)),
    Attack(("share_session",), (Change("sandbox.py", "        os.setsid()", "        pass"),)),
    Attack(("open_vsock",), (NO_FILTER,)),
    Attack(("become_root",), (UNMAPPED, ALL_CAPABILITIES)),
    Attack(("open_raw",), (NO_USER_NAMESPACE, ALL_CAPABILITIES, NO_FILTER)),
    Attack(("mount",), (NO_USER_NAMESPACE, ALL_CAPABILITIES, NO_FILTER)),
    Attack(("read_memory",), (Change("sandbox.py", "    system_calls.prctl(PR_SET_DUMPABLE, 0)", "    pass"),)),
    Attack(("kill_everybody",)),
    Attack(("wake_itself",), (NO_FILTER,)),
    Attack(("wake_by_descriptor",), (NO_FILTER,)),
    Attack(("wake_by_child",), (NO_FILTER,)),
    Attack(("wake_by_orphan",), (NO_FILTER,)),
    Attack(("connect", "127.0.0.1", "{port}"), without_network=True),
    Attack(("connect_abstract", "host-{port}"), without_network=True),
)
HELD_BY_FILTER = [attack for attack in CONFINED if attack.without == (NO_FILTER,)]
ATTACKS_BY_NAME = {attack.name: attack for attack in (*BOUNDED, *CONFINED)}
WEAKENED = [attack for attack in ATTACKS_BY_NAME.values() if attack.without or attack.without_network]

scenarios = Scenarios()


def try_attack(world: World, attack: Attack) -> Any:  # noqa: ANN401 - JSON
    """What the attack returns; names in its event are replaced by what is there to be attacked."""
    with ExitStack() as held:
        listening = held.enter_context(socket.create_server(("127.0.0.1", 0)))
        port = listening.getsockname()[1]
        abstract = held.enter_context(socket.socket(socket.AF_UNIX))
        abstract.bind(f"\0host-{port}")
        abstract.listen()
        sleeping = held.enter_context(subprocess.Popen(["sleep", "600"]))  # noqa: S607 - the system's
        held.callback(sleeping.kill)
        (world.directory / "secret").write_text(SECRET)
        event = [
            one.format(directory=world.directory, port=port) if isinstance(one, str) else one
            for one in attack.event
        ]
        event = [int(one) if isinstance(one, str) and one.isdigit() else one for one in event]
        hostile = function(ATTACKS, memory_mb=attack.memory_mb, timeout=60.0, name="hostile")
        return world.answer(hostile, event)


@scenarios
def attacks(world: World) -> object:
    return {name: try_attack(world, attack) for name, attack in ATTACKS_BY_NAME.items()}


@pytest.fixture(scope="module", params=["as root", "as an ordinary user"])
def observed(request: pytest.FixtureRequest) -> Observed:
    return scenarios.run(rootless=request.param == "as an ordinary user")


@pytest.mark.parametrize("name", ATTACKS_BY_NAME)
def test_hostile_function_cannot_succeed(observed: Observed, name: str) -> None:
    """It is bounded by what Lambda documents, and sees nothing that is not its own."""
    assert observed[attacks][name] is False


def in_weakened_world(attack: Attack) -> object:
    def scenario() -> object:
        networks = SharedNetworks() if attack.without_network else BareNetworks()
        with weakened(attack.without), runtime(networks=networks) as world:
            return try_attack(world, attack)

    return in_private_world(scenario)


@pytest.mark.parametrize("attack", WEAKENED, ids=lambda attack: attack.name)
def test_hostile_function_can_succeed_without_the_protection(attack: Attack) -> None:
    """The attack is a real one: what holds it back is the protection that is named beside it."""
    assert in_weakened_world(attack) is True


def test_root_of_a_sandbox_cannot_reach_beyond_it() -> None:
    """Should a function become root of its namespaces, with every capability there, it has nothing of the host."""

    def scenario() -> tuple[object, object, dict[str, object]]:
        with weakened((UNMAPPED, ALL_CAPABILITIES, NO_FILTER)), runtime() as world:
            hostile = function(ATTACKS, timeout=60.0, name="hostile")
            done = world.answer(hostile, ["become_root"]), world.answer(hostile, ["as_root"])
            others = [one for one in CONFINED if one not in HELD_BY_FILTER and one.event != ("become_root",)]
            return *done, {one.name: try_attack(world, one) for one in others}

    is_root, done, others = in_private_world(scenario)
    assert is_root is True
    assert done == []
    assert {name: success for name, success in others.items() if success} == {}


def test_root_of_a_sandbox_can_be_dangerous_without_a_user_namespace() -> None:
    """The user namespace is what makes it harmless: with the capabilities of the world's root, much succeeds."""

    def scenario() -> list[str]:
        with weakened((NO_USER_NAMESPACE, ALL_CAPABILITIES, NO_FILTER)), runtime() as world:
            done: list[str] = world.answer(function(ATTACKS, timeout=60.0, name="hostile"), ["as_root"])
            return done

    done = in_private_world(scenario)
    assert {"sethostname", "read packets"} <= set(done)


@pytest.mark.parametrize("watches", [True, False], ids=["watched", "unwatched"])
def test_memory_of_a_functions_processes_cannot_exceed_its_memory_together(*, watches: bool) -> None:
    """Six children of 60 MB in a function of 256 MB: Runtime.OutOfMemory, unless only one process is looked at."""

    def scenario() -> bytes:
        hostile = function(ATTACKS, memory_mb=MEMORY_MB, timeout=30.0)
        blind = mock.patch.object(sandbox_memory, "used_mb", return_value=0)
        with ExitStack() as stack:
            if not watches:
                stack.enter_context(blind)
            world = stack.enter_context(runtime())
            return world.invoke(hostile, ["memory_of_children", 6, 60]).payload

    payload = in_private_world(scenario)
    assert (b"Runtime.OutOfMemory" in payload) is watches
    assert watches or payload == b"true"


def test_floods_of_functions_cannot_stop_another() -> None:
    """While functions flood their logs and keep every processor busy, another answers, and nothing piles up."""

    def scenario() -> tuple[object, int, list[bytes], int]:
        with ThreadPoolExecutor(3) as callers, runtime() as world:
            memory = psutil.Process().memory_info
            quiet = function("def handler(event, context): return event", name="quiet", timeout=60.0)
            world.answer(quiet, "warm")
            before = memory().rss
            loud = [
                callers.submit(world.invoke, function(ATTACKS, name=f"loud-{one}", timeout=60.0), [kind, 3, *more])
                for one, (kind, *more) in enumerate([("flood",), ("flood",), ("spin", 64)])
            ]
            answered = [world.answer(quiet, number) for number in range(20)]
            during = sum(not one.done() for one in loud)
            payloads = [one.result().payload for one in loud]
            grown = memory().rss - before
            return answered, during, payloads, grown

    answered, during, payloads, grown = in_private_world(scenario)
    assert answered == list(range(20))
    assert during > 0, "the floods were over before the other function had answered"
    assert payloads == [b"true"] * 3
    assert grown < 64 * 1024 * 1024


@pytest.mark.parametrize("is_bounded", [True, False], ids=["bounded", "unbounded"])
def test_flood_of_a_log_cannot_fill_memory(*, is_bounded: bool) -> None:
    """What an invocation prints beyond 4 MB is read and dropped; nothing else keeps it from piling up."""

    def scenario() -> int:
        with ExitStack() as stack:
            if not is_bounded:
                stack.enter_context(mock.patch.object(log_shipping, "LARGEST_OUTPUT", 1 << 40))
            world = stack.enter_context(runtime())
            world.answer(function(ATTACKS, timeout=30.0), ["flood", 2])
            return len(world.logs.text())

    assert (in_private_world(scenario) < log_shipping.LARGEST_OUTPUT + 4096) is is_bounded


@pytest.mark.parametrize("is_bounded", [True, False], ids=["in a PID namespace", "in none"])
def test_function_cannot_keep_processors_busy_after_its_timeout(*, is_bounded: bool) -> None:
    """With the sandbox's first process the kernel ends all that it left running."""
    without = () if is_bounded else (Change("fork_loop.py", "    system_calls.unshare(CLONE_NEWPID)\n", ""),)

    def scenario() -> tuple[bytes, bool]:
        with weakened(without), runtime() as world:
            payload = world.invoke(function(ATTACKS, timeout=2.0), ["spin", 25, 4]).payload
            ended = psutil.wait_procs(spinning(), timeout=8)[1] == []
            return payload, not ended

    payload, is_busy = in_private_world(scenario)
    assert b"Sandbox.Timedout" in payload
    assert is_busy is not is_bounded


def spinning() -> list[psutil.Process]:
    """The processes of functions, in a world that root has made."""
    return [one for one in psutil.process_iter() if one.uids().real == SANDBOX_USER]
