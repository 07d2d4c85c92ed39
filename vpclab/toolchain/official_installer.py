"""Pulumi's official installer, where it can be reached."""

import os
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from vpclab.toolchain.progress import Say

URL = "https://get.pulumi.com"
REACH_SECONDS = 4.0
"""How long the installer's address may stay silent before the next way is tried."""
INSTALL_SECONDS = 600


def install(version: str, directory: Path, say: Say, url: str = URL) -> str | None:
    """Run the installer so that ``directory``/bin/pulumi is there; return None, or why that was not possible.

    Nothing outside ``directory`` changes: no profile is edited, and ``directory`` appears whole or not at all.
    """
    say(f"Pulumi: asking the official installer at {url} for version {version}")
    try:
        with urllib.request.urlopen(url, timeout=REACH_SECONDS) as answer:  # noqa: S310 - the scheme is fixed above
            script = answer.read()
    except (urllib.error.URLError, OSError) as failure:
        return f"{url} does not answer ({getattr(failure, 'reason', failure)})"
    if not script.startswith(b"#!"):
        return f"{url} answered with something that is not the installer"
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix="installing-") as scratch:
        program = Path(scratch) / "install.sh"
        program.write_bytes(script)
        target = Path(scratch) / "root"
        arguments = ["--version", version, "--install-root", str(target), "--no-edit-path"]
        try:
            subprocess.run(
                ["/bin/sh", str(program), *arguments],
                check=True,
                timeout=INSTALL_SECONDS,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        except subprocess.CalledProcessError as failure:
            return f"it failed: {_last_line(failure.stdout)}"
        except (OSError, subprocess.SubprocessError) as failure:
            return f"it failed: {failure}"
        if not os.access(target / "bin" / "pulumi", os.X_OK):
            return "it ended without leaving an executable"
        shutil.rmtree(directory, ignore_errors=True)
        target.rename(directory)
    return None


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
