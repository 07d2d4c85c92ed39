"""Where a cgroup for memory can be made, told from what the kernel says of mounts and memberships."""

import os
from pathlib import Path

import pytest

from vpclab.localcloud import memory_cgroup_place
from vpclab.localcloud.memory_cgroup_place import MemoryCgroupError, Place

MOUNT = "35 31 0:32 {root} {point} rw,relatime - {kind} {kind} rw{options}\n"


def found(tmp_path: Path, membership: str, kind: str, options: str = "", root: str = "/") -> Place:
    own, mounts = tmp_path / "cgroup", tmp_path / "mountinfo"
    own.write_text(f"9:pids:/elsewhere\n{membership}\n")
    other = MOUNT.format(root="/", point=tmp_path / "pids", kind="cgroup", options=",pids")
    mounts.write_text(other + MOUNT.format(root=root, point=tmp_path / "fs", kind=kind, options=options))
    return memory_cgroup_place.find(own, mounts)


def unified(tmp_path: Path, handing_on: str) -> None:
    """A hierarchy of version 2 in plain directories, as systemd makes it for a user."""
    for group in ("", "user.slice", "user.slice/app.slice", "user.slice/app.slice/one.scope"):
        directory = tmp_path / "fs" / group
        directory.mkdir()
        (directory / "cgroup.procs").touch()
        (directory / "cgroup.subtree_control").write_text("cpu memory pids" if group == handing_on else "")


def test_version_1_can_be_had_in_the_own_group(tmp_path: Path) -> None:
    """Also where only a part of the hierarchy is mounted, as in a container."""
    (tmp_path / "fs/mine").mkdir(parents=True)
    place = found(tmp_path, "4:memory:/docker/mine", "cgroup", ",memory", root="/docker")
    assert (place.directory, place.version.number) == (tmp_path / "fs/mine", 1)


def test_version_2_can_be_had_beside_the_own_group(tmp_path: Path) -> None:
    """A group with processes hands no controller on: the nearest above that does takes the cloud's."""
    unified(tmp_path, "user.slice/app.slice")
    place = found(tmp_path, "0::/user.slice/app.slice/one.scope", "cgroup2")
    assert (place.directory, place.version.number) == (tmp_path / "fs/user.slice/app.slice", 2)


def test_version_2_cannot_be_had_where_nobody_hands_memory_on(tmp_path: Path) -> None:
    """A hybrid system's unified hierarchy, for one."""
    unified(tmp_path, "nowhere")
    with pytest.raises(MemoryCgroupError, match="no cgroup with the memory controller"):
        found(tmp_path, "0::/user.slice/app.slice/one.scope", "cgroup2")


def test_group_cannot_be_made_in_another_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An ordinary user's session is often root's."""
    unified(tmp_path, "user.slice")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(MemoryCgroupError):
        found(tmp_path, "0::/user.slice/app.slice", "cgroup2")
    (tmp_path / "fs/mine").mkdir()
    with pytest.raises(MemoryCgroupError, match="is not this user's to write to"):
        found(tmp_path, "4:memory:/mine", "cgroup", ",memory")
