"""A filter for what neither a namespace nor a resource limit holds: seccomp(2), socket(2), address_families(7).

A network namespace bounds what goes through IP, and nothing else: AF_VSOCK, for one, reaches the hypervisor and
the host's own listeners from every namespace. So functions get sockets of the families that namespaces do hold,
and no io_uring, which would open others past the filter. And no memory that belongs to a descriptor alone
(memfd_create(2)), which no process is seen to hold.
"""

import ctypes
import errno
import os
import platform
import socket
import struct
from dataclasses import dataclass

FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET)

_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data, little endian
_X32 = 0x40000000
_IO_URING_SETUP = 425
_MEMFD_SECRET = 447


@dataclass(frozen=True, slots=True)
class _Machine:
    """An instruction set: how the kernel's audit names it, and its numbers of socket, memfd_create and shmget."""

    architecture: int
    socket: int
    memfd_create: int
    shmget: int


_MACHINES = {"x86_64": _Machine(0xC000003E, 41, 319, 29), "aarch64": _Machine(0xC00000B7, 198, 279, 194)}


class _Program(ctypes.Structure):
    """``struct sock_fprog`` of seccomp(2)."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


_libc = ctypes.CDLL(None, use_errno=True)


def deny_the_unbounded(*, shared_memory: bool) -> None:
    """Filter this process and its descendants for good. PR_SET_NO_NEW_PRIVS must be set.

    ``shared_memory``: whether System V's is unbounded too.

    Raises:
        OSError: the kernel has no seccomp filters.
    """
    machine = _MACHINES[platform.machine()]
    absent = (_IO_URING_SETUP, _MEMFD_SECRET, machine.memfd_create, *((machine.shmget,) if shared_memory else ()))
    instructions = _instructions(machine, absent)
    program = _Program(len(instructions) // 8, instructions)
    mode, zero = ctypes.c_ulong(_SECCOMP_MODE_FILTER), ctypes.c_ulong(0)
    if _libc.prctl(ctypes.c_int(_PR_SET_SECCOMP), mode, ctypes.byref(program), zero, zero) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"filtering the system calls of functions: {os.strerror(number)}")


def _instructions(machine: _Machine, calls: tuple[int, ...]) -> bytes:
    """The filter as classic BPF: (operation, value, how many to skip if so, how many if not)."""
    absent, unsupported = _ERROR | errno.ENOSYS, _ERROR | errno.EAFNOSUPPORT
    families = len(FAMILIES)
    program = [
        (_LOAD, _ARCHITECTURE, 0, 0),
        (_EQUAL, machine.architecture, 1, 0),
        (_RETURN, absent, 0, 0),  # another architecture's numbers mean other calls
        (_LOAD, _NUMBER, 0, 0),
        (_AT_LEAST, _X32, len(calls), 0),
        *((_EQUAL, number, len(calls) - 1 - position, 0) for position, number in enumerate(calls[:-1])),
        (_EQUAL, calls[-1], 0, 1),
        (_RETURN, absent, 0, 0),
        (_EQUAL, machine.socket, 0, families + 2),
        (_LOAD, _FIRST_ARGUMENT, 0, 0),
        *((_EQUAL, int(family), families - position, 0) for position, family in enumerate(FAMILIES)),
        (_RETURN, unsupported, 0, 0),
        (_RETURN, _ALLOW, 0, 0),
    ]
    return b"".join(struct.pack("<HBBI", operation, yes, no, value) for operation, value, yes, no in program)
