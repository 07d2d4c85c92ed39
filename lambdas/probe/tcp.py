"""Does a TCP connection to a host and port open?"""

from .attempt import Arguments, Attempt
from .connection import connect
from .outcome import Outcome


def probe(attempt: Attempt, arguments: Arguments) -> Outcome:
    """Open a connection to ``host`` and ``port`` and close it again."""
    connect(attempt, str(arguments["host"]), int(arguments["port"])).close()
    return Outcome.CONNECTED
