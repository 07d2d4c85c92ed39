"""The X-Ray daemon that Lambda runs beside a function: it takes segments by UDP, for the service to deliver.

Source: Lambda guide, services-xray; X-Ray guide, xray-api-sendingdata: a datagram is a header line in JSON, which
says ``"format": "json", "version": 1``, and a segment document. Whatever else arrives is dropped, as there. The
socket is in the environment's network and reached by loopback: nothing of it uses the function's VPC.
"""

import json

from vpclab.localcloud.lambda_runtime.invocation import Namespace

DAEMON = ("169.254.100.1", 2000)
MOST_DOCUMENTS = 2000
"""Segments that one invocation may send here; what is beyond is dropped."""
MOST_CHARACTERS = 16 * 1024 * 1024
"""Of all of these segments: as many as can be sent are not as large as they can be."""

_LARGEST_DATAGRAM = 64 * 1024


class TraceDaemon:
    """Listens from now on, inside ``namespace``; whoever serves the environment calls ``receive``."""

    def __init__(self, namespace: Namespace) -> None:
        self._socket = namespace.bind_udp(*DAEMON)
        self._socket.setblocking(False)
        self._documents: list[str] = []
        self._characters = 0

    def fileno(self) -> int:
        """The descriptor that is readable when something has arrived."""
        return self._socket.fileno()

    def receive(self) -> None:
        """Take what has arrived."""
        for _ in range(MOST_DOCUMENTS):
            try:
                datagram = self._socket.recv(_LARGEST_DATAGRAM)
            except BlockingIOError:
                return
            document = segment_document(datagram)
            if document is None or len(self._documents) >= MOST_DOCUMENTS:
                continue
            if self._characters + len(document) <= MOST_CHARACTERS:
                self._characters += len(document)
                self._documents.append(document)

    def take(self) -> list[str]:
        """Return the segment documents since the last call."""
        self.receive()
        documents, self._documents, self._characters = self._documents, [], 0
        return documents

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()


def segment_document(datagram: bytes) -> str | None:
    """Return the document of a datagram in the daemon's format; None: it has another one."""
    header, newline, document = datagram.partition(b"\n")
    if not newline:
        return None
    try:
        described = json.loads(header)
        text = document.decode()
    except (ValueError, RecursionError):
        return None
    is_known = isinstance(described, dict) and described.get("format") == "json" and described.get("version") == 1
    return text.strip() or None if is_known else None
