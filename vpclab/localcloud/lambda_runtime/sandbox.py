"""The life of one sandbox, in the process that the fork server forked: PID 1 of a PID namespace of its own.

It enters the environment's network, makes the root file system private, gives up every privilege, and forks the
function's process, whose end it reports. A function's process is never PID 1 itself, because the kernel shields
that one from its own signals; and when PID 1 ends, the kernel ends whatever the function left running.
"""

import contextlib
import ctypes
import hashlib
import json
import os
import select
import signal
import sys
from pathlib import Path

from vpclab.localcloud import system_calls
from vpclab.localcloud.lambda_runtime import function_process, privileges, system_call_filter
from vpclab.localcloud.lambda_runtime.root_file_system import CODE, RESOLVER_FILES, RESOLVER_FILES_TO_BIND, SERVICE
from vpclab.localcloud.lambda_runtime.sandbox_request import FREEZE, SandboxRequest
from vpclab.localcloud.system_calls import (
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWUTS,
    MNT_DETACH,
    MS_BIND,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    PR_SET_DUMPABLE,
    PR_SET_PDEATHSIG,
)

_SIGKILL = 9
_FILES_PER_MB = 64  # what ext4 has: a file's name and attributes take the kernel's memory, not the file system's
_TOLD_BYTES = 4096


def run(request: SandboxRequest, descriptors: list[int]) -> None:
    """Be the sandbox's first process; never return."""
    network, output, telemetry, status, told, *cgroups = descriptors
    try:
        for cgroup in cgroups:  # before anything is allocated that the function could have a hand in
            os.write(cgroup, b"0")
        system_calls.prctl(PR_SET_PDEATHSIG, _SIGKILL)
        os.setsid()  # the scheduler weighs sessions against each other (sched(7), autogroup), not processes
        _enter(request, network)
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
        function = os.fork()
    except Exception as refusal:  # noqa: BLE001 - nothing may return from here into the fork server's loop
        _report(status, {"error": f"the sandbox of the function could not be made: {refusal}"})
        os._exit(1)
    if function == 0:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        function_process.run(request, output, telemetry)
    system_calls.prctl(PR_SET_DUMPABLE, 0)  # the function runs as the same user and must not trace this process
    system_calls.prctl(PR_SET_PDEATHSIG, _SIGKILL)  # giving up privileges has cleared it
    told = os.dup(told)  # the lowest that is free is above those that are now replaced
    os.dup2(status, 0)
    os.dup2(told, 1)
    os.closerange(2, 1024)
    wake = _wake_up_for_children(mask)
    _report(0, {"wait_status": _watch(function, 1, wake)})
    os._exit(0)


def _wake_up_for_children(mask: set[int | signal.Signals]) -> int:
    """Have the end of a child, and whatever else has a handler, make the returned descriptor readable."""
    wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    return wake_read


def _watch(function: int, told: int, wake: int) -> int:
    """Reap, freeze and thaw until the function's process has ended; return how, as of waitpid(2).

    kill(-1) reaches all processes of the namespace but this one, and none that is being forked escapes it.
    """
    waiting = select.poll()
    for fd in (told, wake):
        waiting.register(fd, select.POLLIN)
    while True:
        ready = dict(waiting.poll())
        if told in ready:
            words = os.read(told, _TOLD_BYTES)
            if not words:
                os._exit(1)  # nobody is left to tell
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, signal.SIGSTOP if words[-1:] == FREEZE else signal.SIGCONT)
        if wake in ready:
            os.read(wake, _TOLD_BYTES)
        while (reaped := _reap()) is not None:  # orphans are adopted here
            if reaped[0] == function:
                return reaped[1]


def _reap() -> tuple[int, int] | None:
    try:
        ended, wait_status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    return (ended, wait_status) if ended else None


def _enter(request: SandboxRequest, network: int) -> None:
    system_calls.setns(network, CLONE_NEWNET)
    system_calls.unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS)
    hostname = request.hostname.encode()
    ctypes.CDLL(None).sethostname(hostname, len(hostname))
    system_calls.mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    files = request.ephemeral_storage_mb * _FILES_PER_MB
    room = f"mode=1777,size={request.ephemeral_storage_mb}m,nr_inodes={files}"
    system_calls.mount("tmp", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, room)  # noqa: S108 - the sandbox's own
    system_calls.mount(str(CODE / request.code), "/var/task", "", MS_BIND)  # as read-only as what it is bound from
    if request.layers:
        system_calls.mount(str(CODE / request.layers), "/opt", "", MS_BIND)
    system_calls.mount(str(_resolver_file(request.nameservers)), "/etc/resolv.conf", "", MS_BIND)
    system_calls.umount(SERVICE, MNT_DETACH)
    privileges.leave_keyrings()
    shares_memory = privileges.bound_shared_memory(request.memory_mb)
    privileges.become_sandbox_user()
    privileges.limit_resources(request.memory_mb, request.ephemeral_storage_mb)
    privileges.renounce()
    system_call_filter.deny_the_unbounded(shared_memory=not shares_memory)


def _resolver_file(nameservers: tuple[str, ...]) -> Path:
    text = "".join(f"nameserver {address}\n" for address in nameservers) + "options timeout:2 attempts:2\n"
    name = hashlib.sha256(text.encode()).hexdigest()
    path = RESOLVER_FILES / name
    if not path.exists():
        path.write_text(text)
        path.chmod(0o444)
    return RESOLVER_FILES_TO_BIND / name


def _report(status: int, message: dict[str, object]) -> None:
    sys.stdout.flush()
    os.write(status, json.dumps(message).encode() + b"\n")
