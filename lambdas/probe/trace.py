"""Send a trace to X-Ray: through the daemon that Lambda runs beside a traced function, or by the API itself.

The daemon is the service's: what is handed to it does not leave through the function's network. A segment document
goes to it by UDP, after a line that names the format (X-Ray developer guide, "Sending trace data to X-Ray").
"""

import json
import os
import secrets
import socket
import time
from typing import Any

from . import aws_api
from .attempt import Arguments, Attempt
from .outcome import Outcome, Stage

HEADER = b'{"format": "json", "version": 1}\n'
DAEMON_ADDRESS = "AWS_XRAY_DAEMON_ADDRESS"
SERVICE = "xray"


class NoDaemonError(Exception):
    """The environment names no X-Ray daemon."""


class UnprocessedSegmentError(Exception):
    """X-Ray took the request, but not the segment in it."""


def probe(attempt: Attempt, arguments: Arguments) -> Outcome | None:
    """Send a segment with ``nonce`` as an annotation, ``by`` the ``daemon`` or the ``api`` (the default).

    The evidence has its ``trace_id``. Whether what the daemon was given arrives, the function cannot know.
    """
    segment = _segment(str(arguments.get("nonce", "")))
    attempt.evidence |= {"trace_id": segment["trace_id"], "segment_id": segment["id"]}
    attempt.stage = Stage.TRACE
    document = json.dumps(segment)
    if arguments.get("by") == "daemon":
        _hand_to_daemon(attempt, document)
        return None
    outcome = aws_api.call(attempt, SERVICE, "put_trace_segments", {"TraceSegmentDocuments": [document]})
    unprocessed = attempt.evidence["answer"].get("UnprocessedTraceSegments")
    if unprocessed:
        raise UnprocessedSegmentError(str(unprocessed))
    return outcome


def _segment(nonce: str) -> dict[str, Any]:
    now = time.time()
    return {
        "name": "vpclab-probe",
        "id": secrets.token_hex(8),
        "trace_id": f"1-{int(now):08x}-{secrets.token_hex(12)}",
        "start_time": now,
        "end_time": now + 0.001,
        "annotations": {"nonce": nonce},
    }


def _hand_to_daemon(attempt: Attempt, document: str) -> None:
    address = os.environ.get(DAEMON_ADDRESS)
    attempt.evidence["daemon_address"] = address
    if not address:
        raise NoDaemonError(f"{DAEMON_ADDRESS} is not set")
    host, _, port = address.rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        attempt.evidence["bytes_sent"] = sender.sendto(HEADER + document.encode(), (host, int(port)))
