"""Valkey's configuration for one node, as command line.

What a client can see follows ElastiCache: commands that the service keeps for itself are unknown (ElastiCache
guide, "Restricted Valkey and Redis OSS commands"), and so is every way to write to the disk.
"""

from pathlib import Path

from vpclab.localcloud.caches.distribution import PROGRAM
from vpclab.localcloud.server_sandbox import User

USER = User("elasticache", 27)
DATA = Path("/data")
SOCKETS = Path("/run/valkey")
SOCKET = "valkey.sock"

RESTRICTED = (
    "ACL",
    "BGREWRITEAOF",
    "BGSAVE",
    "CLUSTER",
    "CONFIG",
    "DEBUG",
    "FAILOVER",
    "MIGRATE",
    "MODULE",
    "PSYNC",
    "REPLICAOF",
    "SAVE",
    "SHUTDOWN",
    "SLAVEOF",
    "SYNC",
)
"""Commands that clients cannot give."""

_MEMORY = "64mb"  # several nodes share a laptop


def command_line(address: str, port: int) -> list[str]:
    """Return the program with its settings: listening on that address alone, keeping nothing on disk."""
    settings: list[tuple[str, ...]] = [
        ("--bind", address),
        ("--port", str(port)),
        ("--unixsocket", str(SOCKETS / SOCKET)),
        ("--unixsocketperm", "700"),
        ("--protected-mode", "no"),
        ("--dir", str(DATA)),
        ("--save", ""),
        ("--appendonly", "no"),
        ("--maxmemory", _MEMORY),
        ("--maxmemory-policy", "volatile-lru"),
        ("--databases", "16"),
        ("--timeout", "0"),
        ("--tcp-keepalive", "300"),
        ("--daemonize", "no"),
        ("--loglevel", "notice"),
    ]
    settings += [("--rename-command", command, "") for command in RESTRICTED]
    return [str(PROGRAM), *(word for setting in settings for word in setting)]
