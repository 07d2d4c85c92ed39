"""The Pulumi command line: found on PATH, else in the cache, else installed or built into the cache."""

import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vpclab.toolchain import go_build, official_installer
from vpclab.toolchain.error import ToolchainError
from vpclab.toolchain.progress import Say
from vpclab.toolchain.project import Project

VERSION = "3.259.0"
"""What is installed where there is none; the newest whose Go modules are all served."""
OLDEST = (3, 220)
"""What a command line found on PATH must be at least, for this SDK's protocol."""
LANGUAGE_HOST = "pulumi-language-python"
VERSION_SECONDS = 20


@dataclass(frozen=True, slots=True)
class PulumiCli:
    """A Pulumi command line. ``origin`` says where it came from: "PATH", "official installer" or "Go modules"."""

    path: Path
    origin: str

    @property
    def official_language_host(self) -> Path | None:
        """The official Python language host beside the executable, where the engine looks; None if absent."""
        host = self.path.resolve().with_name(LANGUAGE_HOST)
        return host if os.access(host, os.X_OK) else None

    def version(self) -> str:
        """Ask the executable for its version, such as "3.259.0".

        Raises:
            ToolchainError: it does not run, or does not say.
        """
        try:
            answer = subprocess.run(
                [self.path, "version"],
                capture_output=True,
                text=True,
                timeout=VERSION_SECONDS,
                check=True,
                env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            ).stdout.strip()
        except (OSError, subprocess.SubprocessError) as failure:
            raise ToolchainError(f"{self.path} does not tell its version: {failure}") from None
        if not re.fullmatch(r"v?\d+\.\d+\.\d+.*", answer):
            raise ToolchainError(f"{self.path} does not tell its version: it says {answer[:80]!r}")
        return answer.removeprefix("v")


def find(project: Project, variables: Mapping[str, str] | None = None) -> PulumiCli | None:
    """Return the command line that would be used, or None; runs and installs nothing."""
    environ = os.environ if variables is None else variables
    built = _built(project)
    on_path = shutil.which("pulumi", path=environ.get("PATH", ""))
    # `vpclab env` puts the cached one on PATH: it is still the cached one.
    if on_path and Path(on_path).resolve() != built.path.resolve():
        return PulumiCli(Path(on_path), "PATH")
    for cli in (_installed(project), built):
        if os.access(cli.path, os.X_OK):
            return cli
    return None


def require(project: Project) -> PulumiCli:
    """Return the command line that is there.

    Raises:
        ToolchainError: there is none.
    """
    cli = find(project)
    if cli is None:
        raise ToolchainError("the Pulumi command line is neither on PATH nor in the cache; `make setup` brings it")
    return cli


def provide(project: Project, say: Say) -> PulumiCli:
    """Find the command line, or install it, or build it; ``say`` hears each step and its reason.

    Raises:
        ToolchainError: none of the three ways worked; the text has the reasons.
    """
    found = find(project)
    if found is not None and found.origin == "PATH":
        refusal = _unsuitable(found)
        if refusal is None:
            say(f"Pulumi: {found.path}, found on PATH")
            return found
        # It would come first on PATH again: nothing that we put into the cache can help against it.
        raise ToolchainError(f"{refusal}. Update it, or take it off PATH and run this again")
    if found is not None:
        say(f"Pulumi: {found.path}, from the cache (by way of {found.origin})")
        return found
    say("Pulumi: not on PATH, not in the cache")
    with _locked(project.cache / "pulumi.lock", say):
        return find(project) or _make(project, say)


def _make(project: Project, say: Say) -> PulumiCli:
    installed = _installed(project)
    refusal = official_installer.install(VERSION, installed.path.parent.parent, say)
    if refusal is None:
        say(f"Pulumi: {installed.path}, by the official installer")
        return installed
    say(f"Pulumi: the official installer cannot be used: {refusal}")
    built = _built(project)
    go_build.build(VERSION, built.path, project.cache, say)
    return built


def _installed(project: Project) -> PulumiCli:
    return PulumiCli(project.cache / f"pulumi-v{VERSION}-official" / "bin" / "pulumi", "official installer")


def _built(project: Project) -> PulumiCli:
    return PulumiCli(project.cache / f"pulumi-v{VERSION}-built" / "pulumi", "Go modules")


def _unsuitable(cli: PulumiCli) -> str | None:
    try:
        version = cli.version()
    except ToolchainError as refusal:
        return str(refusal)
    numbers = tuple(int(part) for part in version.split(".")[:2])
    if numbers < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        return f"{cli.path} is version {version}, and this project needs {oldest} or newer"
    return None


@contextmanager
def _locked(path: Path, say: Say) -> Iterator[None]:
    """Hold ``path`` as a lock: two set-ups at once must not build the same thing twice."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Pulumi: waiting for another set-up that is bringing it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
