"""The data directory that instances are copied from."""

import os
import time
from pathlib import Path

import pytest

from vpclab.localcloud.databases import distribution, template
from vpclab.localcloud.databases.distribution import DatabaseError, Distribution


def test_cache_can_be_placed_by_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """XDG base directory specification: XDG_CACHE_HOME, else .cache in the home."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert template.cache_directory() == tmp_path / "vpclab"
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", "/home/someone")
    assert template.cache_directory() == Path("/home/someone/.cache/vpclab")


def test_template_cannot_be_half_made(tmp_path: Path) -> None:
    """When initdb cannot run, the error says so, and neither a template nor anything else is left."""
    (tmp_path / "nothing/bin").mkdir(parents=True)
    cache = tmp_path / "cache"
    with pytest.raises(DatabaseError, match="initdb failed"):
        template.ensure(Distribution(tmp_path / "nothing", "0"), cache)
    assert list(cache.iterdir()) == []


def test_what_a_killed_process_left_can_be_removed(tmp_path: Path) -> None:
    """An unfinished template goes when the next is made, unless it may still be worked on."""
    old, new = tmp_path / ".postgres-old", tmp_path / ".postgres-new"
    for directory in (old, new):
        directory.mkdir()
    os.utime(old, (time.time() - 100_000, time.time() - 100_000))
    (tmp_path / "nothing/bin").mkdir(parents=True)
    with pytest.raises(DatabaseError):
        template.ensure(Distribution(tmp_path / "nothing", "0"), tmp_path)
    assert not old.exists()
    assert new.exists()


def test_missing_package_can_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the package and what to do."""
    monkeypatch.setattr(distribution, "PACKAGE", "no_such_package_of_postgresql")
    with pytest.raises(DatabaseError, match="install the project's requirements"):
        distribution.installed()
