"""Name resolution, TCP and TLS, each with a deadline of its own.

They are separate steps because libraries report a refused connection, a name that does not resolve and a
missing route as one and the same error.
"""

import queue
import socket
import ssl
import threading

from .attempt import Attempt
from .outcome import NameNotResolvedError, Stage

DNS_SECONDS = 3.0
CONNECT_SECONDS = 2.0
TLS_SECONDS = 5.0
ANSWER_SECONDS = 5.0


def resolve(attempt: Attempt, host: str, *, seconds: float = DNS_SECONDS) -> list[str]:
    """Give the IPv4 addresses of ``host``, or raise :class:`NameNotResolvedError`.

    The C library's resolver has no deadline that a caller can set; so it works in a thread, which is left
    behind when it is too slow.
    """
    attempt.stage = Stage.DNS
    attempt.evidence["host"] = host
    answers: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_STREAM)
        except OSError as failure:
            answers.put(failure)
        else:
            answers.put(sorted({str(address[0]) for *_, address in found}))

    threading.Thread(target=look_up, name=f"resolve {host}", daemon=True).start()
    try:
        found = answers.get(timeout=seconds)
    except queue.Empty:
        raise NameNotResolvedError(f"no answer from the resolver within {seconds} s") from None
    if isinstance(found, OSError):
        attempt.evidence["resolver_error"] = found.errno
        raise NameNotResolvedError(str(found)) from found
    attempt.evidence["addresses"] = found
    return found


def connect(attempt: Attempt, host: str, port: int, *, seconds: float = CONNECT_SECONDS) -> socket.socket:
    """Resolve ``host`` and open a TCP connection to its first address; the socket keeps the deadline."""
    address = resolve(attempt, host)[0]
    attempt.stage = Stage.TCP
    attempt.evidence |= {"address": address, "port": port}
    connection = socket.create_connection((address, port), timeout=seconds)
    attempt.evidence["local_address"] = connection.getsockname()[0]
    return connection


def secure(attempt: Attempt, connection: socket.socket, host: str) -> ssl.SSLSocket:
    """Begin TLS on ``connection`` and insist on a certificate that verifies for ``host``."""
    attempt.stage = Stage.TLS
    connection.settimeout(TLS_SECONDS)
    try:
        secured = ssl.create_default_context().wrap_socket(connection, server_hostname=host)
    except ssl.SSLCertVerificationError as failure:
        attempt.evidence |= {"certificate_verified": False, "certificate_problem": failure.verify_message}
        raise
    attempt.evidence |= {"tls_version": secured.version(), "certificate_verified": True}
    return secured
