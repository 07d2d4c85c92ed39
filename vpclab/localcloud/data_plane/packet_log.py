"""Reading the packets that rulesets log: NFLOG over netlink, from every namespace, in one thread.

Message formats are those of linux/netfilter/nfnetlink_log.h. A netlink socket hears the namespace that it was made
in; the thread only reads, so it needs to enter none.
"""

import logging
import os
import selectors
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from vpclab.localcloud.data_plane.refusal import LOG_GROUP
from vpclab.localcloud.namespace import NetworkNamespace

_LOG = logging.getLogger(__name__)

_NETLINK_NETFILTER = 12
_SUBSYSTEM_LOG = 4
_PACKET, _CONFIG = 0, 1
_REQUEST, _ACK = 0x1, 0x4
_ERROR = 2
_CONFIGURE_COMMAND, _CONFIGURE_MODE, _CONFIGURE_THRESHOLD = 1, 2, 5
_BIND = 1
_COPY_PACKET = 2
_COPIED_BYTES = 128
_IN_DEVICE, _OUT_DEVICE, _PAYLOAD, _PREFIX = 4, 5, 9, 10
_HEADER = struct.Struct("=IHHII")
_FAMILY_HEADER = struct.Struct("!BBH")
_ATTRIBUTE = struct.Struct("=HH")
_TYPE_MASK = 0x3FFF
_RECEIVE_BUFFER = 1 << 20
_MESSAGE = 1 << 16


@dataclass(frozen=True, slots=True)
class LoggedPacket:
    """What the kernel says of one logged packet. An index is 0 where the packet had no such link."""

    prefix: str
    payload: bytes
    in_index: int
    out_index: int


class PacketLog:
    """Hands each logged packet of the watched namespaces to ``heard``, with the namespace's key."""

    def __init__(self, heard: Callable[[str, LoggedPacket], None]) -> None:
        self._heard = heard
        self._selector = selectors.DefaultSelector()
        self._sockets: dict[str, socket.socket] = {}
        self._lock = threading.Lock()
        self._wake_read, self._wake_write = os.pipe()
        self._selector.register(self._wake_read, selectors.EVENT_READ)
        self._closing = False
        self._thread = threading.Thread(target=self._read, name="packet-log", daemon=True)
        self._thread.start()

    def watch(self, key: str, namespace: NetworkNamespace) -> None:
        """Hear what is logged in ``namespace`` from now on."""
        listening = namespace.call(_listen)
        with self._lock:
            self._sockets[key] = listening
            self._selector.register(listening, selectors.EVENT_READ, key)

    def unwatch(self, key: str) -> None:
        """Stop hearing a namespace; safe for one that is not watched."""
        with self._lock:
            listening = self._sockets.pop(key, None)
            if listening is not None:
                self._selector.unregister(listening)
                listening.close()

    def close(self) -> None:
        """Stop the thread and let go of every namespace."""
        self._closing = True
        os.write(self._wake_write, b"!")
        self._thread.join()
        for key in list(self._sockets):
            self.unwatch(key)
        self._selector.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _read(self) -> None:
        while True:
            for ready, _ in self._selector.select():
                if self._closing:
                    return
                with self._lock:
                    listening = self._sockets.get(ready.data)
                    if listening is None or listening is not ready.fileobj:
                        continue
                    try:
                        data = listening.recv(_MESSAGE, socket.MSG_DONTWAIT)
                    except OSError:  # the buffer overflowed, or nothing was left: what is lost is only a log
                        continue
                for packet in parse(data):
                    try:
                        self._heard(ready.data, packet)
                    except Exception:  # noqa: BLE001 - one bad record must not end the log
                        _LOG.exception("a refused packet could not be recorded")


def parse(data: bytes) -> Iterator[LoggedPacket]:
    """Read the packets in what one receive returned."""
    offset = 0
    while offset + _HEADER.size <= len(data):
        length, kind, _, _, _ = _HEADER.unpack_from(data, offset)
        if length < _HEADER.size:
            return
        if kind == _SUBSYSTEM_LOG << 8 | _PACKET:
            yield _packet(data[offset + _HEADER.size + _FAMILY_HEADER.size : offset + length])
        offset += (length + 3) & ~3


def _packet(attributes: bytes) -> LoggedPacket:
    found: dict[int, bytes] = {}
    offset = 0
    while offset + _ATTRIBUTE.size <= len(attributes):
        length, kind = _ATTRIBUTE.unpack_from(attributes, offset)
        if length < _ATTRIBUTE.size:
            break
        found[kind & _TYPE_MASK] = attributes[offset + _ATTRIBUTE.size : offset + length]
        offset += (length + 3) & ~3
    return LoggedPacket(
        prefix=found.get(_PREFIX, b"").rstrip(b"\0").decode("ascii", "replace"),
        payload=found.get(_PAYLOAD, b""),
        in_index=int.from_bytes(found.get(_IN_DEVICE, b"")),
        out_index=int.from_bytes(found.get(_OUT_DEVICE, b"")),
    )


def _listen() -> socket.socket:
    listening = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_NETFILTER)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        listening.bind((0, 0))
        _configure(listening, _CONFIGURE_COMMAND, struct.pack("!B", _BIND))
        _configure(listening, _CONFIGURE_MODE, struct.pack("!IBB", _COPIED_BYTES, _COPY_PACKET, 0))
        _configure(listening, _CONFIGURE_THRESHOLD, struct.pack("!I", 1))
    except OSError:
        listening.close()
        raise
    return listening


def _configure(listening: socket.socket, attribute: int, value: bytes) -> None:
    body = _FAMILY_HEADER.pack(socket.AF_INET, 0, LOG_GROUP)
    body += _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), attribute) + value
    body += bytes(-len(body) % 4)
    kind = _SUBSYSTEM_LOG << 8 | _CONFIG
    listening.send(_HEADER.pack(_HEADER.size + len(body), kind, _REQUEST | _ACK, 1, 0) + body)
    while True:
        answer = listening.recv(_MESSAGE)
        if _HEADER.unpack_from(answer)[1] == _ERROR:
            (code,) = struct.unpack_from("=i", answer, _HEADER.size)
            if code:
                raise OSError(-code, f"listening to the packet log: {os.strerror(-code)}")
            return
