"""Run one server's program where it sees nothing but itself; this file is the process that starts it.

The program (PostgreSQL's, Valkey's) gets a network namespace that it is handed (or an empty one), its own mount,
PID and IPC namespaces, a root with the system's libraries and its own files read-only and its data directory, and
a user namespace in which it is an unprivileged user, because PostgreSQL refuses to be uid 0. It is PID 1 of its
namespace: when it dies, so do all its children. It dies with this process, and this process with the thread that
started it (prctl(2), PR_SET_PDEATHSIG).
"""

import json
import os
import signal
import struct
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vpclab.localcloud import system_calls
from vpclab.localcloud.bind_mount import bind
from vpclab.localcloud.system_calls import (
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
    MNT_DETACH,
    MOUNT_ATTR_NODEV,
    MOUNT_ATTR_NOSUID,
    MOUNT_ATTR_RDONLY,
    MS_BIND,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_PRIVATE,
    MS_REC,
)


@dataclass(frozen=True, slots=True)
class User:
    """As whom the program runs: a name and a number, which is its group's too."""

    name: str
    number: int


_SYSTEM = ("lib", "lib32", "lib64", "libx32", "usr/lib", "usr/lib32", "usr/lib64", "usr/libx32")
_HOSTS_SETTINGS = ("sys", "sysrq-trigger", "irq", "bus")
_TIME_ZONES = Path("/usr/share/zoneinfo")
_DEVICES = ("null", "zero", "random", "urandom")
_ENVIRONMENT = {"HOME": "/tmp", "LANG": "C", "LC_ALL": "C", "TZ": "UTC"}  # noqa: S108
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP)


def command(  # noqa: PLR0913 - what a sandbox is made of
    argv: list[str],
    *,
    user: User,
    mount_point: Path,
    readable: dict[Path, Path],
    writable: dict[Path, Path],
    network: int | None,
) -> list[str]:
    """Return the command line that runs ``argv`` in a sandbox.

    ``mount_point`` is an empty directory; ``readable`` and ``writable`` map what is there to where the program
    sees it; ``network`` is a descriptor of the network namespace, to be passed on, or None for an empty one.
    """
    request = {
        "argv": argv,
        "user": [user.name, user.number],
        "mount_point": str(mount_point),
        "readable": {str(source): str(target) for source, target in readable.items()},
        "writable": {str(source): str(target) for source, target in writable.items()},
        "network": network,
        "parent": os.getpid(),
    }
    return [sys.executable, "-P", __file__, json.dumps(request)]  # by path: its package imports much more


def main() -> None:
    """Enter the sandbox, start the program, pass signals on to it, end as it ends."""
    request = json.loads(sys.argv[1])
    system_calls.prctl(system_calls.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != request["parent"]:
        sys.exit("the process that started this one is gone")
    if request["network"] is None:
        system_calls.unshare(CLONE_NEWNET)
    else:
        system_calls.setns(request["network"], CLONE_NEWNET)
    system_calls.unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS)
    signal.pthread_sigmask(signal.SIG_BLOCK, _FORWARDED)
    child = os.fork()
    if child == 0:
        try:
            _become(request)
        except OSError as refusal:
            print(f"the sandbox of {request['argv'][0]} cannot be made: {refusal}", file=sys.stderr)  # noqa: T201
            os._exit(1)
    for number in _FORWARDED:
        signal.signal(number, lambda signum, _: os.kill(child, signum))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _FORWARDED)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)


def _become(request: dict[str, object]) -> None:
    """Build the root, give up every privilege, become the program."""
    argv = [str(word) for word in _list(request["argv"])]
    root = Path(str(request["mount_point"]))
    name, number = _list(request["user"])
    _build_root(root, _paths(request["readable"]), _paths(request["writable"]))
    (root / "etc/passwd").write_text(f"{name}:x:{number}:{number}::/tmp:/sbin/nologin\n")
    (root / "etc/group").write_text(f"{name}:x:{number}:\n")
    system_calls.pivot_root(root, root / "tmp")
    os.chdir("/")
    system_calls.umount("/tmp", MNT_DETACH)  # noqa: S108 - there the old root was left
    uid, gid = os.geteuid(), os.getegid()
    with suppress(PermissionError):  # where a user namespace of an ordinary user allows no groups at all
        os.setgroups([])
    system_calls.unshare(CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{number} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{number} {gid} 1")
    system_calls.prctl(system_calls.PR_SET_NO_NEW_PRIVS, 1)
    system_calls.prctl(system_calls.PR_SET_PDEATHSIG, signal.SIGKILL)
    os.umask(0o077)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    environment = {**_ENVIRONMENT, "PATH": str(Path(argv[0]).parent)}
    os.execve(argv[0], argv, environment)  # noqa: S606 - an argument list, no shell


def _build_root(root: Path, readable: dict[Path, Path], writable: dict[Path, Path]) -> None:
    system_calls.mount("none", "/", "", MS_REC | MS_PRIVATE)
    system_calls.mount("server", root, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=16m")
    for name in ("dev/shm", "proc", "tmp", "etc", "usr", "run"):
        (root / name).mkdir(parents=True)
    for name in _SYSTEM:
        source = Path("/") / name
        if source.is_symlink():
            (root / name).symlink_to(source.readlink())
        elif source.is_dir():
            bind(source, root / name)
            _make_read_only(root / name)
    _give_time_zones(root)
    for source, target in readable.items():
        bind(source, root / target.relative_to("/"))
        _make_read_only(root / target.relative_to("/"))
    for source, target in writable.items():
        bind(source, root / target.relative_to("/"))
    for device in _DEVICES:
        (root / "dev" / device).touch()
        system_calls.mount(f"/dev/{device}", root / "dev" / device, "", MS_BIND)
    system_calls.mount("shm", root / "dev/shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777,size=64m")
    system_calls.mount("proc", root / "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    for name in _HOSTS_SETTINGS:  # where root started the local cloud, they have the program's uid, so its owner's
        if (root / "proc" / name).exists():
            bind(root / "proc" / name, root / "proc" / name)
            _make_read_only(root / "proc" / name)


def _give_time_zones(root: Path) -> None:
    """The system's time zones, which PostgreSQL needs; where it has none, UTC alone (RFC 9636)."""
    target = root / _TIME_ZONES.relative_to("/")
    if _TIME_ZONES.is_dir():
        bind(_TIME_ZONES, target)
        _make_read_only(target)
        return
    target.mkdir(parents=True)
    (target / "UTC").write_bytes(b"TZif" + bytes(16) + struct.pack(">6I", 0, 0, 0, 0, 1, 4) + bytes(6) + b"UTC\0")


def _make_read_only(mount_point: Path) -> None:
    try:
        system_calls.mount_setattr(mount_point, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)
    except OSError as refusal:
        number = refusal.errno or 0
        text = f"mount_setattr {mount_point} (Linux 5.12 or newer): {os.strerror(number)}"
        raise OSError(number, text) from refusal


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _paths(value: object) -> dict[Path, Path]:
    return {Path(source): Path(target) for source, target in value.items()} if isinstance(value, dict) else {}


if __name__ == "__main__":
    main()
