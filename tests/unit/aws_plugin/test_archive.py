"""Deployment packages."""

import io
import os
import zipfile
from pathlib import Path

import pulumi
import pytest

from vpclab.toolchain.aws_plugin.archive import archive_hash, zip_bytes
from vpclab.toolchain.aws_plugin.errors import AwsPluginError


def names(package: bytes) -> set[str]:
    with zipfile.ZipFile(io.BytesIO(package)) as opened:
        return set(opened.namelist())


def test_package_can_be_the_same_byte_for_byte(tmp_path: Path) -> None:
    """Times and places of files do not matter."""
    hashes = set()
    for folder, time in (("one", 1), ("other", 2_000_000_000)):
        (tmp_path / folder / "inner").mkdir(parents=True)
        for name in ("a.py", "inner/b.py"):
            (tmp_path / folder / name).write_text(name)
            os.utime(tmp_path / folder / name, (time, time))
        hashes.add(archive_hash(pulumi.FileArchive(str(tmp_path / folder))))
    assert len(hashes) == 1


def test_package_can_be_put_together_from_parts(tmp_path: Path) -> None:
    """Folders, files and texts, each at its place."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "a.py").write_text("a")
    archive = pulumi.AssetArchive(
        {
            "code": pulumi.FileArchive(str(tmp_path / "code")),
            "b.py": pulumi.FileAsset(str(tmp_path / "code" / "a.py")),
            "c/d.py": pulumi.StringAsset("d"),
        }
    )
    assert names(zip_bytes(archive)) == {"code/a.py", "b.py", "c/d.py"}


def test_zip_file_can_be_taken_as_it_is(tmp_path: Path) -> None:
    """What is a zip file already is deployed byte for byte."""
    package = zip_bytes(pulumi.AssetArchive({"a.py": pulumi.StringAsset("a")}))
    (tmp_path / "code.zip").write_bytes(package)
    assert zip_bytes(pulumi.FileArchive(str(tmp_path / "code.zip"))) == package


def test_missing_file_can_be_told(tmp_path: Path) -> None:
    """The path is named."""
    with pytest.raises(AwsPluginError, match=r"cannot read .*nowhere"):
        zip_bytes(pulumi.AssetArchive({"a": pulumi.FileAsset(str(tmp_path / "nowhere"))}))
