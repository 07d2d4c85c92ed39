"""A process tree that the host cannot be reached from, and that the kernel ends with its first process.

The daemon (and each kernel test) runs inside one: new user, mount, PID, IPC, UTS and network namespaces. The
first process inside is PID 1 of its PID namespace, so that killing it, however rudely, ends every process in
it; the network namespaces, mounts and rules that those processes held go with them.

An ordinary user gets its own uid mapped to 0 inside. Root gets the whole range, so that programs which refuse
uid 0 can have another. Either way the process keeps no capability over the host.
"""

import ctypes
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

from vpclab.localcloud import system_calls
from vpclab.localcloud.system_calls import (
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
)

EVERYTHING = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET

T = TypeVar("T")


class PrivateWorldError(Exception):
    """The kernel did not give the namespaces that the local cloud lives in. The text says what to change."""


def spawn(main: Callable[[], None]) -> int:
    """Run ``main`` as PID 1 of a new private world; return its pid as the caller sees it.

    The caller must be single-threaded. File descriptors are inherited: a socket bound before stays bound in the
    host's network. The new process exits with 0 when ``main`` returns, with 1 after an exception.

    Raises:
        PrivateWorldError: a namespace or the file system /proc was refused.
    """
    ready_read, ready_write = os.pipe()
    mapped_read, mapped_write = os.pipe()
    middle = os.fork()
    if middle == 0:
        os.close(ready_read)
        os.close(mapped_write)
        _become_parent_of_first(main, ready_write, mapped_read)
    os.close(ready_write)
    os.close(mapped_read)
    with os.fdopen(ready_read) as answers:
        outcome = answers.readline()
        if outcome == "unshared\n":
            try:
                _map_identities(middle)
            except OSError as refusal:
                os.close(mapped_write)
                os.waitpid(middle, 0)
                raise PrivateWorldError(f"mapping the user into a new user namespace failed: {refusal}") from None
            os.write(mapped_write, b"mapped")
            outcome = answers.readline()
    os.close(mapped_write)
    os.waitpid(middle, 0)
    answer = json.loads(outcome or '{"error": "the new process died before it said why"}')
    if "error" in answer:
        raise PrivateWorldError(answer["error"])
    return int(answer["pid"])


def run(scenario: Callable[[], T], seconds: float = 120.0) -> T:
    """Run ``scenario`` in a private world of its own and return what it returned (it must be picklable).

    For tests and checks: the world ends when the scenario does, or after ``seconds``.

    Raises:
        PrivateWorldError: with the scenario's traceback, when it raised or did not end in time.
    """
    import pickle  # noqa: PLC0415 - only checks need it
    import select  # noqa: PLC0415

    read, write = os.pipe()

    def main() -> None:
        os.close(read)
        answer: tuple[bool, object]
        try:
            answer = (True, scenario())
        except BaseException:  # noqa: BLE001 - it crosses a process boundary as text
            answer = (False, traceback.format_exc())
        with os.fdopen(write, "wb") as pipe:
            pickle.dump(answer, pipe)

    pid = spawn(main)
    os.close(write)
    chunks: list[bytes] = []
    with os.fdopen(read, "rb", buffering=0) as pipe:
        while True:
            if not select.select([pipe], [], [], seconds)[0]:
                os.kill(pid, signal.SIGKILL)
                raise PrivateWorldError(f"the scenario said nothing for {seconds} s and was ended")
            chunk = pipe.read(65536)
            if not chunk:
                break
            chunks.append(chunk)
    if not chunks:
        raise PrivateWorldError("the scenario's process died without an answer")
    succeeded, answer = pickle.loads(b"".join(chunks))  # noqa: S301 - our own child wrote it
    if not succeeded:
        raise PrivateWorldError(f"the scenario raised:\n{answer}")
    return cast("T", answer)


def _become_parent_of_first(main: Callable[[], None], ready: int, mapped: int) -> None:
    """Enter the namespaces, have the identities mapped, and fork what becomes PID 1."""
    try:
        # A process that changed its uid is not dumpable; its /proc files are root's, its maps could not be set.
        system_calls.prctl(system_calls.PR_SET_DUMPABLE, 1)
        system_calls.unshare(EVERYTHING)
    except OSError as refusal:
        _say(ready, {"error": _remedy(refusal)})
        os._exit(1)
    os.write(ready, b"unshared\n")
    if os.read(mapped, 6) != b"mapped":
        os._exit(1)
    first = os.fork()
    if first == 0:
        os.close(mapped)
        _be_first(main, ready)
    os._exit(0)


def _be_first(main: Callable[[], None], ready: int) -> None:
    try:
        os.setresgid(0, 0, 0)
        os.setresuid(0, 0, 0)
        own = int(
            Path("/proc/self").readlink().name
        )  # the host's /proc still stands: this is our pid as the host sees it
        system_calls.mount("none", "/", "", system_calls.MS_REC | system_calls.MS_PRIVATE)
        system_calls.mount("proc", "/proc", "proc", system_calls.MS_NOSUID | system_calls.MS_NODEV)
        ctypes.CDLL(None).sethostname(b"vpclab", 6)
    except OSError as refusal:
        _say(ready, {"error": f"the new namespaces are there, but not usable: {refusal}"})
        os._exit(1)
    _say(ready, {"pid": own})
    os.close(ready)
    try:
        main()
    except BaseException:  # noqa: BLE001 - the last resort of a process: its log
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def _map_identities(pid: int) -> None:
    process = Path("/proc") / str(pid)
    if os.geteuid() == 0:
        identities = Path("/proc/self/uid_map").read_text().split()
        whole = f"0 0 {identities[2] if identities[0] == '0' else 1}"
        (process / "uid_map").write_text(whole)
        groups = Path("/proc/self/gid_map").read_text().split()
        (process / "gid_map").write_text(f"0 0 {groups[2] if groups[0] == '0' else 1}")
        return
    (process / "setgroups").write_text("deny")
    (process / "uid_map").write_text(f"0 {os.geteuid()} 1")
    (process / "gid_map").write_text(f"0 {os.getegid()} 1")


def _remedy(refusal: OSError) -> str:
    return (
        f"the kernel refused new namespaces ({refusal}). As an ordinary user the local cloud needs unprivileged "
        "user namespaces: `sysctl user.max_user_namespaces` must not be 0, and on Ubuntu 24.04 and newer "
        "`sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0` allows them; or run as root."
    )


def _say(fd: int, answer: dict[str, object]) -> None:
    os.write(fd, json.dumps(answer).encode() + b"\n")
