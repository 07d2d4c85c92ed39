"""The program ``nft``, which loads the data plane's rules."""

import os
import shutil
from pathlib import Path

from vpclab.toolchain import apt
from vpclab.toolchain.error import ToolchainError
from vpclab.toolchain.progress import Say

PURPOSE = "nft loads the local cloud's packet filter rules"
SYSTEM_FOLDERS = "/usr/sbin:/sbin"
"""Where Debian puts it; not on an ordinary user's PATH."""


def find() -> Path | None:
    """Return the program, or None."""
    found = shutil.which("nft", path=f"{os.environ.get('PATH', '')}:{SYSTEM_FOLDERS}")
    return Path(found) if found else None


def provide(say: Say) -> Path:
    """Return the program, installing it where we are root.

    Raises:
        ToolchainError: it is missing and cannot be installed; the text has the command to type.
    """
    found = find()
    if found is None:
        apt.install("nftables", PURPOSE, say)
        found = find()
    if found is None:
        raise ToolchainError("nftables was installed, but there is still no program nft on PATH or in /usr/sbin")
    say(f"nftables: {found}")
    return found
