"""Runs a program that the kernel interrupts when the process that started it is gone, however that ended.

Run by its path, so that it costs little more than an interpreter:
``python -I -S tied.py PARENT PROGRAM ARGUMENTS``.
The tie survives the execution of another program (prctl(2), PR_SET_PDEATHSIG). It is to the thread that started
it, so that thread has to wait for it.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    """Become ``command``."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)
    if os.getppid() != parent:  # it went before the kernel was told
        sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 - becoming that program is the point


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
