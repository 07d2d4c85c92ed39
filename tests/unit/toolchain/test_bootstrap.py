"""The shell part of set-up, before there is a virtual environment, with programs that only play their parts."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.unit.toolchain.conftest import Program

SCRIPT = Path(__file__).parents[3] / "scripts" / "bootstrap.sh"
NEEDED = ("bash", "cat", "chmod", "cut", "dirname", "env", "grep", "head", "mkdir", "rm", "sha256sum")
INTERPRETER = """
echo "$*" >> {calls}
case "$*" in
  *"version_info < (3, 11)"*) exit {too_old} ;;
  *"import ensurepip"*) exit {no_venv} ;;
  *'"%d.%d"'*) echo 3.13 ;;
  -V) echo "Python 3.13.1" ;;
  "-m venv .venv")
    mkdir -p .venv/bin && cp "$0" .venv/bin/python && echo "#!$PWD/.venv/bin/python" > .venv/bin/pip ;;
esac
"""


class Checkout:
    """A folder with the script and what it reads; PATH holds only what a test puts there."""

    def __init__(self, root: Path, folder: Path, program: Program) -> None:
        self.root = root
        self.calls = root / "calls"
        self._program = program
        (root / "scripts").mkdir(parents=True)
        shutil.copy(SCRIPT, root / "scripts")
        (root / "requirements.txt").write_text("moto==5\n")
        (root / "pyproject.toml").write_text("[project]\n")
        for name in (*NEEDED, "cp"):
            (folder / name).symlink_to(shutil.which(name, path="/usr/bin:/bin") or name)
        self.be_user(1000)

    def be_user(self, number: int) -> None:
        self._program("id", f"echo {number}")

    def interpreter(self, *, too_old: int = 0, no_venv: int = 0) -> None:
        self._program("python3", INTERPRETER.format(calls=self.calls, too_old=too_old, no_venv=no_venv))

    def bootstrap(self) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [self.root / "scripts" / "bootstrap.sh"], capture_output=True, text=True, check=False, cwd="/"
        )

    def installations(self) -> list[str]:
        return [line for line in self.calls.read_text().splitlines() if "pip install" in line]


@pytest.fixture
def checkout(tmp_path: Path, folder: Path, program: Program, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("PYTHON", raising=False)
    return Checkout(tmp_path / "checkout", folder, program)


def test_bootstrap_can_be_skipped_when_nothing_changed(checkout: Checkout) -> None:
    """The first run makes the environment and installs; the second does and says nothing."""
    checkout.interpreter()
    first = checkout.bootstrap()
    assert first.returncode == 0, first.stderr
    assert "making" in first.stderr
    assert len(checkout.installations()) == 2
    second = checkout.bootstrap()
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert len(checkout.installations()) == 2


@pytest.mark.parametrize("name", ["requirements.txt", "pyproject.toml"])
def test_bootstrap_can_follow_a_changed_requirement(checkout: Checkout, name: str) -> None:
    """What is pinned is installed again; the environment stays."""
    checkout.interpreter()
    checkout.bootstrap()
    (checkout.root / name).write_text("changed\n")
    again = checkout.bootstrap()
    assert "making" not in again.stderr
    assert len(checkout.installations()) == 4


def test_bootstrap_can_replace_an_environment_that_was_moved(checkout: Checkout) -> None:
    """Its programs name a Python elsewhere, so it is made anew."""
    checkout.interpreter()
    checkout.bootstrap()
    (checkout.root / ".venv" / "bin" / "pip").write_text("#!/elsewhere/.venv/bin/python\n")
    assert "making" in checkout.bootstrap().stderr


def test_bootstrap_cannot_claim_what_failed(checkout: Checkout) -> None:
    """An installation that failed is tried again the next time."""
    checkout.interpreter()
    checkout.bootstrap()
    (checkout.root / "requirements.txt").write_text("changed\n")
    python = checkout.root / ".venv" / "bin" / "python"
    whole = python.read_text()
    python.write_text(whole.replace("esac", '  *"pip install"*) exit 1 ;;\nesac'))
    assert checkout.bootstrap().returncode == 1
    python.write_text(whole)
    assert "installing" in checkout.bootstrap().stderr


def test_ordinary_user_can_be_told_what_to_type(checkout: Checkout) -> None:
    """Without Python, and without Debian's separate venv, the exact line is the answer."""
    checkout.interpreter(too_old=1)
    missing = checkout.bootstrap()
    assert missing.returncode == 1
    assert "Type: sudo apt-get install -y python3 python3-venv" in missing.stderr
    checkout.interpreter(no_venv=1)
    incomplete = checkout.bootstrap()
    assert incomplete.returncode == 1
    assert "Type: sudo apt-get install -y python3.13-venv" in incomplete.stderr
    assert not (checkout.root / ".venv").exists()


def test_root_can_have_venv_installed(checkout: Checkout, program: Program) -> None:
    """apt-get is called with the package of that very Python, after its lists were updated if need be."""
    checkout.interpreter(no_venv=1)
    checkout.be_user(0)
    program("apt-get", f'echo "apt-get $*" >> {checkout.calls}; [ "$1" = update ] || [ -e {checkout.root}/lists ]')
    failed = checkout.bootstrap()
    assert failed.returncode == 1
    assert "apt-get could not install python3.13-venv" in failed.stderr
    (checkout.root / "lists").touch()
    assert checkout.bootstrap().returncode == 0
    asked = [line for line in checkout.calls.read_text().splitlines() if line.startswith("apt-get install")]
    assert all(line.endswith("python3.13-venv") for line in asked)
    assert "apt-get update -q" in checkout.calls.read_text()
