"""What may become of an attempt to reach something, and how a failure is told from another."""

import errno
import socket
from enum import StrEnum


class Outcome(StrEnum):
    """The closed vocabulary of answers.

    ``unreachable`` is what an ICMP error or a missing route in the guest looks like; AWS drops instead, so it
    is not expected anywhere. ``refused`` needs a far host that said no. ``denied_by_service`` needs a service
    that was reached and declined by its own rules.
    """

    CONNECTED = "connected"
    NAME_NOT_RESOLVED = "name_not_resolved"
    TIMED_OUT = "timed_out"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    DENIED_BY_SERVICE = "denied_by_service"


class Stage(StrEnum):
    """The step of an attempt that was under way; in a failed answer, the step that failed."""

    DNS = "dns"
    TCP = "tcp"
    TLS = "tls"
    HTTP = "http"
    API = "api"
    SQL = "sql"
    CACHE = "cache"
    TRACE = "trace"
    PRINT = "print"


class NameNotResolvedError(Exception):
    """The resolver said no, or said nothing before the deadline."""


class DeniedByServiceError(Exception):
    """The far service was reached and declined by its own rules (permissions, password)."""


_REFUSED = frozenset({errno.ECONNREFUSED, errno.ECONNRESET, errno.EPIPE})
_UNREACHABLE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN})


def outcome_of(failure: BaseException) -> Outcome | None:
    """Name what went wrong, or None where it is no network outcome (a certificate, a defect of the probe)."""
    if isinstance(failure, NameNotResolvedError | socket.gaierror):
        return Outcome.NAME_NOT_RESOLVED
    if isinstance(failure, DeniedByServiceError):
        return Outcome.DENIED_BY_SERVICE
    if isinstance(failure, TimeoutError):
        return Outcome.TIMED_OUT
    if isinstance(failure, OSError):
        if failure.errno in _REFUSED or isinstance(failure, ConnectionError):
            return Outcome.REFUSED
        if failure.errno in _UNREACHABLE:
            return Outcome.UNREACHABLE
    return None
