"""The folders of plugins that PULUMI_HOME holds: stand-ins of ours, or links to the user's official ones."""

import os
import shutil
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from vpclab.toolchain.error import ToolchainError
from vpclab.toolchain.project import Project
from vpclab.toolchain.pulumi_cli import LANGUAGE_HOST, PulumiCli

PLUGINS = ("standin", "official")
AWS_PLUGIN = "pulumi-resource-aws"


def place(project: Project, cli: PulumiCli, plugin: str, python: Path) -> Path:
    """Make the PULUMI_HOME for that choice of aws plugin complete, and return it.

    The language host stands in only where ``cli`` has none beside it. ``python`` runs the stand-ins.

    Raises:
        ToolchainError: the official aws plugin was wanted and is not installed; or there is no such choice.
    """
    home = project.pulumi_home(plugin)
    folder = home / "plugins" / f"resource-aws-v{version('pulumi-aws')}"
    if plugin == "standin":
        _launcher(folder / AWS_PLUGIN, python, "vpclab.toolchain.aws_plugin")
    elif plugin == "official":
        _link(folder, require_official())
    else:
        raise ToolchainError(f"there is no {plugin!r} aws plugin: choose {' or '.join(PLUGINS)}")
    host = home / "plugins" / f"language-python-v{version('pulumi')}"
    if cli.official_language_host is None:
        _launcher(host / LANGUAGE_HOST, python, "vpclab.toolchain.language_host")
    else:
        shutil.rmtree(host, ignore_errors=True)
    return home


def official_aws_plugin(variables: Mapping[str, str] | None = None) -> Path | None:
    """Return the folder of the user's own official aws plugin of the SDK's version, or None."""
    environ = os.environ if variables is None else variables
    candidates = [Path(environ.get("HOME", "~")).expanduser() / ".pulumi"]
    if "PULUMI_HOME" in environ:
        candidates.insert(0, Path(environ["PULUMI_HOME"]))
    for home in candidates:
        folder = home / "plugins" / f"resource-aws-v{version('pulumi-aws')}"
        program = folder / AWS_PLUGIN
        if os.access(program, os.X_OK) and not _is_launcher(program):
            return folder
    return None


def require_official() -> Path:
    """Return the folder of the user's own official aws plugin of the SDK's version.

    Raises:
        ToolchainError: it is not installed.
    """
    folder = official_aws_plugin()
    if folder is None:
        wanted = version("pulumi-aws")
        raise ToolchainError(
            f"the official aws plugin {wanted} is not installed; `pulumi plugin install resource aws {wanted}`, "
            "in a shell without the variables of `vpclab env`, brings it (local targets do without it)"
        )
    return folder


MARK = "# a stand-in of vpclab"


def _launcher(path: Path, python: Path, module: str) -> None:
    text = f'#!/bin/sh\n{MARK}\nexec "{python}" -m {module} "$@"\n'
    if path.exists() and path.read_text() == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text)
    draft.chmod(0o755)
    draft.replace(path)


def _is_launcher(path: Path) -> bool:
    with path.open("rb") as program:
        return MARK.encode() in program.read(200)


def _link(link: Path, target: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink():
        link.unlink()
    link.symlink_to(target.resolve(), target_is_directory=True)
