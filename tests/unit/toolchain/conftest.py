"""Fake programs on a PATH of the test's own, so that no test depends on what this machine has."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from vpclab.toolchain.project import Project

Program = Callable[..., Path]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = tmp_path / "project"
    root.mkdir()
    return Project(root=root, state=tmp_path / "state", cache=tmp_path / "cache")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one folder on PATH besides /usr/bin and /bin, which shell scripts need."""
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    return programs


@pytest.fixture
def program(folder: Path) -> Program:
    def make(name: str, script: str, directory: Path = folder) -> Path:
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    return make


@pytest.fixture
def told() -> list[str]:
    """What progress was told: pass ``told.append`` where a ``Say`` is wanted."""
    return []


@pytest.fixture
def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
