"""What a function can see and do in its sandbox, by trying, in a world made by root and by an ordinary user."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.lambda_world import Observed, Scenarios, World, function

scenarios = Scenarios()

TEMPORARY = "/tmp"  # noqa: S108 - the function's own

SHELL = """
    import subprocess

    def handler(event, context):
        done = subprocess.run(["/bin/sh", "-c", event], capture_output=True, text=True, timeout=60)
        return [done.returncode, done.stdout, done.stderr]
"""


@pytest.fixture(scope="module", params=["as root", "as an ordinary user"])
def observed(request: pytest.FixtureRequest) -> Iterator[Observed]:
    os.environ["HOST_SECRET"] = "not for functions"
    try:
        yield scenarios.run(rootless=request.param == "as an ordinary user")
    finally:
        del os.environ["HOST_SECRET"]


def shell(world: World, command: str, name: str = "shell") -> Any:  # noqa: ANN401 - JSON
    return world.answer(function(SHELL, name=name), command)


@scenarios
def listed_roots(world: World) -> object:
    folders = ("/", "/root", "/mnt", TEMPORARY, "/opt", "/var", "/home")
    return {folder: shell(world, f"ls -A {folder}")[1].split() for folder in folders}


def test_function_cannot_see_files_of_the_host(observed: Observed) -> None:
    """A function's root has its own files, the interpreter and the system's programs, and nothing else."""
    roots = observed[listed_roots]
    allowed = {"bin", "dev", "etc", "lib", "lib32", "lib64", "libx32", "mnt", "opt", "proc", "root", "sbin", "tmp"}
    assert set(roots["/"]) <= allowed | {"usr", "var"}
    assert roots["/root"] == roots["/mnt"] == roots[TEMPORARY] == roots["/opt"] == roots["/home"] == []
    assert sorted(roots["/var"]) == ["lang", "runtime", "task"]


@scenarios
def looked_for_project(world: World) -> object:
    return shell(world, f"ls {Path(__file__).parents[2]}; python3 -c 'import vpclab'")


def test_function_cannot_see_the_project(observed: Observed) -> None:
    """Neither the project's directory nor its modules exist for a function."""
    status, output, complaint = observed[looked_for_project]
    assert status != 0
    assert output == ""
    assert "No module named 'vpclab'" in complaint


@scenarios
def imported(world: World) -> object:
    source = """
        import importlib.util

        def handler(event, context):
            return [name for name in event if importlib.util.find_spec(name)]
    """
    return world.answer(
        function(source), ["boto3", "botocore", "urllib3", "moto", "pulumi", "rich", "pip", "vpclab"]
    )


def test_function_can_import_the_sdk_alone(observed: Observed) -> None:
    """A managed runtime has the SDK installed and no other package ("Runtime-included SDK")."""
    assert observed[imported] == ["boto3", "botocore", "urllib3"]


@scenarios
def other_function(world: World) -> object:
    shell(world, "echo secret > /tmp/kept", name="first")
    return shell(world, "ls /tmp", name="first")[1], shell(world, "ls /tmp", name="second")[1]


def test_function_cannot_see_files_of_another_function(observed: Observed) -> None:
    """Its temporary directory is an environment's own, and is still there for its next invocation."""
    assert tuple(observed[other_function]) == ("kept\n", "")


@scenarios
def writes(world: World) -> object:
    places = ("/var/task", "/var/runtime", "/var/lang", "/etc", "/usr/bin", "/dev/shm", "/opt", "/")  # noqa: S108 - it must fail
    attempts = {place: shell(world, f"touch {place}/written")[0] for place in places}
    overwrites = (
        "chmod u+w /etc/resolv.conf /var/task/app.py; echo x >> /etc/resolv.conf; echo x >> /var/task/app.py"
    )
    return attempts, shell(world, f"{overwrites}; cat /etc/resolv.conf; tail -1 /var/task/app.py")[1]


def test_function_cannot_write_outside_its_temporary_directory(observed: Observed) -> None:
    """The file system is read-only except for /tmp."""
    attempts, read_back = observed[writes]
    assert all(status != 0 for status in attempts.values()), attempts
    assert "x\n" not in read_back


@scenarios
def found_writable(world: World) -> object:
    return shell(world, "find / -path /proc -prune -o ! -type l -writable -print")[1].split()


def test_function_can_write_to_harmless_places_alone(observed: Observed) -> None:
    """All that a function may open for writing are its /tmp and devices that keep nothing."""
    assert sorted(observed[found_writable]) == [
        "/dev/full",
        "/dev/null",
        "/dev/random",
        "/dev/urandom",
        "/dev/zero",
        TEMPORARY,
    ]


@scenarios
def privileges(world: World) -> object:
    status = shell(world, "cat /proc/self/status")[1].splitlines()
    fields = dict(line.split(":\t", 1) for line in status if ":\t" in line)
    return {name: fields[name] for name in fields if name.startswith(("Cap", "Uid", "Gid", "NoNewPrivs"))}


def test_function_cannot_hold_privileges(observed: Observed) -> None:
    """A function runs as sbx_user1051 (993), without a capability and without the means to gain one."""
    found = observed[privileges]
    assert {value for name, value in found.items() if name.startswith("Cap")} == {"0000000000000000"}
    assert found["Uid"].split() == found["Gid"].split() == ["993"] * 4
    assert found["NoNewPrivs"] == "1"


@scenarios
def escapes(world: World) -> object:
    attempts = ("unshare -U true", "unshare -n true", "unshare -m true", "umount /proc", "mount -t tmpfs x /tmp")
    return {attempt: shell(world, attempt)[0] for attempt in (*attempts, "chroot / true", "nsenter -t 1 -m true")}


def test_function_cannot_make_or_enter_namespaces(observed: Observed) -> None:
    """No namespace, mount or root can be changed from inside."""
    assert all(status != 0 for status in observed[escapes].values()), observed[escapes]


@scenarios
def processes(world: World) -> object:
    return shell(
        world, "ls /proc | grep '^[0-9]' | wc -l; cat /proc/*/cmdline | tr '\\0' ' '; cat /proc/1/environ"
    )


def test_function_cannot_see_processes_of_others(observed: Observed) -> None:
    """A function sees its sandbox's processes: their number is small, and none is the cloud's."""
    _, output, _ = observed[processes]
    assert int(output.split()[0]) < 10
    assert "vpclab" not in output


@scenarios
def variables(world: World) -> object:
    source = """
        import os

        def handler(event, context):
            initial = open("/proc/self/environ").read().split("\\0")
            return sorted(os.environ), [line.partition("=")[0] for line in initial if line]
    """
    return world.answer(function(source, environment={"OWN": "1", "AWS_ACCESS_KEY_ID": "ASIA"}))


def test_function_cannot_see_variables_of_the_host(observed: Observed) -> None:
    """The environment has the variables that Lambda defines, the function's own, and nothing else."""
    current, initial = observed[variables]
    assert {"OWN", "AWS_ACCESS_KEY_ID", "AWS_REGION", "_HANDLER", "LAMBDA_TASK_ROOT"} <= set(current)
    assert "HOST_SECRET" not in current
    assert "HOME" not in current
    assert set(initial) == {"PATH", "LD_LIBRARY_PATH", "LANG", "TZ", "AWS_LAMBDA_RUNTIME_API"}


@scenarios
def descriptors(world: World) -> object:
    source = """
        import os

        inherited = {fd: os.readlink(f"/proc/self/fd/{fd}").partition(":")[0] for fd in range(0, 20)
                     if os.path.exists(f"/proc/self/fd/{fd}") or os.path.islink(f"/proc/self/fd/{fd}")}

        def handler(event, context):
            return inherited
    """
    return world.answer(function(source))


def test_function_cannot_inherit_descriptors(observed: Observed) -> None:
    """Before its first invocation a function holds standard input, its output and the log's pipe."""
    assert observed[descriptors] == {"0": "/dev/null", "1": "pipe", "2": "pipe", "3": "pipe"}


@scenarios
def opened_sockets(world: World) -> object:
    source = """
        import ctypes, errno, socket

        def handler(event, context):
            outcomes = {}
            for family in event:
                try:
                    socket.socket(family, socket.SOCK_STREAM if family < 16 else socket.SOCK_RAW).close()
                    outcomes[family] = "opened"
                except OSError as error:
                    outcomes[family] = errno.errorcode[error.errno]
            libc = ctypes.CDLL(None, use_errno=True)
            io_uring_setup = libc.syscall(425, 1, ctypes.create_string_buffer(120))
            return [outcomes, io_uring_setup, errno.errorcode[ctypes.get_errno()]]
    """
    return world.answer(function(source), list(range(1, 46)))


def test_function_cannot_open_sockets_that_no_namespace_holds(observed: Observed) -> None:
    """IP, Unix and netlink sockets are the network namespace's; AF_VSOCK and the like would lead around it."""
    outcomes, io_uring_setup, reason = observed[opened_sockets]
    namespaced = {"1", "2", "10", "16"}
    assert {family for family, outcome in outcomes.items() if outcome == "opened"} == namespaced
    assert outcomes["17"] == "EPERM"  # AF_PACKET
    assert {outcomes[family] for family in outcomes.keys() - namespaced - {"17"}} == {"EAFNOSUPPORT"}
    assert (io_uring_setup, reason) == (-1, "ENOSYS")


@scenarios
def sacrificed(world: World) -> object:
    return shell(world, "cat /proc/self/oom_score_adj")[1].strip()


def test_function_can_be_the_first_to_go_when_memory_runs_out(observed: Observed) -> None:
    """The kernel ends its processes before the cloud's, or anybody else's."""
    assert observed[sacrificed] == "1000"


@scenarios
def traced(world: World) -> object:
    source = """
        import ctypes, os

        def handler(event, context):
            libc = ctypes.CDLL(None, use_errno=True)
            attached = libc.ptrace(16, 1, 0, 0)
            os.kill(1, 9)
            return attached
    """
    tracer = function(source)
    return world.answer(tracer), world.answer(tracer)


def test_function_cannot_touch_its_guardian(observed: Observed) -> None:
    """The first process of the sandbox can be neither traced nor killed by the function."""
    assert list(observed[traced]) == [-1, -1]


@scenarios
def limits(world: World) -> object:
    source = """
        import resource

        def handler(event, context):
            return [resource.getrlimit(getattr(resource, f"RLIMIT_{name}")) for name in event]
    """
    return world.answer(function(source), ["NOFILE", "NPROC", "CORE"])


def test_function_cannot_exceed_documented_limits(observed: Observed) -> None:
    """1,024 file descriptors, 1,024 processes and threads ("Lambda quotas"), and no core dumps."""
    assert observed[limits] == [[1024, 1024], [1024, 1024], [0, 0]]


@scenarios
def filled(world: World) -> object:
    return shell(world, "dd if=/dev/zero of=/tmp/full bs=1M count=600 2>/dev/null; stat -c %s /tmp/full")


def test_function_cannot_store_more_than_its_ephemeral_storage(observed: Observed) -> None:
    """The temporary directory holds as much as the function is configured with, 512 MB unless said."""
    assert int(observed[filled][1]) == 512 * 1024 * 1024


@scenarios
def resolver(world: World) -> object:
    return shell(world, "cat /etc/resolv.conf; hostname")[1]


def test_function_can_read_its_name_servers(observed: Observed) -> None:
    """resolv.conf names the resolver of the network that the environment is attached to."""
    assert observed[resolver].startswith("nameserver 169.254.169.253\n")


@scenarios
def shared_memory(world: World) -> object:
    source = """
        import ctypes

        def handler(event, context):
            return ctypes.CDLL(None).shmget(0x1A3B, 4096, event) >= 0
    """
    may_make = 0o1666
    made = world.answer(function(source, name="first"), may_make)
    return made, world.answer(function(source, name="first"), 0), world.answer(function(source, name="second"), 0)


def test_function_cannot_share_memory_with_another(observed: Observed) -> None:
    """System V shared memory is an environment's own."""
    assert list(observed[shared_memory]) == [True, True, False]
