"""The build from Go modules, with a Go that only plays one."""

from pathlib import Path

import pytest

from tests.unit.toolchain.conftest import Program
from vpclab.toolchain import go_build
from vpclab.toolchain.error import ToolchainError

PLAYED = """
case "$1" in
  version) echo "go version go1.26.8 linux/amd64" ;;
  list) grep -q "pulumi/pkg/v3 v3.1.2" go.mod || exit 3; echo a b c ;;
  build) BUILD ;;
esac
"""


def played(build: str) -> str:
    return PLAYED.replace("BUILD", build)


@pytest.fixture(autouse=True)
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "go.mod").write_text("require github.com/pulumi/pulumi/pkg/v3 v3.1.2\n")
    (folder / "go.sum").write_text("")
    monkeypatch.setattr(go_build, "MODULES", folder)


def test_build_can_leave_one_executable(tmp_path: Path, program: Program, told: list[str]) -> None:
    """It is linked with its version, and appears whole."""
    program("go", played('all="$*"; while [ "$1" != -o ]; do shift; done; echo "$all" > "$2"'))
    target = tmp_path / "built" / "pulumi"
    go_build.build("3.1.2", target, tmp_path / "cache", told.append)
    assert "common/version.Version=v3.1.2" in target.read_text()
    assert list(target.parent.iterdir()) == [target]
    assert any("compiling 3 packages" in line for line in told)


def test_build_cannot_hide_the_compilers_words(tmp_path: Path, program: Program) -> None:
    """What the compiler said last is in the error, and nothing half-built is left."""
    program("go", played("echo 'x.go:1: undefined: y' >&2; exit 1"))
    target = tmp_path / "built" / "pulumi"
    with pytest.raises(ToolchainError, match="undefined: y"):
        go_build.build("3.1.2", target, tmp_path / "cache", print)
    assert list(target.parent.iterdir()) == []


def test_build_cannot_go_on_without_its_modules(tmp_path: Path, program: Program) -> None:
    """A module proxy that does not answer is told in Go's words."""
    program("go", '[ "$1" = version ] && echo go1.26.8 && exit; echo "proxy: no route" >&2; exit 1')
    with pytest.raises(ToolchainError, match=r"`go list`\):\nproxy: no route"):
        go_build.build("3.1.2", tmp_path / "built" / "pulumi", tmp_path / "cache", print)


def test_pinned_modules_can_be_those_of_the_pinned_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """go.mod, go.sum and the version that set-up asks for agree."""
    monkeypatch.undo()
    from vpclab.toolchain.pulumi_cli import VERSION  # noqa: PLC0415

    for module in ("pkg", "sdk"):
        wanted = f"github.com/pulumi/pulumi/{module}/v3 v{VERSION}"
        assert wanted in (go_build.MODULES / "go.mod").read_text()
        assert f"{wanted} h1:" in (go_build.MODULES / "go.sum").read_text()
