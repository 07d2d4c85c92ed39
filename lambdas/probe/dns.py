"""Does a name resolve?"""

from pathlib import Path

from .attempt import Arguments, Attempt
from .connection import resolve
from .outcome import Outcome

RESOLVER_CONFIGURATION = Path("/etc/resolv.conf")


def probe(attempt: Attempt, arguments: Arguments) -> Outcome:
    """Resolve ``name``; the evidence has its IPv4 addresses and the resolver's configuration."""
    if RESOLVER_CONFIGURATION.is_file():
        attempt.evidence["resolver_configuration"] = RESOLVER_CONFIGURATION.read_text("utf-8", "replace")
    resolve(attempt, str(arguments["name"]))
    return Outcome.CONNECTED
