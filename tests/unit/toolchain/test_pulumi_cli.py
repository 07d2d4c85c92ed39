"""The Pulumi command line: PATH before cache before installer before build."""

from pathlib import Path

import pytest

from tests.unit.toolchain.conftest import Program
from vpclab.toolchain import go_build, official_installer, pulumi_cli
from vpclab.toolchain.error import ToolchainError
from vpclab.toolchain.project import Project
from vpclab.toolchain.pulumi_cli import VERSION, PulumiCli


@pytest.fixture(autouse=True)
def nothing_on_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder))


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch, program: Program) -> list[str]:
    """Replaces the two ways of getting a command line, and records which was tried."""
    tried: list[str] = []

    def install(_version: str, _directory: Path, _say: object) -> str:
        tried.append("installer")
        return "it does not answer"

    def build(version: str, target: Path, _cache: Path, _say: object) -> None:
        tried.append("build")
        program(target.name, f"echo v{version}", target.parent)

    monkeypatch.setattr(official_installer, "install", install)
    monkeypatch.setattr(go_build, "build", build)
    return tried


def test_command_line_can_come_from_path(
    project: Project, program: Program, ways: list[str], told: list[str]
) -> None:
    """One on PATH that is new enough is used as it is; nothing is installed."""
    path = program("pulumi", "echo v3.260.1")
    assert pulumi_cli.provide(project, told.append) == PulumiCli(path, "PATH")
    assert ways == []
    assert told == [f"Pulumi: {path}, found on PATH"]


def test_command_line_cannot_be_an_old_one(project: Project, program: Program, ways: list[str]) -> None:
    """An old one on PATH would come first for every plain `pulumi`, so it is refused by version and path."""
    path = program("pulumi", "echo v3.9.0")
    with pytest.raises(ToolchainError, match=rf"{path} is version 3\.9\.0.*off PATH"):
        pulumi_cli.provide(project, print)
    assert ways == []


def test_command_line_cannot_be_a_program_without_a_version(project: Project, program: Program) -> None:
    """Something else that is called pulumi is not taken for it."""
    program("pulumi", "echo I am a song")
    with pytest.raises(ToolchainError, match="does not tell its version: it says 'I am a song'"):
        pulumi_cli.provide(project, print)


def test_command_line_can_be_built_once(project: Project, ways: list[str], told: list[str]) -> None:
    """Without one, the installer is asked first; the build that follows is found in the cache the next time."""
    built = pulumi_cli.provide(project, told.append)
    assert ways == ["installer", "build"]
    assert built.origin == "Go modules"
    assert built.version() == VERSION
    assert "Pulumi: the official installer cannot be used: it does not answer" in told
    assert pulumi_cli.provide(project, told.append) == built
    assert ways == ["installer", "build"]


def test_command_line_can_be_recognised_on_path(
    project: Project, ways: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shell that evaluated `vpclab env` has the cached one on PATH: it stays the cached one."""
    built = pulumi_cli.provide(project, print)
    monkeypatch.setenv("PATH", str(built.path.parent))
    assert pulumi_cli.find(project) == built
    assert ways == ["installer", "build"]


def test_official_language_host_can_be_found_beside_the_command_line(program: Program, tmp_path: Path) -> None:
    """The engine looks beside the real executable, so a link to it is followed."""
    path = program("pulumi", "echo v3.260.1", tmp_path / "official")
    assert PulumiCli(path, "PATH").official_language_host is None
    host = program("pulumi-language-python", "", tmp_path / "official")
    link = tmp_path / "pulumi"
    link.symlink_to(path)
    assert PulumiCli(link, "PATH").official_language_host == host


def test_command_line_cannot_be_required_where_there_is_none(project: Project) -> None:
    """The remedy is one command."""
    with pytest.raises(ToolchainError, match="`make setup` brings it"):
        pulumi_cli.require(project)
