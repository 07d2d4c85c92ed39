"""Where a cgroup with the memory controller can be made: cgroups(7), of version 2 or 1."""

import os
from dataclasses import dataclass
from pathlib import Path


class MemoryCgroupError(Exception):
    """No cgroup with the memory controller can be made here. The text says why."""


@dataclass(frozen=True, slots=True)
class Version:
    """Of cgroups, by its files. ``cache`` is the line of memory.stat for pages of files, also of tmpfs."""

    number: int
    usage: str
    cache: str
    kills: str


VERSION_1 = Version(1, "memory.usage_in_bytes", "cache", "memory.oom_control")
VERSION_2 = Version(2, "memory.current", "file", "memory.events")


@dataclass(frozen=True, slots=True)
class Place:
    """A directory in which this process may make cgroups that have the memory controller."""

    directory: Path
    version: Version


def find(own: Path = Path("/proc/self/cgroup"), mounts: Path = Path("/proc/self/mountinfo")) -> Place:
    """Return where this process may make cgroups for memory.

    Version 1: in its own. Version 2: in the nearest at or above its own that it may write to and that hands the
    controller on; its own cannot, as it has processes.

    Raises:
        MemoryCgroupError: nowhere.
    """
    memberships = [line.split(":", 2) for line in own.read_text().splitlines()]
    for mount in mounts.read_text().splitlines():
        fields, _, kind = mount.partition(" - ")
        root, point = (Path(one) for one in fields.split()[3:5])
        name, *_, options = kind.split()  # the source, between them, may be empty
        for _, controllers, path in memberships:
            if name == "cgroup" and "memory" in options.split(",") and "memory" in controllers.split(","):
                directory = _seen(path, root, point)
                if os.access(directory, os.W_OK):
                    return Place(directory, VERSION_1)
                raise MemoryCgroupError(f"{directory} is not this user's to write to")
            if name == "cgroup2" and not controllers:
                directory = _seen(path, root, point)
                for one in (directory, *directory.parents):
                    if one.is_relative_to(point) and _hands_memory_on(one):
                        return Place(one, VERSION_2)
    raise MemoryCgroupError("no cgroup with the memory controller is this user's to write to")


def _hands_memory_on(directory: Path) -> bool:
    try:
        handed_on = (directory / "cgroup.subtree_control").read_text().split()
    except OSError:
        return False
    writable = os.access(directory, os.W_OK) and os.access(directory / "cgroup.procs", os.W_OK)
    return writable and "memory" in handed_on


def _seen(path: str, root: Path, point: Path) -> Path:
    """Where a group is seen, of which the kernel says ``path``, in a hierarchy that is mounted from ``root``."""
    group = Path(path)
    return point / group.relative_to(root) if group.is_relative_to(root) else point
