"""Building the Pulumi command line from its Go modules, pinned by the go.mod and go.sum beside this file."""

import os
import shutil
import subprocess
import tempfile
import time
from collections import deque
from pathlib import Path

from vpclab.toolchain import go_toolchain
from vpclab.toolchain.error import ToolchainError
from vpclab.toolchain.progress import Say

MODULES = Path(__file__).with_name("pulumi_build")
PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
REPORT_SECONDS = 10.0


def build(version: str, target: Path, cache: Path, say: Say) -> None:
    """Build ``target`` (an executable) of that version; it appears whole or not at all.

    The module pulumi/pkg has replace directives, so ``go install ...@version`` refuses it; a module of our own
    that requires it does not.

    Raises:
        ToolchainError: no Go tool chain, or the build failed; the text has the compiler's last lines.
    """
    go = go_toolchain.provide(cache, say)
    target.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="building-") as scratch:
        for name in ("go.mod", "go.sum"):
            shutil.copy(MODULES / name, scratch)
        environment = {**os.environ, **go.variables, "GOWORK": "off", "CGO_ENABLED": "0"}
        flags = environment.get("GOFLAGS", "")
        environment["GOFLAGS"] = f"{flags} -mod=readonly -buildvcs=false".strip()
        say(f"Pulumi: fetching the Go modules of version {version} (once; about half a minute)")
        packages = _run([str(go.path), "list", "-deps", PACKAGE], scratch, environment)
        say(f"Pulumi: compiling {len(packages)} packages (once; about four minutes on two cores)")
        built = Path(scratch) / "pulumi"
        linker = f"-s -w -X {VERSION_VARIABLE}=v{version}"
        command = [str(go.path), "build", "-v", "-trimpath", "-ldflags", linker, "-o", str(built), PACKAGE]
        _compile(command, scratch, environment, len(packages), say)
        built.rename(target)
    say(f"Pulumi: {target}, built in {time.monotonic() - started:.0f} s")


def _run(command: list[str], directory: str, environment: dict[str, str]) -> list[str]:
    result = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise _failure(command, result.stderr.splitlines()[-5:])
    return result.stdout.split()


def _compile(command: list[str], directory: str, environment: dict[str, str], total: int, say: Say) -> None:
    tail: deque[str] = deque(maxlen=5)
    compiled, reported = 0, time.monotonic()
    with subprocess.Popen(
        command, cwd=directory, env=environment, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    ) as compiler:
        for line in compiler.stderr or ():
            tail.append(line.rstrip())
            compiled += 1  # -v: a line per package that is compiled; those in Go's own cache are not
            if time.monotonic() - reported >= REPORT_SECONDS:
                reported = time.monotonic()
                say(f"Pulumi: compiled {compiled} of at most {total} packages")
    if compiler.returncode != 0:
        raise _failure(command, list(tail))


def _failure(command: list[str], lines: list[str]) -> ToolchainError:
    said = "\n".join(lines) or "it said nothing"
    return ToolchainError(f"building the Pulumi command line failed (`go {command[1]}`):\n{said}")
