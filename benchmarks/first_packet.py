"""Sends datagrams until the first one arrives, as a process of its own: what changes the network is not slowed.

``first_packet.py SENDER RECEIVER ADDRESS PORT``: descriptors of two UDP sockets. For each line on standard input
it sends a datagram every 0.2 ms and writes, once one arrived, when it did (``time.monotonic``, one for all).
"""

import select
import socket
import sys
import time

PAUSE = 0.0002
PATIENCE = 30.0


def main(sender: socket.socket, receiver: socket.socket, address: tuple[str, int]) -> None:
    """Serve until standard input ends."""
    receiver.setblocking(False)
    for _ in sys.stdin:
        while select.select([receiver], [], [], 0)[0]:
            receiver.recv(64)
        print("sending", flush=True)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            sender.sendto(b"?", address)
            if select.select([receiver], [], [], PAUSE)[0]:
                break
        print(time.monotonic(), flush=True)


if __name__ == "__main__":
    main(
        socket.socket(fileno=int(sys.argv[1])),
        socket.socket(fileno=int(sys.argv[2])),
        (sys.argv[3], int(sys.argv[4])),
    )
