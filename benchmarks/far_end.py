"""The far end of a path, as a process of its own: echoes what it gets, or swallows and counts it.

``far_end.py [tcp|udp] DESCRIPTOR ...``: descriptors of bound sockets. The first byte of a TCP connection says what
is wanted: ``e`` an echo of each message, ``s`` the number of bytes swallowed, once the sender has shut down.
"""

import socket
import sys
import threading

CHUNK = 1 << 20


def main(arguments: list[str]) -> None:
    """Serve until standard input ends."""
    for kind, descriptor in zip(arguments[::2], arguments[1::2], strict=True):
        serve = accept if kind == "tcp" else answer
        threading.Thread(target=serve, args=(socket.socket(fileno=int(descriptor)),), daemon=True).start()
    sys.stdin.read()


def answer(bound: socket.socket) -> None:
    """Send datagrams back."""
    while True:
        data, source = bound.recvfrom(CHUNK)
        bound.sendto(data, source)


def accept(listening: socket.socket) -> None:
    """Serve each connection in a thread."""
    while True:
        connection, _ = listening.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve_connection, args=(connection,), daemon=True).start()


def serve_connection(connection: socket.socket) -> None:
    """Do what the first byte says."""
    buffer = bytearray(CHUNK)
    with connection:
        if connection.recv(1) == b"s":
            total = 0
            while count := connection.recv_into(buffer):
                total += count
            connection.sendall(b"%d\n" % total)
            return
        while data := connection.recv(CHUNK):
            connection.sendall(data)


if __name__ == "__main__":
    main(sys.argv[1:])
