"""What bounds the memory of a function where cgroups can be had, and what is left of them."""

import json
import os
import re
import signal
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from unittest import mock

import psutil
import pytest

from tests.deadline import eventually
from tests.integration.lambda_world import T, World, function, in_private_world, runtime
from vpclab.localcloud import daemon, memory_cgroup, memory_cgroup_place
from vpclab.localcloud.lambda_runtime import sandbox_memory
from vpclab.localcloud.memory_cgroup import CloudCgroup, EnvironmentCgroup
from vpclab.localcloud.memory_cgroup_place import MemoryCgroupError, Place

ATTACKS = Path(__file__).with_name("hostile_function.py").read_text()
SECONDS = 30.0


def place() -> Path | None:
    try:
        return memory_cgroup_place.find().directory
    except MemoryCgroupError:
        return None


pytestmark = pytest.mark.skipif(place() is None, reason="cgroups for memory are not this user's to make")


@pytest.fixture
def cgroups() -> Iterator[CloudCgroup]:
    with closing(memory_cgroup.make()) as made:
        yield made
    assert not made.directory.exists()


def in_world(cgroups: CloudCgroup | None, scenario: Callable[[World], T], *blind: tuple[type | object, str]) -> T:
    """What the scenario returns; ``blind`` are the measurements that tell nothing meanwhile."""

    def inside() -> T:
        with ExitStack() as stack:
            for owner, name in blind:
                stack.enter_context(mock.patch.object(owner, name, return_value=0))
            return scenario(stack.enter_context(runtime(cgroups=cgroups)))

    return in_private_world(inside)


@pytest.mark.parametrize("is_bounded", [True, False], ids=["with a cgroup", "without"])
def test_function_cannot_hide_memory_in_sockets(cgroups: CloudCgroup, *, is_bounded: bool) -> None:
    """Sockets that nobody reads hold several times its memory, which no process has; a cgroup counts it."""
    hostile = function(ATTACKS, memory_mb=128, timeout=30.0)
    payload = in_world(
        cgroups if is_bounded else None, lambda world: world.invoke(hostile, ["memory_in_sockets", 6, 400]).payload
    )
    assert (b"Runtime.OutOfMemory" in payload) is is_bounded
    assert is_bounded or payload == b"true"


@pytest.mark.parametrize("is_bounded", [True, False], ids=["with a cgroup", "without"])
def test_function_cannot_take_memory_between_two_looks(cgroups: CloudCgroup, *, is_bounded: bool) -> None:
    """The kernel itself ends what exceeds memory and temporary files together, were it looked at or not."""
    blind = [(sandbox_memory, "used_mb"), (EnvironmentCgroup, "held_mb")]
    hostile = function(ATTACKS, memory_mb=128, timeout=30.0)

    def scenario(world: World) -> tuple[bytes, str, bytes]:
        payload = world.invoke(hostile, ["memory_of_children", 6, 150]).payload
        return payload, world.logs.text(), world.invoke(hostile, ["store", 1]).payload

    payload, log, next_payload = in_world(cgroups if is_bounded else None, scenario, *blind)
    assert (b"Runtime.OutOfMemory" in payload) is is_bounded
    assert ("Runtime exited with error: signal: killed" in log) is is_bounded
    assert next_payload == b"true"


def test_temporary_files_cannot_count_as_memory(cgroups: CloudCgroup) -> None:
    """A function of 128 MB keeps 400 MB in /tmp, and REPORT does not count them."""
    keeping = function(ATTACKS, memory_mb=128, timeout=30.0)

    def scenario(world: World) -> tuple[bytes, str]:
        return world.invoke(keeping, ["store", 400]).payload, world.logs.text()

    payload, log = in_world(cgroups, scenario)
    assert payload == b"true"
    (used,) = re.findall(r"Max Memory Used: (\d+) MB", log)
    assert 0 < int(used) < 128


def test_environments_cgroup_cannot_outlive_it(cgroups: CloudCgroup) -> None:
    """One for each environment, which ends with it."""
    probe = function("def handler(event, context): return event")

    def scenario(world: World) -> tuple[int, bool]:
        world.answer(probe)
        running = len(groups(cgroups.directory))
        world.runtime.function_changed(probe.function_arn)

        def are_gone() -> bool:
            cgroups.tidy()
            return not groups(cgroups.directory)

        return running, eventually(are_gone, SECONDS, "no group is left")

    assert in_world(cgroups, scenario) == (1, True)


@pytest.mark.parametrize("ending", ["stopped", "first process killed", "daemon killed"])
def test_clouds_cgroup_cannot_outlive_it(tmp_path: Path, ending: str) -> None:
    """However the cloud ends."""
    status = daemon.start(0, tmp_path, lifeline=True)
    with urllib.request.urlopen(f"{status.endpoint}/_vpclab/status") as answer:  # noqa: S310 - our own, over HTTP
        group = Path(json.load(answer)["memory_bound"].partition(": ")[2])
    memory_cgroup.make().close()
    assert group.is_dir(), "the next cloud has taken it for one that was left"
    first = psutil.Process(status.pid)
    if ending == "stopped":
        daemon.stop(tmp_path)
        assert not group.exists()
        return
    victim = first if ending == "first process killed" else first.children()[0]
    victim.kill()
    eventually(lambda: not group.exists(), SECONDS, "the guardian has removed it")


def test_next_cloud_can_remove_what_a_killed_one_and_its_guardian_left(cgroups: CloudCgroup) -> None:
    """The lock of a cloud's group ends with it; one that is locked is another cloud's, and is left alone."""
    place = Place(cgroups.directory, cgroups.version)
    with closing(memory_cgroup.make(place)) as living:
        pid = os.fork()
        if pid == 0:
            memory_cgroup.make(place).environment(128, 512)
            os.kill(os.getpid(), signal.SIGKILL)
        os.waitpid(pid, 0)
        (left,) = groups(cgroups.directory) - {living.directory}
        assert groups(left)
        (foreign := cgroups.directory / f"{memory_cgroup.PREFIX}own.scope").mkdir()
        with closing(memory_cgroup.make(place)) as following:
            assert groups(cgroups.directory) == {living.directory, following.directory, foreign}


def test_clouds_starting_together_cannot_take_each_others_cgroup(
    cgroups: CloudCgroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new group that another start has swept, before it could be locked or while, is made again."""
    place, make = Place(cgroups.directory, cgroups.version), tempfile.mkdtemp
    swept = iter((True, False))

    def make_and_lose(prefix: str, dir: Path) -> str:  # noqa: A002 - tempfile's own name
        made = make(prefix=prefix, dir=dir)
        if next(swept):
            Path(made).rmdir()
        return made

    monkeypatch.setattr(tempfile, "mkdtemp", make_and_lose)
    with closing(memory_cgroup.make(place)) as made:
        assert groups(cgroups.directory) == {made.directory}


def test_cgroup_without_its_bound_cannot_stay(cgroups: CloudCgroup) -> None:
    """The environment is refused, and nothing of it stays."""
    with pytest.raises(OSError, match="Invalid argument"):
        cgroups.environment(-5, 0)
    assert not groups(cgroups.directory)


def groups(parent: Path) -> set[Path]:
    return {one for one in parent.iterdir() if one.is_dir()}


def test_memory_of_one_process_can_be_told_without_looking_for_others(cgroups: CloudCgroup) -> None:
    """/proc is walked, at a hundred system calls, only where the cgroup has more than the function's process."""
    code = "import subprocess as s\ndef handler(event, context): globals()['child'] = event and s.Popen(event)"
    forking = function(code, timeout=30.0)

    def scenario(world: World) -> tuple[bool, bool, list[int]]:
        with mock.patch.object(sandbox_memory, "used_mb", wraps=sandbox_memory.used_mb) as walk:
            world.answer(forking, None)
            walk.reset_mock()
            world.answer(forking, None)
            alone = walk.called
            world.answer(forking, ["sleep", "60"])
            with_child = walk.called
        return (
            alone,
            with_child,
            [int(used) for used in re.findall(r"Max Memory Used: (\d+) MB", world.logs.text())],
        )

    alone, with_child, used = in_world(cgroups, scenario)
    assert (alone, with_child) == (False, True)
    assert len(used) == 3
    assert all(used)
