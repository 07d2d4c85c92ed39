"""A filter for what neither a namespace nor a resource limit holds: seccomp(2), socket(2), address_families(7).

A network namespace bounds what goes through IP, and nothing else: AF_VSOCK, for one, reaches the hypervisor and
the host's own listeners from every namespace. So functions get sockets of the families that namespaces do hold,
and no io_uring, which would open others past the filter. And no memory that belongs to a descriptor alone
(memfd_create(2)), which no process is seen to hold.

And nothing that would have the kernel send SIGCONT by itself: it wakes a stopped process, whoever sends it, so a
frozen function would run on. Timers and message queues take the signal in memory, which no filter can read;
clone(2) and the like in registers, so that they are refused with it alone. Programs go back from clone3 to clone.
"""

import ctypes
import errno
import os
import platform
import signal
import socket
import struct
from dataclasses import dataclass

FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET)

_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_LOAD, _AND, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT, _SECOND_ARGUMENT = (
    0,
    4,
    16,
    24,
)  # offsets in struct seccomp_data, little endian
_X32 = 0x40000000
_IO_URING_SETUP = 425
_MEMFD_SECRET = 447
_CLONE3 = 435
_PR_SET_PDEATHSIG, _F_SETSIG = 1, 10
_EXIT_SIGNAL = 0xFF  # of the flags of clone(2)
_WHOLE = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class _Machine:
    """An instruction set: how the kernel's audit names it, and its numbers of system calls."""

    architecture: int
    socket: int
    memfd_create: int
    shmget: int
    timer_create: int
    mq_notify: int
    clone: int
    fcntl: int
    prctl: int

    @property
    def refused_with(self) -> tuple[tuple[int, dict[int, tuple[int, int]]], ...]:
        """Calls that are refused when every argument, by its offset and under its mask, has that value."""
        return (
            (self.clone, {_FIRST_ARGUMENT: (_EXIT_SIGNAL, signal.SIGCONT)}),
            (self.fcntl, {_SECOND_ARGUMENT: (_WHOLE, _F_SETSIG)}),
            (
                self.prctl,
                {_FIRST_ARGUMENT: (_WHOLE, _PR_SET_PDEATHSIG), _SECOND_ARGUMENT: (_WHOLE, signal.SIGCONT)},
            ),
        )


_MACHINES = {
    "x86_64": _Machine(0xC000003E, 41, 319, 29, 222, 244, 56, 72, 157),
    "aarch64": _Machine(0xC00000B7, 198, 279, 194, 107, 184, 220, 25, 167),
}


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
    waking = (_CLONE3, machine.timer_create, machine.mq_notify)
    holding = (_MEMFD_SECRET, machine.memfd_create, *((machine.shmget,) if shared_memory else ()))
    absent = (_IO_URING_SETUP, *waking, *holding)
    instructions = _instructions(machine, absent)
    program = _Program(len(instructions) // 8, instructions)
    mode, zero = ctypes.c_ulong(_SECCOMP_MODE_FILTER), ctypes.c_ulong(0)
    if _libc.prctl(ctypes.c_int(_PR_SET_SECCOMP), mode, ctypes.byref(program), zero, zero) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"filtering the system calls of functions: {os.strerror(number)}")


def _refusal(number: int, arguments: dict[int, tuple[int, int]]) -> list[tuple[int, int, int, int]]:
    """Instructions that refuse a call with these arguments, and leave the number loaded for what follows."""
    program = [(_RETURN, _ERROR | errno.EPERM, 0, 0), (_LOAD, _NUMBER, 0, 0)]
    for offset, (mask, value) in arguments.items():
        matching = (_EQUAL, value, 0, len(program) - 1)
        program = [(_LOAD, offset, 0, 0), (_AND, mask, 0, 0), matching, *program]
    return [(_EQUAL, number, 0, len(program)), *program]


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
        *(one for number, arguments in machine.refused_with for one in _refusal(number, arguments)),
        (_EQUAL, machine.socket, 0, families + 2),
        (_LOAD, _FIRST_ARGUMENT, 0, 0),
        *((_EQUAL, int(family), families - position, 0) for position, family in enumerate(FAMILIES)),
        (_RETURN, unsupported, 0, 0),
        (_RETURN, _ALLOW, 0, 0),
    ]
    return b"".join(struct.pack("<HBBI", operation, yes, no, value) for operation, value, yes, no in program)
