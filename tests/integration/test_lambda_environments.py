"""Execution environments as functions see them: kept, replaced, spread, bounded, and what is unpacked in them."""

from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from tests.deadline import eventually
from tests.integration.lambda_world import (
    Observed,
    Scenarios,
    World,
    archive,
    as_observed,
    function,
    in_private_world,
    runtime,
)
from vpclab.localcloud.lambda_runtime.limits import Limits

scenarios = Scenarios()

COUNTER = """
    import os, time

    count = 0

    def handler(event, context):
        global count
        count += 1
        if event == "hang":
            time.sleep(60)
        if isinstance(event, float):
            time.sleep(event)
        return [os.environ["AWS_LAMBDA_LOG_STREAM_NAME"], count]
"""


@pytest.fixture(scope="module")
def observed() -> Observed:
    return scenarios.run()


@scenarios
def timed_out(world: World) -> object:
    counter = function(COUNTER, name="slow", timeout=0.3)
    results = as_observed(world.invoke(counter, "hang")), as_observed(world.invoke(counter))
    return results, world.networks.existing


def test_function_cannot_outlive_its_timeout(observed: Observed) -> None:
    """It is killed, the caller reads Sandbox.Timedout, and the next invocation has a new environment."""
    (late, next_one), _ = observed[timed_out]
    assert (late["status"], late["error"]) == (200, "Unhandled")
    assert late["payload"]["errorType"] == "Sandbox.Timedout"
    assert late["payload"]["errorMessage"].endswith("Error: Task timed out after 0.30 seconds")
    assert "Task timed out after 0.30 seconds\n" in late["log"]
    assert "\tStatus: timeout" in late["log"]
    assert next_one["payload"][1] == 1


@scenarios
def reused(world: World) -> object:
    counter = function(COUNTER, name="warm")
    first, second = world.answer(counter), world.answer(counter)
    world.runtime.function_changed(counter.function_arn)
    changed = world.answer(counter)
    return first, second, changed, world.answer(counter, environment={"NEW": "1"})


def test_environment_can_be_used_again_until_the_function_changes(observed: Observed) -> None:
    """Warm environments keep their state; a changed function, or another configuration, gets a new one."""
    first, second, changed, configured = observed[reused]
    assert second == [first[0], 2]
    assert changed[1] == configured[1] == 1
    assert len({first[0], changed[0], configured[0]}) == 3


@scenarios
def changed_while_busy(world: World) -> object:
    counter = function(COUNTER, name="busy")
    with ThreadPoolExecutor(1) as caller:
        running = caller.submit(world.answer, counter, 0.5)
        eventually(lambda: world.runtime.status()["busy"], 5, "an environment is busy")
        world.runtime.function_changed(counter.function_arn)
        return running.result(), world.answer(counter)


def test_function_change_cannot_disturb_a_running_invocation(observed: Observed) -> None:
    """It ends in its old environment, which no later invocation gets."""
    before, after = observed[changed_while_busy]
    assert before[1] == after[1] == 1
    assert before[0] != after[0]


@scenarios
def spread(world: World) -> object:
    attached = len(world.networks.attached)
    for number in range(4):  # each configuration needs an environment of its own
        variables = {"NUMBER": str(number)}
        world.answer(function(COUNTER, name="spread", interfaces=("eni-a", "eni-b"), environment=variables))
    return world.networks.attached[attached:]


def test_environments_can_be_spread_over_subnets(observed: Observed) -> None:
    """Environments are put behind the function's interfaces in turn."""
    assert observed[spread] == ["eni-a", "eni-b", "eni-a", "eni-b"]


@scenarios
def own_sdk(world: World) -> object:
    files = {"boto3/__init__.py": "__version__ = 'the function\\'s own'", "queue.py": "mine = True"}
    source = """
        import boto3, queue, sys

        def handler(event, context):
            return boto3.__version__, queue.mine, boto3.__file__
    """
    return world.answer(function(source, files=files))


def test_function_can_bring_its_own_sdk(observed: Observed) -> None:
    """What is in /var/task comes before the runtime's modules ("Runtime search path")."""
    assert observed[own_sdk] == ["the function's own", True, "/var/task/boto3/__init__.py"]


@scenarios
def layered(world: World) -> object:
    first = archive({"python/shared.py": "name = 'first'", "data.txt": "kept"})
    second = archive({"python/shared.py": "name = 'second'"})
    source = """
        import shared

        def handler(event, context):
            return shared.name, shared.__file__, open("/opt/data.txt").read()
    """
    return world.answer(function(source, layers=(first, second)))


def test_function_can_use_layers(observed: Observed) -> None:
    """Layers are unpacked into /opt, later ones over earlier ones."""
    assert observed[layered] == ["second", "/opt/python/shared.py", "kept"]


@scenarios
def greedy(world: World) -> object:
    source = """
        import time

        def handler(event, context):
            taken = bytearray(event * 1024 * 1024)
            for page in range(0, len(taken), 4096):
                taken[page] = 1
            time.sleep(5)
    """
    return as_observed(world.invoke(function(source, name="greedy"), 300))


def test_function_cannot_use_more_than_its_memory(observed: Observed) -> None:
    """It is killed: Runtime.OutOfMemory."""
    assert observed[greedy]["payload"]["errorType"] == "Runtime.OutOfMemory"
    assert observed[greedy]["payload"]["errorMessage"].endswith("Runtime exited with error: signal: killed")


@scenarios
def network_count(world: World) -> object:
    before = world.networks.existing
    probe = function("def handler(event, context): pass", name="counted")
    world.answer(probe)
    during = world.networks.existing
    world.runtime.function_changed(probe.function_arn)
    return during - before, world.networks.existing - before


def test_environment_can_give_its_network_back(observed: Observed) -> None:
    """An ended environment has its network taken down."""
    assert tuple(observed[network_count]) == (1, 0)


@scenarios
def frozen(world: World) -> object:
    """States of the function's processes while it runs and afterwards, and what a thread did meanwhile."""
    source = """
        import os, subprocess, threading

        beats, child = 0, None

        def beat():
            global beats
            while True:
                beats += 1

        def handler(event, context):
            global child
            if child is None:
                child = subprocess.Popen(["sleep", "600"])
                threading.Thread(target=beat, daemon=True).start()
            before = beats
            while beats <= before:
                pass
            return [os.getpid(), child.poll()]
    """
    beating = function(source, name="beating")
    first = world.answer(beating)
    [guardian] = [one for one in psutil.Process().children(recursive=True) if _runs_sleep(one)]
    inside = guardian.children(recursive=True)
    eventually(lambda: {one.status() for one in inside} == {psutil.STATUS_STOPPED}, 10, "all of it is stopped")
    used = inside[0].cpu_times()
    again = world.answer(beating)
    eventually(lambda: {one.status() for one in inside} == {psutil.STATUS_STOPPED}, 10, "and once more")
    return len(inside), first == again, inside[0].cpu_times() > used, world.answer(beating) == first


NOISY = """
    import os, signal, subprocess

    child = None

    def handler(event, context):
        global child
        if child is None:
            child = os.fork()
            if child == 0:
                subprocess.Popen(["sleep", "600"])
                for _ in range(4):
                    os.fork()
                while True:
                    for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGCHLD, signal.SIGINT):
                        os.kill(1, number)
        while sum(name.isdigit() for name in os.listdir("/proc")) < 19:
            pass  # it may be frozen as soon as it has answered
        return child
"""


@scenarios
def noisy(world: World) -> object:
    """States of the processes of a function that keeps signalling its sandbox's first process."""
    noisy = function(NOISY, name="noisy", timeout=60.0)
    answers = [world.answer(noisy) for _ in range(6)]  # each tells the first process to go on and to stop
    [guardian] = [one for one in psutil.Process().children(recursive=True) if _runs_sleep(one, 18)]
    inside = guardian.children(recursive=True)
    eventually(lambda: {one.status() for one in inside} == {psutil.STATUS_STOPPED}, 10, "all of it is stopped")
    return len(set(answers)), len(inside)


def test_function_cannot_stay_awake_by_signals_to_its_guardian(observed: Observed) -> None:
    """What the service asks of the sandbox's first process is neither lost among signals nor forged by them."""
    assert list(observed[noisy]) == [1, 18]


def _runs_sleep(process: psutil.Process, processes: int = 2) -> bool:
    """Whether it is the first process of the sandbox with a `sleep` in it."""
    names = [child.name() for child in process.children(recursive=True)]
    return names.count("sleep") == 1 and len(names) == processes


def test_function_cannot_run_between_its_invocations(observed: Observed) -> None:
    """Its threads and processes are frozen ("Lambda execution environment lifecycle"), and go on with the next."""
    assert list(observed[frozen]) == [2, True, True, True]


def test_environment_cannot_live_for_ever() -> None:
    """Lambda ends environments every few hours, however busy they are kept."""

    def scenario() -> list[int]:
        counter = function(COUNTER, name="old")
        with runtime(Limits(life=-1.0)) as world:
            return [world.answer(counter)[1] for _ in range(2)]

    assert in_private_world(scenario) == [1, 1]


@scenarios
def quick_eater(world: World) -> object:
    source = "def handler(event, context):\n    return len(bytearray(event << 20))"
    eater = function(source, name="quick-eater", memory_mb=128)
    return as_observed(world.invoke(eater, 150)), world.answer(eater, 1)


def test_function_cannot_exceed_its_memory_for_a_moment(observed: Observed) -> None:
    """However quickly it answers, and the next invocation has a new environment."""
    eaten, next_one = observed[quick_eater]
    assert eaten["payload"]["errorType"] == "Runtime.OutOfMemory"
    assert eaten["payload"]["errorMessage"].endswith("Error: Runtime exited with error: signal: killed")
    assert "\tStatus: error\tError Type: Runtime.OutOfMemory" in eaten["log"]
    assert next_one == 1 << 20
