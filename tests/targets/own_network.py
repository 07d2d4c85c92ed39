"""Runs a program in the network namespace that this process is in, after turning its loopback on.

``python own_network.py PROGRAM ARGUMENTS``, started by unshare(1) in a namespace with nothing but that loopback.
"""

import fcntl
import os
import socket
import struct
import sys

SIOCSIFFLAGS = 0x8914
IFF_UP_RUNNING = 0x1 | 0x40


def main(command: list[str]) -> None:
    """Become ``command``."""
    request = struct.pack("16sh22x", b"lo", IFF_UP_RUNNING)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as anything:
        fcntl.ioctl(anything, SIOCSIFFLAGS, request)
    os.execvp(command[0], command)  # noqa: S606 - becoming that program is the point


if __name__ == "__main__":
    main(sys.argv[1:])
