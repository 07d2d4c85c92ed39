"""nft: found, installed where we may, else asked for."""

import os
from pathlib import Path

import pytest

from tests.unit.toolchain.conftest import Program
from vpclab.toolchain import nftables
from vpclab.toolchain.error import ToolchainError


@pytest.fixture(autouse=True)
def bare_machine(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(nftables, "SYSTEM_FOLDERS", str(folder / "sbin"))


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)


@pytest.fixture
def user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)


def test_nftables_can_be_found_off_path(program: Program, folder: Path, told: list[str]) -> None:
    """Debian keeps nft in /usr/sbin, which an ordinary user has not on PATH."""
    path = program("nft", "", folder / "sbin")
    assert nftables.provide(told.append) == path
    assert told == [f"nftables: {path}"]


@pytest.mark.usefixtures("root")
def test_nftables_can_be_installed_as_root(program: Program, folder: Path, told: list[str]) -> None:
    """apt-get is asked once more after its lists were updated, as on a machine that never had any."""
    nft = folder / "nft"
    program(
        "apt-get",
        f"""
case "$1" in
  update) : > {folder}/lists ;;
  install) [ -e {folder}/lists ] || exit 100
    case "$*" in *nftables) echo '#!/bin/sh' > {nft}; /bin/chmod +x {nft} ;; *) exit 1 ;; esac ;;
esac
""",
    )
    assert nftables.provide(told.append) == nft
    assert "as we are root" in told[0]
    assert "updating its lists" in told[1]


@pytest.mark.usefixtures("root")
def test_nftables_cannot_hide_that_apt_failed(program: Program) -> None:
    """The error carries apt-get's last words."""
    program("apt-get", "echo 'E: Unable to locate package nftables' >&2; exit 100")
    with pytest.raises(ToolchainError, match="Unable to locate package nftables"):
        nftables.provide(print)


@pytest.mark.usefixtures("user")
def test_nftables_cannot_be_installed_by_an_ordinary_user(program: Program) -> None:
    """The error is the line to type."""
    program("apt-get", "exit 1")
    with pytest.raises(ToolchainError, match=r"Type: sudo apt-get install -y nftables$"):
        nftables.provide(print)


@pytest.mark.usefixtures("user")
def test_nftables_can_be_asked_for_in_another_systems_words(program: Program) -> None:
    """Where there is no apt-get, the line to type is the system's own."""
    program("dnf", "")
    with pytest.raises(ToolchainError, match=r"Type: sudo dnf install -y nftables$"):
        nftables.provide(print)
