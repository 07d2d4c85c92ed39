"""A running data plane to send packets through, with plain sockets as hosts."""

import errno
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tests.deadline import eventually
from vpclab.localcloud.data_plane import DataPlane, Drop
from vpclab.localcloud.namespace import NetworkNamespace
from vpclab.network.model import Network

PATIENCE = 0.5
"""Seconds after which silence counts as a time-out. An answer needs a millisecond."""

TIMED_OUT = "timed out"
REFUSED = "refused"
PORT = 443


class World:
    """A data plane with hosts behind every plain interface of the network."""

    def __init__(self, network: Network) -> None:
        self.drops: list[Drop] = []
        self.data_plane = DataPlane(self.drops.append, prepared_environments=0)
        self._sockets: list[socket.socket] = []
        self.reconcile(network)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of everything."""
        for held in self._sockets:
            held.close()
        self.data_plane.close()

    def reconcile(self, network: Network) -> None:
        """Have the data plane follow ``network``."""
        self.data_plane.reconcile(network)
        for interface in network.network_interfaces:
            if interface.interface_type.value == "interface":
                self.data_plane.materialise(interface.id)

    def namespace(self, place: str) -> NetworkNamespace:
        """Return the namespace of a place: a key of the data plane, or an interface's id."""
        return self.data_plane.namespaces()[f"eni/{place}" if place.startswith("eni-") else place]

    def listen(self, place: str | NetworkNamespace, address: str, port: int = PORT) -> None:
        """Have a host that tells each visitor the address it sees, and then echoes what it hears."""
        namespace = self.namespace(place) if isinstance(place, str) else place
        listening = namespace.listen_tcp(address, port)
        self._sockets.append(listening)
        threading.Thread(target=_serve, args=(listening,), daemon=True).start()

    def connect(self, place: str | NetworkNamespace, address: str, port: int = PORT) -> str:
        """Return the address that the far host saw, or how the attempt ended."""
        try:
            connection = self.connection(place, address, port)
        except TimeoutError:
            return TIMED_OUT
        except ConnectionRefusedError:
            return REFUSED
        except OSError as error:
            return errno.errorcode.get(error.errno or 0, str(error))
        with connection:
            return connection.recv(64).decode().partition("\n")[0]

    def connection(self, place: str | NetworkNamespace, address: str, port: int = PORT) -> socket.socket:
        """Return an open connection; its first line is the address that the far host saw."""
        namespace = self.namespace(place) if isinstance(place, str) else place
        connection = namespace.call(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        connection.settimeout(PATIENCE)
        try:
            connection.connect((address, port))
        except OSError:
            connection.close()
            raise
        self._sockets.append(connection)
        return connection

    def refused(self, matching: Callable[[Drop], bool] = lambda _: True) -> Drop:
        """Return the newest refused packet that matches, waiting for it."""
        return eventually(
            lambda: next((drop for drop in reversed(self.drops) if matching(drop)), None), 5, "a packet is refused"
        )  # type: ignore[return-value]


def says(connection: socket.socket, text: str) -> str:
    """Send a line over an open connection and return the echo, or that none came."""
    try:
        connection.sendall(text.encode())
        return connection.recv(64).decode()
    except TimeoutError:
        return TIMED_OUT


def _serve(listening: socket.socket) -> None:
    while True:
        try:
            connection, (source, _) = listening.accept()
        except OSError:
            return
        threading.Thread(target=_echo, args=(connection, source), daemon=True).start()


def _echo(connection: socket.socket, source: str) -> None:
    with connection:
        connection.sendall(source.encode() + b"\n")
        while data := connection.recv(64):
            connection.sendall(data)
