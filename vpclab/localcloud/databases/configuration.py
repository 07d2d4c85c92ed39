"""PostgreSQL's configuration for one instance, as text.

What a client can see follows RDS: TLS is forced from version 15 on (RDS guide, "Requiring an SSL connection to a
PostgreSQL DB instance"), passwords are SCRAM, ``rdsadmin`` never comes over the network. Writing to the disk is
left to the kernel: the data lives as long as the local cloud.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from vpclab.localcloud.server_sandbox import User

ADMINISTRATOR = "rdsadmin"
"""The superuser, which on RDS belongs to the service as well."""

FORCE_SSL_SINCE = 15

USER = User("rdsdb", 26)
"""As whom databases run on RDS."""

DATA = Path("/data")
SOCKETS = Path("/run/postgresql")


@dataclass(frozen=True, slots=True)
class Listening:
    """Where an instance listens and what it demands."""

    address: IPv4Address
    port: int
    force_ssl: bool


def force_ssl(engine_version: str) -> bool:
    """Return the default of ``rds.force_ssl`` for a requested engine version; unreadable ones count as new."""
    major = engine_version.partition(".")[0]
    return not major.isdecimal() or int(major) >= FORCE_SSL_SINCE


def postgresql_conf(listening: Listening) -> str:
    """Return the text of postgresql.conf."""
    settings = {
        "listen_addresses": f"'{listening.address}'",
        "port": str(listening.port),
        "unix_socket_directories": f"'{SOCKETS}'",
        "unix_socket_permissions": "0700",
        "ssl": "on",
        "ssl_cert_file": "'server.crt'",
        "ssl_key_file": "'server.key'",
        "ssl_min_protocol_version": "'TLSv1.2'",
        "password_encryption": "'scram-sha-256'",
        "rds.force_ssl": "'1'" if listening.force_ssl else "'0'",
        "timezone": "'UTC'",
        "log_timezone": "'UTC'",
        # What was committed outlives the server, but not the machine.
        "fsync": "off",
        "full_page_writes": "off",
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "min_wal_size": "2MB",
        "max_wal_size": "32MB",
        # Several instances share a laptop.
        "shared_buffers": "4MB",
        "max_connections": "80",
        "max_worker_processes": "2",
        "max_parallel_workers": "0",
        "max_logical_replication_workers": "0",
        "autovacuum_max_workers": "1",
        "autovacuum_naptime": "5min",
        "bgwriter_delay": "10s",
        "wal_writer_delay": "10s",
        "huge_pages": "off",
        "dynamic_shared_memory_type": "posix",
    }
    return "".join(f"{name} = {value}\n" for name, value in settings.items())


def pg_hba_conf(listening: Listening) -> str:
    """Return the text of pg_hba.conf: who may come from where, and how they prove who they are."""
    lines = [
        f"local all {ADMINISTRATOR} trust",  # the socket's directory admits the local cloud alone
        "local all all reject",
        f"host all {ADMINISTRATOR} all reject",
        "hostssl all all all scram-sha-256",
    ]
    if not listening.force_ssl:
        lines.append("hostnossl all all all scram-sha-256")
    return "".join(f"{line}\n" for line in lines)
