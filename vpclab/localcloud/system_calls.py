"""The Linux calls that Python 3.11 does not offer: namespaces, mounts, process attributes.

Thin on purpose: each function is its manual page (unshare(2), setns(2), mount(2), mount_setattr(2), pivot_root(2),
prctl(2)), with an ``OSError`` that says which call failed on what.
"""

import ctypes
import os
import platform
import struct
from pathlib import Path

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
MNT_DETACH = 0x2

MOUNT_ATTR_RDONLY = 0x1
MOUNT_ATTR_NOSUID = 0x2
MOUNT_ATTR_NODEV = 0x4

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38

_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE = 442, -100, 0x8000

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Move the calling thread (with CLONE_NEWUSER: the single-threaded process) into new namespaces."""
    _check(_libc.unshare(ctypes.c_int(flags)), f"unshare({flags:#x})")


def setns(fd: int, kind: int) -> None:
    """Move the calling thread into the namespace behind ``fd``; ``kind`` is its CLONE_NEW* flag."""
    _check(_libc.setns(ctypes.c_int(fd), ctypes.c_int(kind)), f"setns({fd}, {kind:#x})")


def mount(source: str, target: str | Path, filesystem: str = "", flags: int = 0, options: str = "") -> None:
    """Mount ``source`` on ``target``; an empty ``filesystem`` is passed as NULL, as binds and remounts want it."""
    result = _libc.mount(
        source.encode(),
        os.fsencode(target),
        filesystem.encode() if filesystem else None,
        ctypes.c_ulong(flags),
        options.encode() if options else None,
    )
    _check(result, f"mount {source} on {target}")


def umount(target: str | Path, flags: int = 0) -> None:
    """Take away what is mounted on ``target``."""
    _check(_libc.umount2(os.fsencode(target), ctypes.c_int(flags)), f"umount {target}")


def mount_setattr(mount_point: str | Path, attributes: int) -> None:
    """Add MOUNT_ATTR_* ``attributes`` to a mount and all that is mounted under it: Linux 5.12.

    Unlike a remount, it may be used on mounts whose other attributes are locked.
    """
    request = struct.pack("QQQQ", attributes, 0, 0, 0)
    result = _libc.syscall(
        ctypes.c_long(_MOUNT_SETATTR),
        ctypes.c_int(_AT_FDCWD),
        os.fsencode(mount_point),
        ctypes.c_int(_AT_RECURSIVE),
        request,
        ctypes.c_size_t(len(request)),
    )
    _check(result, f"mount_setattr {mount_point}")


def pivot_root(new_root: str | Path, put_old: str | Path) -> None:
    """Let this mount namespace start at another directory; its former root is found at ``put_old``."""
    number = _PIVOT_ROOT[platform.machine()]
    result = _libc.syscall(ctypes.c_long(number), os.fsencode(new_root), os.fsencode(put_old))
    _check(result, f"pivot_root({new_root}, {put_old})")


def prctl(option: int, argument: int = 0) -> None:
    """Set one attribute of the calling process, or of its thread where the manual page says so."""
    zero = ctypes.c_ulong(0)
    _check(
        _libc.prctl(ctypes.c_int(option), ctypes.c_ulong(argument), zero, zero, zero),
        f"prctl({option}, {argument})",
    )
