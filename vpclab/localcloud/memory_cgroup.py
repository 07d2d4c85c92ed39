"""Cgroups that bound what execution environments hold in memory: cgroups(7), of version 2 or 1.

A cgroup charges whoever first touches a page, whether a process maps it or not: buffers of pipes and sockets and
the kernel's own structures count, which no file of a process in /proc shows. The cloud has one group, made before
it enters its private world, and one in it for each environment.

The kernel ends processes, namespaces and mounts with their holder, but no cgroup. So the cloud's holds a lock for
as long as one of its processes lives; ``guard`` removes it when they have ended, however that was, and should the
guardian be gone too, the next cloud removes what nobody has locked.
"""

import contextlib
import errno
import fcntl
import os
import select
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from vpclab.localcloud import memory_cgroup_place
from vpclab.localcloud.kernel_file import KernelFile
from vpclab.localcloud.memory_cgroup_place import MemoryCgroupError, Place, Version

PREFIX = "vpclab-"
REMOVAL_SECONDS = 10.0
WITHOUT = "looking ten times a second"
REMEDY = (
    "to have it, start the local cloud as root, or in a cgroup of your own: "
    "`systemd-run --user --scope -p Delegate=yes vpclab cloud start`"
)
_MEBIBYTE = 1024 * 1024
_PAUSE_SECONDS = 0.01
_PROCESSES = "cgroup.procs"


class EnvironmentCgroup:
    """What one environment may hold: its memory, and its temporary files, which are memory here but not on AWS."""

    def __init__(self, directory: Path, version: Version, memory_mb: int, temporary_mb: int) -> None:
        self._directory = directory
        self._version = version
        most = (memory_mb + temporary_mb) * _MEBIBYTE
        if version.number == 1:
            _write(directory / version.usage.replace("usage", "limit"), most)
            optional = {
                "memory.memsw.limit_in_bytes": most,
                "memory.kmem.tcp.limit_in_bytes": memory_mb * _MEBIBYTE,
            }
        else:
            _write(directory / "memory.max", most)
            optional = {"memory.swap.max": 0, "memory.oom.group": 1}
        for name, value in optional.items():
            with contextlib.suppress(OSError):  # a kernel without swap, or without accounting for it
                _write(directory / name, value)
        self._usage = KernelFile(directory / version.usage)
        self._kills = KernelFile(directory / version.kills)
        self.joining = os.open(directory / _PROCESSES, os.O_WRONLY | os.O_CLOEXEC)
        """Who writes 0 to this descriptor is in the group from then on, with all its descendants."""

    def held_mb(self, beyond: int = 0) -> int:
        """MiB that the environment holds now, but for its temporary files and what was read from files.

        0 where they are no more than ``beyond``: how much of it is files takes the kernel longer to tell.
        """
        with contextlib.suppress(OSError):
            usage = int(self._usage.read())
            if usage > beyond * _MEBIBYTE:
                with contextlib.closing(KernelFile(self._directory / "memory.stat")) as parts:
                    return max(0, -(-(usage - parts.number(self._version.cache.encode())) // _MEBIBYTE))
        return 0

    def processes(self) -> int:
        """How many processes are in it now, or many; 0: nobody can tell."""
        list_of = self._directory / _PROCESSES  # opened anew: version 1 repeats an old list to who keeps it open
        with contextlib.suppress(OSError), contextlib.closing(KernelFile(list_of)) as file:
            return len(file.read().splitlines())
        return 0

    def has_killed(self) -> bool:
        """Whether the kernel has ended a process because the environment held too much."""
        with contextlib.suppress(OSError):
            return self._kills.number(b"oom_kill") > 0
        return False

    def has_joined(self) -> None:
        """Let go of ``joining``: who was to join has a descriptor of its own."""
        if self.joining >= 0:
            os.close(self.joining)
            self.joining = -1

    def close(self) -> None:
        """Let go of all descriptors; the group itself is the cloud's to remove, once its processes have ended."""
        self.has_joined()
        self._usage.close()
        self._kills.close()


@dataclass(slots=True)
class CloudCgroup:
    """The cloud's own group. Any thread may call its methods."""

    directory: Path
    version: Version
    _held: int
    _made: int = 0
    _leaving: list[Path] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def description(self) -> str:
        """For status: what bounds memory."""
        return f"cgroup v{self.version.number}: {self.directory}"

    def environment(self, memory_mb: int, temporary_mb: int) -> EnvironmentCgroup:
        """Make the group of an environment.

        Raises:
            OSError: the kernel refused.
        """
        self.tidy()
        with self._lock:
            self._made += 1
            directory = self.directory / str(self._made)
        directory.mkdir()
        try:
            return EnvironmentCgroup(directory, self.version, memory_mb, temporary_mb)
        except OSError:
            _remove(directory)
            raise

    def leave(self, ended: EnvironmentCgroup) -> None:
        """Remove the group of an environment that is being killed: now, or when its processes have ended."""
        directory = ended._directory  # noqa: SLF001 - both are this file's
        ended.close()
        if not _remove(directory):
            with self._lock:
                self._leaving.append(directory)

    def tidy(self) -> None:
        """Remove the groups of environments whose processes have ended meanwhile."""
        with self._lock:
            self._leaving = [one for one in self._leaving if not _remove(one)]

    def close(self) -> None:
        """Remove everything, waiting for processes that are ending."""
        _remove_in_time(self.directory)
        if self._held >= 0:
            os.close(self._held)
            self._held = -1


def make(place: Place | None = None) -> CloudCgroup:
    """Make a cloud's group, after removing those that clouds have left which are no more.

    Raises:
        MemoryCgroupError: this process may not, or the kernel has no such controller.
    """
    place = place or memory_cgroup_place.find()
    _sweep(place.directory)
    try:
        held = None
        while held is None:
            directory = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place.directory))
            held = _locked(directory)
        group = CloudCgroup(directory, place.version, held)
        if place.version.number > 1:
            try:
                (directory / "cgroup.subtree_control").write_text("+memory")
            except OSError:
                group.close()
                raise
    except OSError as refusal:
        raise MemoryCgroupError(f"{place.directory} takes no cgroup: {refusal.strerror}") from None
    return group


def guard(pid: int, group: CloudCgroup) -> None:
    """Fork a process that waits for ``pid`` to end, whoever ends it, and then removes the group.

    The caller must be single-threaded and outside of the private world.
    """
    if os.fork() != 0:
        return
    status = 1
    try:
        waiting = select.poll()
        try:
            first = os.pidfd_open(pid)
        except ProcessLookupError:
            first = -1
        os.closerange(0, max(first, 0))
        # The API's socket, the pipe of answers, the lock: none must outlive the cloud.
        os.closerange(first + 1, 4096)
        if first >= 0:
            waiting.register(first, select.POLLIN)
            waiting.poll()
        _remove_in_time(group.directory)
        status = 0
    finally:
        os._exit(status)


def _locked(directory: Path) -> int | None:
    """Return a descriptor that holds the group's lock; None: another start has removed it, taking it for left."""
    try:
        held = os.open(directory, os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    fcntl.flock(held, fcntl.LOCK_EX)
    if directory.exists():
        return held
    os.close(held)
    return None


def _sweep(place: Path) -> None:
    for one in place.glob(f"{PREFIX}*"):
        if "." in one.name:  # a unit of systemd's, as tempfile gives no such name
            continue
        with contextlib.suppress(OSError):
            fd = os.open(one, os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(one)
            finally:
                os.close(fd)


def _remove_in_time(directory: Path) -> None:
    deadline = time.monotonic() + REMOVAL_SECONDS
    while not _remove(directory) and time.monotonic() < deadline:
        time.sleep(_PAUSE_SECONDS)  # the kernel tells nobody when the last process has left


def _remove(directory: Path) -> bool:
    """Remove a group with those in it; whether nothing is left of it."""
    try:
        removed = [_remove(one) for one in directory.iterdir() if one.is_dir()]
        if not all(removed):
            return False
        directory.rmdir()
    except OSError as refusal:
        return refusal.errno in (errno.ENOENT, errno.ENODEV)
    return True


def _write(file: Path, value: int) -> None:
    file.write_text(str(value))
