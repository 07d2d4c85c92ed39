"""Debian packages: installed where we may, else the exact command to type."""

import os
import shutil
import subprocess

from vpclab.toolchain.error import ToolchainError
from vpclab.toolchain.progress import Say

OTHER_INSTALLERS = {
    "dnf": "dnf install -y",
    "apk": "apk add",
    "pacman": "pacman -S",
    "zypper": "zypper install -y",
}


def install(package: str, purpose: str, say: Say) -> None:
    """Install a Debian package, as root.

    Raises:
        ToolchainError: we are not root or there is no apt-get (the text has the command to type), or it failed.
    """
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        raise ToolchainError(f"{package} is missing ({purpose}). Type: {command_to_type(package)}")
    say(f"{package}: missing ({purpose}); installing it with apt-get, as we are root")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = [apt, "install", "-y", "-q", "--no-install-recommends", package]
    first = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if first.returncode == 0:
        return
    say(f"{package}: apt-get does not find it yet; updating its lists")
    subprocess.run([apt, "update", "-q"], env=environment, capture_output=True, check=False)
    second = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if second.returncode != 0:
        last = (second.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise ToolchainError(f"apt-get could not install {package} ({purpose}): {last}")


def command_to_type(package: str) -> str:
    """Return the line that installs ``package`` on this system, as an ordinary user types it."""
    for program, words in OTHER_INSTALLERS.items():
        if shutil.which(program) and shutil.which("apt-get") is None:
            return f"sudo {words} {package}"
    return f"sudo apt-get install -y {package}"
