"""Can it reach a Valkey cache, and does the cache keep what it is given?

The protocol is that of Redis, of which a probe needs four commands: a command is an array of bulk strings, and an
answer is one line, or a bulk string (RESP, https://valkey.io/topics/protocol/).
"""

import socket
from typing import BinaryIO

from .attempt import Arguments, Attempt
from .connection import ANSWER_SECONDS, connect
from .outcome import DeniedByServiceError, Outcome, Stage

DEFAULT_PORT = 6379
KEY_SECONDS = 60
"""For how long a value is kept: nothing of a probe is to stay."""

DENIED = ("NOAUTH", "NOPERM", "WRONGPASS")


class CacheAnswerError(Exception):
    """The cache answered, but not what the protocol or the command makes one expect."""


def probe(attempt: Attempt, arguments: Arguments) -> Outcome:
    """Ask ``host`` and ``port`` for a PONG, store ``value`` under ``key``, and read it back."""
    host, port = str(arguments["host"]), int(arguments.get("port", DEFAULT_PORT))
    key, value = str(arguments.get("key", "vpclab-probe")), str(arguments.get("value", "kept"))
    with connect(attempt, host, port) as connection:
        attempt.stage = Stage.CACHE
        connection.settimeout(ANSWER_SECONDS)
        with connection.makefile("rb") as answers:
            attempt.evidence["ping"] = _command(connection, answers, "PING")
            _command(connection, answers, "SET", key, value, "EX", str(KEY_SECONDS))
            found = attempt.evidence["value"] = _command(connection, answers, "GET", key)
    if found != value:
        raise CacheAnswerError(f"{key} was set to {value!r}, and is {found!r}")
    return Outcome.CONNECTED


def _command(connection: socket.socket, answers: BinaryIO, *words: str) -> str | None:
    encoded = [word.encode() for word in words]
    parts = b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded)
    connection.sendall(b"*%d\r\n%s" % (len(encoded), parts))
    return _answer(answers)


def _answer(answers: BinaryIO) -> str | None:
    line = answers.readline()
    if not line.endswith(b"\r\n"):
        raise ConnectionResetError("the connection ended in the middle of an answer")
    kind, rest = line[:1], line[1:-2].decode("utf-8", "replace")
    match kind:
        case b"+" | b":":
            return rest
        case b"$" if rest == "-1":
            return None
        case b"$":
            return answers.read(int(rest) + 2)[:-2].decode("utf-8", "replace")
        case b"-" if rest.startswith(DENIED):
            raise DeniedByServiceError(rest)
    raise CacheAnswerError(f"the cache answered {line!r}")
