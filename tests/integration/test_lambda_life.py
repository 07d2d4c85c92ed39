"""How execution environments and the fork server end, and that nothing of them stays."""

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.deadline import eventually
from tests.integration.lambda_world import World, function, in_private_world, runtime
from vpclab.localcloud.lambda_runtime import InvocationRefused
from vpclab.localcloud.lambda_runtime.limits import Limits
from vpclab.localcloud.lambda_runtime.root_file_system import BOOTSTRAP, INTERPRETER

PROBE_SOURCE = "import time\ndef handler(event, context):\n    time.sleep(event or 0)\n    return event"
PROBE = function(PROBE_SOURCE)


def descendants() -> list[psutil.Process]:
    """Processes that descend from this one, which in a private world is the first."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_idle_environment_can_be_reclaimed() -> None:
    """An environment that nobody uses for some time ends, with its processes and its network."""

    def scenario() -> tuple[int, int, int]:
        with runtime(Limits(idle=0.3)) as world:
            world.answer(PROBE)
            during = len(descendants())
            eventually(lambda: world.networks.existing == 0, 10, "the idle environment has ended")
            eventually(lambda: len(descendants()) == 1, 10, "its processes have ended")
            return during, len(descendants()), world.answer(PROBE, 0)

    assert in_private_world(scenario) == (3, 1, 0)


def test_runtime_can_end_everything_in_the_middle_of_an_invocation() -> None:
    """Closing kills what runs; no process and no network stays."""

    def scenario() -> tuple[str, int, int]:
        with ThreadPoolExecutor(1) as caller, runtime() as world:
            running = caller.submit(world.invoke, PROBE, 60)
            eventually(lambda: world.runtime.status()["busy"], 10, "the function runs")
            eventually(lambda: len(descendants()) == 3, 10, "its process is there")
            world.runtime.close()
            eventually(lambda: not descendants(), 10, "no process is left")
            payload = json.loads(running.result().payload)
            return payload["errorType"], len(descendants()), world.networks.existing

    assert in_private_world(scenario) == ("Runtime.ExitError", 0, 0)


def test_service_can_run_twenty_invocations_at_once() -> None:
    """An environment has one invocation at a time; concurrent ones get environments of their own."""

    def scenario() -> tuple[int, int]:
        with ThreadPoolExecutor(20) as callers, runtime() as world:
            running = [callers.submit(world.invoke, PROBE, 600, timeout=900.0) for _ in range(20)]
            eventually(lambda: len(descendants()) == 41, 60, "twenty sandboxes run beside the fork server")
            status = world.runtime.status()
            world.runtime.close()
            return status["busy"], len([one for one in running if one.result().function_error])

    assert in_private_world(scenario) == (20, 20)


def test_service_cannot_run_more_environments_than_its_limit() -> None:
    """Idle ones of other functions make room; when all are busy, Invoke answers TooManyRequestsException (429)."""

    def scenario() -> tuple[object, str, int, int]:
        other = function("def handler(event, context): return event", name="other")
        with ThreadPoolExecutor(2) as callers, runtime(Limits(environments=2)) as world:
            made_room = world.answer(other, "idle"), world.answer(function(PROBE_SOURCE, name="third"), 0)
            for _ in range(2):
                callers.submit(world.invoke, PROBE, 600, timeout=900.0)
            eventually(lambda: world.runtime.status() == {"idle": 0, "busy": 2}, 30, "both places are busy")
            try:
                world.invoke(other)
            except InvocationRefused as refusal:
                world.runtime.close()
                return made_room, refusal.code, refusal.status, world.networks.existing
            return made_room, "answered", 200, world.networks.existing

    assert in_private_world(scenario) == (("idle", 0), "TooManyRequestsException", 429, 0)


def test_environments_cannot_leak_descriptors() -> None:
    """However an environment ends, as many descriptors are open afterwards as before."""

    def scenario() -> int:
        def every_ending(world: World) -> None:
            world.answer(PROBE)
            world.invoke(PROBE, 5, timeout=0.1)
            world.invoke(function("import missing"))
            world.invoke(function("import os\ndef handler(event, context): os._exit(1)"))
            world.runtime.function_changed(PROBE.function_arn)

        with runtime() as world:
            every_ending(world)
            before = descriptors()
            for _ in range(3):
                every_ending(world)
            return descriptors() - before

    assert in_private_world(scenario) == 0


def test_fork_server_can_be_replaced_when_it_was_killed() -> None:
    """Its sandboxes die with it; the next invocation starts another and works."""

    def scenario() -> tuple[object, int]:
        with runtime() as world:
            world.answer(PROBE)
            server = next(one for one in descendants() if one.ppid() == os.getpid())
            server.send_signal(signal.SIGKILL)
            eventually(lambda: len(descendants()) == 0, 10, "the fork server's sandboxes have died with it")
            return world.answer(PROBE, 0), len(descendants())

    assert in_private_world(scenario) == (0, 3)


@pytest.mark.parametrize("rootless", [False, True], ids=["as root", "as an ordinary user"])
def test_function_cannot_leave_processes_behind(*, rootless: bool) -> None:
    """When the runtime's process ends, whatever the function started ends with it, daemons too."""
    source = """
        import os, subprocess

        def handler(event, context):
            subprocess.Popen(["/bin/sh", "-c", "setsid sleep 1000 & setsid sleep 1000"], start_new_session=True)
            if event == "exit":
                os._exit(0)
    """

    def scenario() -> list[str]:
        with runtime() as world:
            world.invoke(function(source), "exit")
            world.invoke(function(source), "stay")
            world.runtime.function_changed(PROBE.function_arn)
            eventually(lambda: len(descendants()) == 1, 10, "all but the fork server has ended")
            return [" ".join(process.cmdline()) for process in descendants()]

    assert in_private_world(scenario, rootless=rootless) == [f"{INTERPRETER} {BOOTSTRAP}"]
