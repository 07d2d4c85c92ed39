"""Can it reach the public internet, and as which source address is it seen there?"""

import http.client

from .attempt import Arguments, Attempt
from .connection import ANSWER_SECONDS, connect, secure
from .outcome import Outcome, Stage

HOST = "checkip.amazonaws.com"
"""Answers every request with the caller's public address as text."""

PORT = 443
LONGEST_BODY = 4096


def probe(attempt: Attempt, arguments: Arguments) -> Outcome:
    """Ask the far end for the address that it sees (``source_seen`` in the evidence)."""
    host, port = str(arguments.get("host", HOST)), int(arguments.get("port", PORT))
    with connect(attempt, host, port) as connection, secure(attempt, connection, host) as secured:
        attempt.stage = Stage.HTTP
        secured.settimeout(ANSWER_SECONDS)
        request = http.client.HTTPConnection(host)
        request.sock = secured
        request.request("GET", "/", headers={"Connection": "close"})
        response = request.getresponse()
        body = response.read(LONGEST_BODY).decode("utf-8", "replace").strip()
        attempt.evidence |= {"http_status": response.status, "source_seen": body}
        if response.status != http.client.OK:
            raise http.client.HTTPException(f"{host} answered {response.status} {response.reason}")
    return Outcome.CONNECTED
