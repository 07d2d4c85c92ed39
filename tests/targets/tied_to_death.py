"""Runs a program that the kernel kills when the process that started it is gone, however that ended.

``python tied_to_death.py PARENT PROGRAM ARGUMENTS``. unshare(1) takes no notice of a mere interrupt.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    """Become ``command``."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it went before the kernel was told
        sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606 - becoming that program is the point


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
