"""The function's deployment package."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pulumi
import pytest

from infra import package
from tests.unit.infra.program import ROOT


@pytest.fixture
def unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(ROOT)
    for name, asset in package.code().assets.items():
        assert isinstance(asset, pulumi.FileAsset)
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(Path(asset.path).read_bytes())
    return tmp_path


def test_handler_can_be_imported_from_the_package_alone(unpacked: Path) -> None:
    """The driver and everything that it imports is in the package; boto3 is in the runtime."""
    script = (
        "import importlib, sys, pathlib\n"
        "sys.path[:] = [p for p in sys.path if 'site-packages' not in p]\n"
        f"sys.path.insert(0, {str(unpacked)!r})\n"
        "import pg8000.native\n"
        "assert pathlib.Path(pg8000.__file__).is_relative_to(sys.path[0])\n"
        "print(pg8000.__version__)\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    module, _, function = package.HANDLER.rpartition(".")
    handler = unpacked / f"{module.replace('.', '/')}.py"
    assert f"def {function}(" in handler.read_text()


def test_package_cannot_hold_what_differs_between_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    """No compiled files, no records of the installation, and the same names in the same order each time."""
    monkeypatch.chdir(ROOT)
    names = list(package.code().assets)
    assert names == sorted(names) == list(package.code().assets)
    assert all(name.endswith((".py", "/METADATA")) for name in names)


def test_package_can_be_small(unpacked: Path) -> None:
    """Far below the 50 MB that CreateFunction takes, and quick to load."""
    with zipfile.ZipFile(unpacked / "all.zip", "w", zipfile.ZIP_DEFLATED) as zipped:
        for path in unpacked.rglob("*.py"):
            zipped.write(path)
    assert (unpacked / "all.zip").stat().st_size < 2_000_000
