"""What a process may do, taken away for good: capabilities, identity, keyrings, resource limits.

Thin over capabilities(7), user_namespaces(7), keyctl(2) and getrlimit(2). Everything here acts on the calling
process, which must be single-threaded.
"""

import contextlib
import ctypes
import os
import platform
import resource
from pathlib import Path

from vpclab.localcloud import system_calls

SANDBOX_USER = 993
"""The uid and gid of ``sbx_user1051``, whom functions run as."""

_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
_CAPABILITY_VERSION_3 = 0x20080522
_KEYCTL_JOIN_SESSION_KEYRING = 1
_KEYCTL = {"x86_64": 250, "aarch64": 219}
_MEBIBYTE = 1024 * 1024
_OPEN_FILES = 1024  # "Lambda quotas": file descriptors, and the same number of processes and threads
_PROCESSES = 1024
_ADDRESS_SPACE_HEADROOM_MB = 1024  # reserved, not used: thread stacks, arenas of malloc, mapped files

_libc = ctypes.CDLL(None, use_errno=True)


class _CapabilityHeader(ctypes.Structure):
    """``struct __user_cap_header_struct`` of capset(2)."""

    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapabilitySets(ctypes.Structure):
    """``struct __user_cap_data_struct`` of capset(2): 32 capabilities, a bit for each."""

    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def become_sandbox_user() -> None:
    """Enter a user namespace in which the process is ``SANDBOX_USER`` and nobody else exists.

    Where the surrounding namespace has that uid (the local cloud was started by root), the process becomes it
    first, so that it does not even outside share a uid with files of root. Otherwise the one uid that exists is
    shown as it. Inside no further user namespace can be made.
    """
    os.umask(0o022)
    uid, gid = os.geteuid(), os.getegid()
    if is_mapped(SANDBOX_USER):
        system_calls.prctl(_PR_SET_KEEPCAPS, 1)  # the capability to make a user namespace must survive
        os.setgroups([])
        os.setresgid(SANDBOX_USER, SANDBOX_USER, SANDBOX_USER)
        os.setresuid(SANDBOX_USER, SANDBOX_USER, SANDBOX_USER)
        _set_capabilities(_permitted())
        system_calls.prctl(system_calls.PR_SET_DUMPABLE, 1)  # or its own uid_map would belong to root
        uid = gid = SANDBOX_USER
    system_calls.unshare(system_calls.CLONE_NEWUSER)
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{SANDBOX_USER} {uid} 1")
    _write("/proc/self/gid_map", f"{SANDBOX_USER} {gid} 1")
    _write("/proc/sys/user/max_user_namespaces", "0")


def renounce() -> None:
    """Drop every capability, from the bounding set too, and the means to get one by starting a program."""
    for capability in range(int(Path("/proc/sys/kernel/cap_last_cap").read_text()) + 1):
        system_calls.prctl(system_calls.PR_CAPBSET_DROP, capability)
    system_calls.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    _set_capabilities(0)
    system_calls.prctl(system_calls.PR_SET_NO_NEW_PRIVS, 1)


def leave_keyrings() -> None:
    """Have a session keyring of its own: the inherited one may hold the user's keys."""
    with contextlib.suppress(KeyError):  # other machines: the number of the call is not known here
        _libc.syscall(ctypes.c_long(_KEYCTL[platform.machine()]), _KEYCTL_JOIN_SESSION_KEYRING, None)


def bound_shared_memory(memory_mb: int) -> bool:
    """Bound the System V shared memory of this IPC namespace, which belongs to no process.

    False: only root of the host can, before Linux 6.9.
    """
    try:
        _write("/proc/sys/kernel/shmall", str(memory_mb * _MEBIBYTE // resource.getpagesize()))
    except OSError:
        return False
    return True


def limit_resources(memory_mb: int, ephemeral_storage_mb: int) -> None:
    """Set the limits that "Lambda quotas" names, and bound memory by address space.

    The address space may exceed what the interpreter has now by the function's memory and a headroom. That bounds
    each process alone: where many together exhaust the machine, they are the first that the kernel ends.
    """
    _write("/proc/self/oom_score_adj", "1000")
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    address_space = pages * resource.getpagesize() + (memory_mb + _ADDRESS_SPACE_HEADROOM_MB) * _MEBIBYTE
    for kind, limit in (
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_NPROC, _PROCESSES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, (ephemeral_storage_mb + 1) * _MEBIBYTE),  # a full /tmp is to say so first
        (resource.RLIMIT_AS, address_space),
    ):
        _, hard = resource.getrlimit(kind)
        bounded = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (bounded, bounded))


def is_mapped(uid: int) -> bool:
    """Whether the current user namespace has this uid."""
    for line in Path("/proc/self/uid_map").read_text().splitlines():
        first, _, count = (int(word) for word in line.split())
        if first <= uid < first + count:
            return True
    return False


def _permitted() -> int:
    header, sets = _CapabilityHeader(_CAPABILITY_VERSION_3, 0), (_CapabilitySets * 2)()
    _check(_libc.capget(ctypes.byref(header), ctypes.byref(sets)), "capget")
    return int(sets[0].permitted) | int(sets[1].permitted) << 32


def _set_capabilities(capabilities: int) -> None:
    """Make exactly these permitted and effective."""
    header, sets = _CapabilityHeader(_CAPABILITY_VERSION_3, 0), (_CapabilitySets * 2)()
    for half in (0, 1):
        bits = capabilities >> 32 * half & 0xFFFFFFFF
        sets[half] = _CapabilitySets(bits, bits, 0)
    _check(_libc.capset(ctypes.byref(header), ctypes.byref(sets)), "capset")


def _write(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
