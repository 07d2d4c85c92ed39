"""What PULUMI_HOME holds: stand-ins where wanted, official ones where there are some."""

import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.unit.toolchain.conftest import Program
from vpclab.toolchain import plugins
from vpclab.toolchain.error import ToolchainError
from vpclab.toolchain.project import Project
from vpclab.toolchain.pulumi_cli import PulumiCli

AWS = f"plugins/resource-aws-v{version('pulumi-aws')}"
HOST = f"plugins/language-python-v{version('pulumi')}/pulumi-language-python"


@pytest.fixture
def cli(program: Program) -> PulumiCli:
    return PulumiCli(program("pulumi", "echo v3.260.1"), "PATH")


def test_standins_can_be_placed_where_the_engine_looks(project: Project, cli: PulumiCli, program: Program) -> None:
    """Each is an executable that runs its module with the project's Python, in a folder of the SDK's version."""
    python = program("python in a folder with spaces", 'echo "$*"')
    home = plugins.place(project, cli, "standin", python)
    assert home == project.pulumi_home("standin")
    for launcher, module in (
        (home / AWS / "pulumi-resource-aws", "vpclab.toolchain.aws_plugin"),
        (home / HOST, "vpclab.toolchain.language_host"),
    ):
        said = subprocess.run([launcher, "127.0.0.1:1"], capture_output=True, text=True, check=True).stdout
        assert said == f"-m {module} 127.0.0.1:1\n"


def test_standins_can_be_placed_twice(project: Project, cli: PulumiCli, program: Program) -> None:
    """The second time nothing is written: a running engine may just be starting one."""
    python = program("python", "")
    launcher = plugins.place(project, cli, "standin", python) / HOST
    before = launcher.stat().st_mtime_ns, launcher.stat().st_ino
    plugins.place(project, cli, "standin", python)
    assert (launcher.stat().st_mtime_ns, launcher.stat().st_ino) == before


def test_language_host_cannot_stand_in_for_an_official_one(
    project: Project, cli: PulumiCli, program: Program
) -> None:
    """Where an official one appears beside the command line, the stand-in goes."""
    home = plugins.place(project, cli, "standin", program("python", ""))
    assert (home / HOST).exists()
    program("pulumi-language-python", "", cli.path.parent)
    plugins.place(project, cli, "standin", program("python", ""))
    assert not (home / HOST).exists()


def test_official_aws_plugin_can_be_linked(
    project: Project, cli: PulumiCli, program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user's own folder is linked into a PULUMI_HOME of ours; it is not changed."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PULUMI_HOME", raising=False)
    official = program("pulumi-resource-aws", "echo official", tmp_path / ".pulumi" / AWS)
    home = plugins.place(project, cli, "official", program("python", ""))
    assert (home / AWS / "pulumi-resource-aws").resolve() == official
    plugins.place(project, cli, "official", program("python", ""))


def test_official_aws_plugin_cannot_be_a_standin(
    project: Project, cli: PulumiCli, program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a shell with the variables of `vpclab env`, PULUMI_HOME holds the stand-in, which is not official."""
    home = plugins.place(project, cli, "standin", program("python", ""))
    monkeypatch.setenv("PULUMI_HOME", str(home))
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(ToolchainError, match="`pulumi plugin install resource aws"):
        plugins.place(project, cli, "official", program("python", ""))


def test_plugin_cannot_be_one_that_does_not_exist(project: Project, cli: PulumiCli, program: Program) -> None:
    """The error names the choices."""
    with pytest.raises(ToolchainError, match="choose standin or official"):
        plugins.place(project, cli, "other", program("python", ""))
