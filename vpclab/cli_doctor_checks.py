"""What a machine needs for vpclab: each check looks, by really trying, and knows its remedy."""

import importlib.metadata
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from vpclab.localcloud import memory_cgroup, private_world
from vpclab.localcloud.memory_cgroup_place import MemoryCgroupError
from vpclab.localcloud.private_world import PrivateWorldError
from vpclab.toolchain import apt, nftables, plugins, pulumi_cli
from vpclab.toolchain.error import ToolchainError
from vpclab.toolchain.project import Project
from vpclab.toolchain.pulumi_cli import LANGUAGE_HOST, PulumiCli

OLDEST_PYTHON = (3, 11)
TRIAL_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer of one check. ``state``: "ok", "stand-in", "absent" (optional) or "missing" (required)."""

    name: str
    state: str
    detail: str
    remedy: str = ""

    @property
    def serious(self) -> bool:
        """Whether vpclab cannot work like that."""
        return self.state == "missing"


def examine(project: Project) -> Iterator[Finding]:
    """Look at everything, in the order in which one thing needs another."""
    yield _python()
    yield _environment(project)
    packages = _packages(project)
    yield packages
    if packages.serious:
        return  # what follows needs them
    cli = pulumi_cli.find(project)
    yield _pulumi(cli)
    yield _language_host(cli)
    yield _aws_plugin()
    yield _official_aws_plugin()
    yield _nftables()
    yield _memory()
    yield from _kernel()


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] >= OLDEST_PYTHON:
        return Finding("Python", "ok", version)
    return Finding("Python", "missing", version, "install Python 3.11 or newer, remove .venv, `make setup`")


def _environment(project: Project) -> Finding:
    inside = sys.prefix != sys.base_prefix
    if inside:
        return Finding("virtual environment", "ok", sys.prefix)
    return Finding(
        "virtual environment", "missing", f"{sys.executable} is not in one", f"`make setup` in {project.root}"
    )


def _packages(project: Project) -> Finding:
    wrong = []
    for requirement in _requirements(project.root / "requirements.txt"):
        name, _, wanted = requirement.partition("==")
        name = name.partition("[")[0]
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found = "none"
        if found != wanted:
            wrong.append(f"{name} {found} instead of {wanted}")
    if wrong:
        return Finding("Python packages", "missing", ", ".join(wrong), "`make setup`")
    return Finding("Python packages", "ok", "as pinned in requirements.txt")


def _requirements(path: Path) -> list[str]:
    lines = [line.partition("#")[0].strip() for line in path.read_text().splitlines()]
    return [line for line in lines if line]


def _pulumi(cli: PulumiCli | None) -> Finding:
    if cli is None:
        return Finding("Pulumi command line", "missing", "neither on PATH nor in the cache", "`make setup`")
    try:
        return Finding("Pulumi command line", "ok", f"{cli.version()} at {cli.path} ({cli.origin})")
    except ToolchainError as refusal:
        return Finding("Pulumi command line", "missing", str(refusal), "remove it and run `make setup`")


def _language_host(cli: PulumiCli | None) -> Finding:
    if cli is not None and cli.official_language_host is not None:
        return Finding("Python language host", "ok", f"official: {cli.official_language_host}")
    return Finding("Python language host", "stand-in", f"no official {LANGUAGE_HOST} beside the command line")


def _aws_plugin() -> Finding:
    try:
        found = importlib.util.find_spec("vpclab.toolchain.aws_plugin.__main__")
    except ModuleNotFoundError:
        found = None
    if found is None:
        return Finding("aws plugin", "missing", "the stand-in's module is not there", "the checkout is incomplete")
    return Finding("aws plugin", "stand-in", "what local targets use unless --plugin official is given")


def _official_aws_plugin() -> Finding:
    folder = plugins.official_aws_plugin()
    wanted = importlib.metadata.version("pulumi-aws")
    if folder is not None:
        return Finding("official aws plugin", "ok", str(folder))
    return Finding(
        "official aws plugin",
        "absent",
        f"no version {wanted}; only --plugin official needs it",
        f"`pulumi plugin install resource aws {wanted}` in a shell without the variables of `vpclab env`",
    )


def _nftables() -> Finding:
    found = nftables.find()
    if found is None:
        return Finding("nftables", "missing", "no program nft", apt.command_to_type("nftables"))
    return Finding("nftables", "ok", str(found))


def _memory() -> Finding:
    name = "bound of functions' memory"
    try:
        with closing(memory_cgroup.make()) as group:
            return Finding(name, "ok", f"{group.description} (tried)")
    except (MemoryCgroupError, OSError) as refusal:
        return Finding(name, "absent", f"{memory_cgroup.WITHOUT}: {refusal}", memory_cgroup.REMEDY)


def _kernel() -> Iterator[Finding]:
    from vpclab.cli_doctor_kernel import TRIALS  # noqa: PLC0415 - it needs the packages

    for name, trial, remedy in TRIALS:
        try:
            private_world.run(trial, TRIAL_SECONDS)
        except PrivateWorldError as refusal:
            said = str(refusal).strip()
            yield Finding(f"kernel: {name}", "missing", said.splitlines()[-1], remedy or said)
            if not remedy:
                return  # without namespaces nothing else can be tried
        else:
            yield Finding(f"kernel: {name}", "ok", "tried")
