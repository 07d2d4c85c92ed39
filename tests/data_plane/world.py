"""A running data plane to send packets through, with plain sockets as hosts."""

import errno
import select
import socket
import sys
import threading
import time
from types import TracebackType
from typing import Self

from tests.deadline import eventually
from vpclab.localcloud.data_plane import DataPlane, Drop, NatLimits
from vpclab.localcloud.namespace import NetworkNamespace
from vpclab.network.model import Network

_AWS_LIMITS = NatLimits()

PATIENCE = 0.5
"""Seconds after which silence counts as a time-out. An answer needs a millisecond."""
GRACE = 0.1
"""Seconds of silence that are enough once a packet is known to be dropped."""

TIMED_OUT = "timed out"
REFUSED = "refused"
PORT = 443
ECHO_REQUEST = bytes.fromhex("0800f7fd00010001")


class World:
    """A data plane with hosts behind every plain interface of the network that is no instance's."""

    def __init__(self, network: Network, nat_limits: NatLimits = _AWS_LIMITS) -> None:
        self.drops: list[Drop] = []
        self.data_plane = DataPlane(self.drops.append, prepared_environments=0, nat_limits=nat_limits)
        self._sockets: list[socket.socket] = []
        self.reconcile(network)

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End, also after a failure."""
        self.close()

    def close(self) -> None:
        """Let go of everything."""
        for held in self._sockets:
            held.close()
        self.data_plane.close()

    def reconcile(self, network: Network) -> None:
        """Have the data plane follow ``network``."""
        self.data_plane.reconcile(network)
        of_instances = {one for instance in network.instances for one in instance.network_interface_ids}
        for interface in network.network_interfaces:
            if interface.interface_type.value == "interface" and interface.id not in of_instances:
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
        connection.setblocking(False)
        attempt = connection.connect_ex((address, port))
        if attempt == errno.EINPROGRESS:
            attempt = (
                connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if self._ready(connection, select.POLLOUT)
                else errno.ETIMEDOUT
            )
        if attempt:
            connection.close()
            raise OSError(attempt, errno.errorcode[attempt])
        connection.settimeout(PATIENCE)
        self._sockets.append(connection)
        return connection

    def _ready(self, waiting: socket.socket, event: int) -> bool:
        """Wait for a socket as long as ``PATIENCE``; not that long once the kernel has dropped a packet."""
        known = len(self.drops)
        poll = select.poll()
        poll.register(waiting, event)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if poll.poll(20):
                return True
            if len(self.drops) > known:
                deadline = min(deadline, time.monotonic() + GRACE)
                known = sys.maxsize
        return False

    def listen_udp(self, place: str, address: str, port: int) -> None:
        """Have a host that answers each datagram with the address it came from."""
        bound = self.namespace(place).bind_udp(address, port)
        self._sockets.append(bound)
        threading.Thread(target=_answer, args=(bound,), daemon=True).start()

    def ask_udp(self, place: str | NetworkNamespace, address: str, port: int) -> str:
        """Send a datagram; return the answer, or that none came."""
        namespace = self.namespace(place) if isinstance(place, str) else place
        with namespace.call(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as asking:
            asking.connect((address, port))
            asking.send(b"?")
            if not self._ready(asking, select.POLLIN):
                return TIMED_OUT
            try:
                return asking.recv(64).decode()
            except ConnectionRefusedError:
                return REFUSED

    def ping(self, place: str | NetworkNamespace, address: str) -> bool:
        """Tell whether the address answers an echo request."""
        namespace = self.namespace(place) if isinstance(place, str) else place
        with namespace.call(self.icmp_socket) as asking:
            asking.sendto(ECHO_REQUEST, (address, 0))
            while self._ready(asking, select.POLLIN):
                packet, (source, _) = asking.recvfrom(256)
                if source == address and packet[20] == 0:
                    return True
        return False

    @staticmethod
    def icmp_socket() -> socket.socket:
        """Return a socket that hears all ICMP of the calling thread's namespace."""
        return socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)

    def refusal(self, *, to: str | None = None) -> tuple[str, str, str]:
        """Return kind, component and code of the newest refused packet (to that address), waiting for it."""
        drop = self.drop(to=to)
        return (drop.kind, drop.component, drop.code)

    def drop(self, *, to: str | None = None) -> Drop:
        """Return the newest refused packet (to that address), waiting for it."""

        def newest() -> Drop | None:
            return next((drop for drop in reversed(self.drops) if to in (None, drop.destination)), None)

        found = eventually(newest, 5, f"a packet to {to or 'anywhere'} is refused")
        assert found is not None
        return found


def says(connection: socket.socket, text: str) -> str:
    """Send a line over an open connection and return the echo, or that none came."""
    try:
        connection.sendall(text.encode())
        return connection.recv(64).decode()
    except TimeoutError:
        return TIMED_OUT


def _answer(bound: socket.socket) -> None:
    while True:
        try:
            _, source = bound.recvfrom(64)
            bound.sendto(source[0].encode(), source)
        except OSError:
            return


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
