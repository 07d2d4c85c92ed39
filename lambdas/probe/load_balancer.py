"""Can it reach a load balancer by HTTP, and what does that answer?"""

import http.client

from .attempt import Arguments, Attempt
from .connection import ANSWER_SECONDS, connect
from .outcome import Outcome, Stage

DEFAULT_PORT = 80
LONGEST_BODY = 4096


def probe(attempt: Attempt, arguments: Arguments) -> Outcome:
    """Ask ``host`` and ``port`` for ``path``; any answer by HTTP shows that it was reached."""
    host, port = str(arguments["host"]), int(arguments.get("port", DEFAULT_PORT))
    with connect(attempt, host, port) as connection:
        attempt.stage = Stage.HTTP
        connection.settimeout(ANSWER_SECONDS)
        request = http.client.HTTPConnection(host, port)
        request.sock = connection
        request.request("GET", str(arguments.get("path", "/")), headers={"Connection": "close"})
        response = request.getresponse()
        attempt.evidence |= {
            "http_status": response.status,
            "server": response.headers.get("Server"),
            "body": response.read(LONGEST_BODY).decode("utf-8", "replace"),
        }
    return Outcome.CONNECTED
