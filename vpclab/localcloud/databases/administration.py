"""What the service does inside an instance: the master user, its password, its database.

By SQL over the instance's local socket, as ``rdsadmin``; nothing of it touches the network.
"""

import hashlib
import hmac
import os
import socket
from base64 import b64encode
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pg8000.native

from vpclab.localcloud.databases.configuration import ADMINISTRATOR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vpclab.localcloud.control_plane.database_credentials import DatabaseCredentials

_ITERATIONS = 4096
_SECONDS = 30.0
_RESERVED = frozenset({"", "postgres", "template0", "template1"})
"""Databases that exist anyway; RDS gives ``postgres`` to the master user."""


def apply(sockets: Path, port: int, credentials: "DatabaseCredentials") -> None:
    """Make the master user, its password and the named database what they should be. May be repeated.

    Raises:
        OSError: the instance does not accept connections (yet).
        pg8000.exceptions.DatabaseError: it refused a statement.
    """
    user = pg8000.native.identifier(credentials.username)
    verifier = pg8000.native.literal(scram_verifier(credentials.password))
    with connected(sockets, port) as connection:
        exists = connection.run("select 1 from pg_roles where rolname = :name", name=credentials.username)
        if not exists:
            connection.run(f"create role {user} login createdb createrole inherit")
            connection.run(f"grant rds_superuser to {user}")
            connection.run(f"alter database postgres owner to {user}")
        connection.run(f"alter role {user} password {verifier}")
        name = credentials.database_name
        if name in _RESERVED:
            return
        if not connection.run("select 1 from pg_database where datname = :name", name=name):
            connection.run(f"create database {pg8000.native.identifier(name)} owner {user}")


def reload(sockets: Path, port: int) -> None:
    """Have the server read its configuration again; connections that are open stay.

    Raises:
        OSError: the instance does not accept connections.
    """
    with connected(sockets, port) as connection:
        connection.run("select pg_reload_conf()")


def accepts_connections(sockets: Path, port: int) -> bool:
    """Whether the instance lets the administrator in; False while it starts."""
    with suppress(OSError, pg8000.exceptions.Error), connected(sockets, port):
        return True
    return False


def scram_verifier(password: str, salt: bytes | None = None) -> str:
    """Return what PostgreSQL stores of a password (RFC 5803), so that the password itself is in no statement."""
    salt = salt or os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    stored_key = hashlib.sha256(client_key).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    parts = [b64encode(part).decode() for part in (salt, stored_key, server_key)]
    return f"SCRAM-SHA-256${_ITERATIONS}:{parts[0]}${parts[1]}:{parts[2]}"


@contextmanager
def connected(sockets: Path, port: int) -> "Iterator[pg8000.native.Connection]":
    """A connection as administrator. The path of a socket may be 107 bytes, so it is shortened by a descriptor."""
    directory = os.open(sockets, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as plain:
        try:
            plain.settimeout(_SECONDS)
            plain.connect(f"/proc/self/fd/{directory}/.s.PGSQL.{port}")
        finally:
            os.close(directory)
        connection = pg8000.native.Connection(ADMINISTRATOR, database="postgres", sock=plain)
        try:
            yield connection
        finally:
            connection.close()
