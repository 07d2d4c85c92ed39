"""Deployment packages: a zip file whose bytes depend on file contents and names alone."""

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path, PurePosixPath

import pulumi

from vpclab.toolchain.aws_plugin.errors import AwsPluginError, NotModelledError

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip file can hold."""

READABLE = 0o644 << 16


def zip_bytes(archive: pulumi.Archive) -> bytes:
    """Return the zip file for ``archive``; a path that is a zip file already is taken as it is.

    Raises:
        AwsPluginError: a file cannot be read.
    """
    if isinstance(archive, pulumi.FileArchive) and Path(archive.path).suffix in (".zip", ".jar"):
        return _read(Path(archive.path))
    return _zip(tuple(sorted(_files(archive, PurePosixPath()))))


def archive_hash(archive: pulumi.Archive) -> str:
    """Return the SHA-256 of the zip file in base 64, as Lambda gives it (``CodeSha256``)."""
    return base64.b64encode(hashlib.sha256(zip_bytes(archive)).digest()).decode()


@lru_cache(maxsize=4)
def _zip(files: tuple[tuple[str, bytes], ...]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in files:
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = READABLE
            entry.compress_type = zipfile.ZIP_DEFLATED
            package.writestr(entry, content)
    return buffer.getvalue()


def _files(archive: pulumi.Archive, prefix: PurePosixPath) -> Iterator[tuple[str, bytes]]:
    if isinstance(archive, pulumi.AssetArchive):
        for name, item in archive.assets.items():
            if isinstance(item, pulumi.Archive):
                yield from _files(item, prefix / name)
            else:
                yield str(prefix / name), _content(item)
    elif isinstance(archive, pulumi.FileArchive) and Path(archive.path).is_dir():
        folder = Path(archive.path)
        for path in folder.rglob("*"):
            if path.is_file():
                yield str(prefix.joinpath(*path.relative_to(folder).parts)), _read(path)
    else:
        where = getattr(archive, "path", getattr(archive, "uri", "?"))
        raise NotModelledError(f"the archive {where} is neither a folder nor a zip file on this machine")


def _content(asset: object) -> bytes:
    if isinstance(asset, pulumi.StringAsset):
        return asset.text.encode()
    if isinstance(asset, pulumi.FileAsset):
        return _read(Path(asset.path))
    raise NotModelledError("assets are read from files and strings, not from the network: use a FileAsset")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as failure:
        raise AwsPluginError(f"cannot read {path} for the deployment package: {failure.strerror}") from failure
