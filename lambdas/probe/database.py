"""Can it query PostgreSQL over TLS, and which two addresses does the server say the connection has?"""

import socket
import ssl
from typing import Any

from pg8000.exceptions import DatabaseError, InterfaceError
from pg8000.native import Connection

from .attempt import Arguments, Attempt
from .connection import ANSWER_SECONDS, connect
from .outcome import DeniedByServiceError, Outcome, Stage

DEFAULT_PORT = 5432
INVALID_AUTHORIZATION = "28"
"""The class of SQLSTATE codes that say: I know what you want, and you may not (PostgreSQL, appendix A)."""

QUERY = """
select host(inet_client_addr()), host(inet_server_addr()), current_user, version(),
       (select version from pg_stat_ssl where pid = pg_backend_pid())
"""


def probe(attempt: Attempt, arguments: Arguments) -> Outcome:
    """Log in with ``user`` and ``password`` at ``host`` and ``port``, database ``dbname``, and run a query."""
    host, port = str(arguments["host"]), int(arguments.get("port", DEFAULT_PORT))
    try:
        database = _log_in(attempt, host, port, arguments, verify=True)
    except ssl.SSLCertVerificationError as failure:
        # RDS certificates chain to a root that a function does not have unless it brings it along. The
        # connection is encrypted all the same; the evidence says that nobody vouched for the far end.
        attempt.evidence |= {"certificate_verified": False, "certificate_problem": failure.verify_message}
        database = _log_in(attempt, host, port, arguments, verify=False)
    try:
        (row,) = database.run(QUERY)
    finally:
        database.close()
    client_address, server_address, user, version, tls_version = row
    attempt.evidence |= {
        "client_address": client_address,
        "server_address": server_address,
        "user": user,
        "server_version": version,
        "tls_version": tls_version,
    }
    return Outcome.CONNECTED


def _log_in(attempt: Attempt, host: str, port: int, arguments: Arguments, *, verify: bool) -> Connection:
    """Open a connection and log in; every failure comes out as the socket's or the server's own."""
    connection = connect(attempt, host, port)
    connection.settimeout(ANSWER_SECONDS)
    attempt.stage = Stage.TLS
    context = _Context(attempt, verify=verify)
    try:
        return Connection(
            user=str(arguments["user"]),
            password=str(arguments["password"]),
            database=str(arguments["dbname"]),
            host=host,
            sock=connection,
            ssl_context=context,
        )
    except DatabaseError as failure:
        connection.close()
        described = failure.args[0] if failure.args and isinstance(failure.args[0], dict) else {}
        code = str(described.get("C", ""))
        attempt.evidence["sqlstate"] = code
        if code.startswith(INVALID_AUTHORIZATION):
            raise DeniedByServiceError(str(described.get("M", failure))) from failure
        raise
    except InterfaceError as failure:
        connection.close()
        # The driver wraps the socket's failure, which is what tells a time-out from a refusal.
        if isinstance(failure.__cause__, OSError):
            raise failure.__cause__ from failure
        raise
    except BaseException:
        connection.close()
        raise


class _Context:
    """Stands between the driver and TLS, to see the stages go by."""

    def __init__(self, attempt: Attempt, *, verify: bool) -> None:
        self._attempt = attempt
        self._context = ssl.create_default_context()
        if not verify:
            self._context.check_hostname = False
            self._context.verify_mode = ssl.CERT_NONE
        self._verify = verify

    def wrap_socket(self, connection: socket.socket, **arguments: Any) -> ssl.SSLSocket:  # noqa: ANN401
        """Begin TLS as :meth:`ssl.SSLContext.wrap_socket` does, and note that the next stage is SQL."""
        secured = self._context.wrap_socket(connection, **arguments)
        self._attempt.evidence["certificate_verified"] = self._verify
        self._attempt.stage = Stage.SQL
        return secured
