"""Deployment packages and layers, unpacked once each, where the fork server binds them from.

The layout rules are Lambda's: a package becomes /var/task, layers are unpacked over one another, in their order,
into /opt ("Working with layers"). Symbolic links are kept.
"""

import base64
import binascii
import hashlib
import io
import os
import shutil
import stat
import threading
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from uuid import uuid4

from vpclab.localcloud.lambda_runtime.invocation import Archive, InvocationRefused

_LARGEST_UNPACKED = 250 * 1024 * 1024  # "Lambda quotas": deployment package with layers, unzipped


class CodeStore:
    """A directory of unpacked archives, each named by its content. It is emptied when this object is made."""

    def __init__(self, directory: Path) -> None:
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        directory.chmod(0o755)
        self.directory = directory
        self._lock = threading.Lock()

    def folder(self, archives: Sequence[Archive]) -> str:
        """Unpack ``archives`` over one another, where that has not happened yet; return the folder's name.

        Raises:
            InvocationRefused: InvalidZipFileException, as Invoke answers.
        """
        name = hashlib.sha256(b"".join(_digest(archive) for archive in archives)).hexdigest()
        with self._lock:
            if not (self.directory / name).is_dir():
                self._unpack(archives, self.directory / name)
        return name

    def _unpack(self, archives: Sequence[Archive], folder: Path) -> None:
        partial = self.directory / f"partial-{uuid4().hex}"
        partial.mkdir()
        partial.chmod(0o755)
        try:
            for archive in archives:
                _extract(archive.zip_file, partial)
            partial.rename(folder)
        except (zipfile.BadZipFile, OSError, ValueError) as trouble:
            raise InvocationRefused(
                "InvalidZipFileException",
                f"Lambda could not unzip the deployment package: {trouble}",
                status=502,
            ) from None
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _digest(archive: Archive) -> bytes:
    try:
        return base64.b64decode(archive.sha256, validate=True)
    except binascii.Error:
        return archive.sha256.encode()


def _extract(zip_file: bytes, folder: Path) -> None:
    links: list[tuple[Path, str]] = []
    with zipfile.ZipFile(io.BytesIO(zip_file)) as archive:
        entries = archive.infolist()
        if sum(entry.file_size for entry in entries) > _LARGEST_UNPACKED:
            raise ValueError(f"unzipped it is larger than {_LARGEST_UNPACKED} bytes")
        for entry in entries:
            target = folder / _inside(entry.filename)
            mode = entry.external_attr >> 16
            if entry.is_dir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            content = archive.read(entry)
            if stat.S_ISLNK(mode):
                links.append((target, os.fsdecode(content)))
                continue
            target.write_bytes(content)
            target.chmod(_mode(mode))
    for target, destination in links:  # last, so that no file is written through one
        target.unlink(missing_ok=True)
        target.symlink_to(destination)


def _mode(mode: int) -> int:
    """What the owner of a file may do to it, everybody may, except for writing; the same whoever unpacks.

    More lenient than AWS: there, a file that only its owner may read cannot be imported ("Working with .zip file
    archives": 644). Programs that write archives in memory commonly leave it at that, and what they want to try
    is the network.
    """
    owner = (mode >> 6) & 0o5 if mode else 0o4
    return owner * 0o111


def _inside(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError(f"the archive has an entry {name!r}, which is not inside it")
    return path
