"""What an RDS instance's server is told besides where it listens."""

from typing import NamedTuple


class DatabaseSettings(NamedTuple):
    """``force_ssl``: whether connections without TLS are refused (``rds.force_ssl``), as far as applied.

    ``boots`` counts what restarts the server: another number needs another process.
    """

    force_ssl: bool
    boots: int
