"""The file system that functions see: AWS's paths, interpreter and SDK read-only, nothing else of the host.

Built once, in the mount namespace of the fork server; each sandbox starts with a copy of that mount namespace and
adds what is its own (its code, /tmp, /proc, resolv.conf). The layout is that of the managed Python runtimes:
the interpreter in /var/lang, the SDK and the runtime client in /var/runtime, the function in /var/task, layers in
/opt ("Packaging your layer content", "Working with layers for Python Lambda functions").
"""

import importlib
import importlib.metadata
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from vpclab.localcloud import system_calls
from vpclab.localcloud.bind_mount import bind
from vpclab.localcloud.lambda_runtime.privileges import SANDBOX_USER, is_mapped
from vpclab.localcloud.system_calls import (
    CLONE_NEWNS,
    MNT_DETACH,
    MOUNT_ATTR_NODEV,
    MOUNT_ATTR_NOSUID,
    MOUNT_ATTR_RDONLY,
    MS_NODEV,
    MS_NOSUID,
    MS_PRIVATE,
    MS_REC,
)

INTERPRETER = Path(f"/var/lang/bin/python{sys.version_info.major}.{sys.version_info.minor}")
BOOTSTRAP = Path("/var/runtime/bootstrap.py")
SERVICE = Path("/mnt")
"""Where the fork server keeps what sandboxes are made from; no function sees anything here."""
CODE, OWN_MODULES = SERVICE / "code", SERVICE / "modules"
RESOLVER_FILES, RESOLVER_FILES_TO_BIND = SERVICE / "resolver", SERVICE / "resolver-read-only"
CERTIFICATES = "/etc/pki/tls/certs/ca-bundle.crt"

_RUNTIME_DISTRIBUTIONS = (
    "awslambdaric",
    "simplejson",
    "snapshot-restore-py",
    "boto3",
    "botocore",
    "s3transfer",
    "jmespath",
    "python-dateutil",
    "six",
    "urllib3",
)
_SYSTEM = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_DEVICES = ("null", "zero", "full", "random", "urandom")
_ETC = {
    "passwd": "root:x:0:0:root:/root:/sbin/nologin\n"
    f"sbx_user1051:x:{SANDBOX_USER}:{SANDBOX_USER}::/home/sbx_user1051:/sbin/nologin\n",
    "group": f"root:x:0:\nsbx_user1051:x:{SANDBOX_USER}:\n",
    "hosts": "127.0.0.1 localhost localhost.localdomain\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    "resolv.conf": "",
}
_BOOTSTRAP_TEXT = f"""\
import sys

import awslambdaric.__main__
import awslambdaric.bootstrap
import awslambdaric.lambda_literals

usual = frozenset(sys.modules)
sys.path.insert(0, {str(OWN_MODULES)!r})
from vpclab.localcloud.lambda_runtime import fork_loop

fork_loop.main(usual)
"""


class RootFileSystemError(Exception):
    """This interpreter or this kernel cannot give functions a root of their own; the text says why."""


def enter(mount_point: Path, code: Path, trust: Path) -> None:
    """Give the calling process, in a mount namespace of its own, the functions' root file system as its root.

    ``mount_point`` is an empty directory, ``code`` the directory of unpacked archives, ``trust`` the bundle of
    certificate authorities that functions trust.
    """
    system_calls.unshare(CLONE_NEWNS)
    system_calls.mount("none", "/", "", MS_REC | MS_PRIVATE)
    system_calls.mount("functions", mount_point, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=16m")
    root = mount_point
    _check_readable()
    _make_directories(root)
    _fill_etc(root, trust)
    _bind_system(root)
    _bind_interpreter(root)
    _bind_runtime(root)
    (root / BOOTSTRAP.relative_to("/")).write_text(_BOOTSTRAP_TEXT)
    _restrict(root)
    for device in _DEVICES:
        bind(Path("/dev") / device, root / "dev" / device)
    system_calls.mount("proc", root / "proc", "proc", MS_NOSUID | MS_NODEV | system_calls.MS_NOEXEC)
    _make_service_directory(root, code)
    system_calls.pivot_root(root, root / "tmp")
    os.chdir("/")
    system_calls.umount("/tmp", MNT_DETACH)  # noqa: S108 - the old root, no shared directory


def _check_readable() -> None:
    """Functions run as another user where there is one: what they import must be readable to everybody."""
    if not is_mapped(SANDBOX_USER):
        return
    for package in (os, *map(importlib.import_module, ("boto3", "botocore", "awslambdaric"))):
        file = Path(str(package.__file__)).resolve()
        if not file.stat().st_mode & stat.S_IROTH or not file.parent.stat().st_mode & stat.S_IXOTH:
            raise RootFileSystemError(
                f"functions run as an ordinary user, who may not read {file}: "
                f"`chmod -R o+rX {file.parent.parent}` lets everybody read it"
            )


def _make_directories(root: Path) -> None:
    for name in (
        "dev/shm",
        "proc",
        "tmp",
        "var/task",
        "var/runtime",
        "var/lang",
        "opt",
        "usr/share",
        "mnt",
        "root",
    ):
        (root / name).mkdir(parents=True)
    for device in _DEVICES:
        (root / "dev" / device).touch()
    for name, target in {"fd": "", "stdin": "/0", "stdout": "/1", "stderr": "/2"}.items():
        (root / "dev" / name).symlink_to(f"/proc/self/fd{target}")


def _fill_etc(root: Path, trust: Path) -> None:
    etc = root / "etc"
    etc.mkdir()
    for name, text in _ETC.items():
        (etc / name).write_text(text)
    for name in ("ld.so.cache", "ld.so.conf", "alternatives"):
        _copy(Path("/etc") / name, etc / name)
    certificates = root / CERTIFICATES.lstrip("/")
    certificates.parent.mkdir(parents=True)
    certificates.write_bytes(trust.read_bytes())
    (etc / "ssl/certs").mkdir(parents=True)
    for name in ("cert.pem", "certs/ca-certificates.crt"):
        (etc / "ssl" / name).symlink_to(CERTIFICATES)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        target.mkdir()
        for entry in source.iterdir():
            if entry.is_symlink():
                (target / entry.name).symlink_to(entry.readlink())
    elif source.exists():
        target.write_bytes(source.read_bytes())


def _bind_system(root: Path) -> None:
    """Shared libraries and programs of the host's system, which the interpreter and subprocesses need."""
    for name in _SYSTEM:
        source = Path("/") / name
        if source.is_symlink():
            (root / name).symlink_to(source.readlink())
        elif source.is_dir():
            bind(source, root / name)
    for name in (*_SYSTEM, "libexec", "share/zoneinfo"):
        source = Path("/usr") / name
        if source.is_symlink():
            (root / "usr" / name).symlink_to(source.readlink())
        elif source.is_dir():
            bind(source, root / "usr" / name)


def _bind_interpreter(root: Path) -> None:
    prefix = Path(sys.base_prefix).resolve()
    executable = Path(sys.executable).resolve()
    if executable.parent != prefix / "bin":
        raise RootFileSystemError(
            f"functions run on this interpreter, and {executable} is not in {prefix}/bin, where it belongs: make "
            "the virtual environment with an ordinary installation of Python"
        )
    language = root / "var/lang"
    for name in ("bin", "lib", "lib64"):
        if (prefix / name).is_dir():
            bind(prefix / name, language / name)
    if not (language / "bin" / INTERPRETER.name).exists():
        raise RootFileSystemError(f"{prefix}/bin has no {INTERPRETER.name}, by which functions start it")
    nothing = root / "var/lang/nothing"
    nothing.mkdir()
    for folder in _package_folders(root):
        bind(nothing, folder)  # what is installed on the host is not installed on Lambda
    _bind_foreign_libraries(root, prefix)


def _package_folders(root: Path) -> Iterator[Path]:
    for base in (root / "var/lang", root / "usr"):
        for pattern in (
            "lib/python3*/site-packages",
            "lib/python3*/dist-packages",
            "lib64/python3*/site-packages",
        ):
            yield from (folder for folder in base.glob(pattern) if folder.is_dir() and not folder.is_symlink())


def _bind_foreign_libraries(root: Path, prefix: Path) -> None:
    """Libraries that the interpreter's modules load from elsewhere, such as an OpenSSL of its own."""
    import ctypes as _ctypes  # noqa: F401, PLC0415 - imported for what it maps
    import sqlite3 as _sqlite3  # noqa: F401, PLC0415
    import ssl as _ssl  # noqa: F401, PLC0415

    import runtime_client as _runtime_client  # noqa: F401, PLC0415

    known = (prefix, Path(sys.prefix).resolve(), *(Path("/") / name for name in _SYSTEM), Path("/usr/lib"))
    mapped = {Path(line.split(maxsplit=5)[5]) for line in _mappings() if ".so" in line}
    for library in sorted(mapped):
        if library.is_file() and not any(library.is_relative_to(place) for place in known):
            bind(library, root / library.relative_to("/"))


def _mappings() -> Iterable[str]:
    lines = Path("/proc/self/maps").read_text().splitlines()
    return (line for line in lines if "/" in line)


def _bind_runtime(root: Path) -> None:
    """The SDK and the runtime client, and no other package of the virtual environment."""
    for name in _RUNTIME_DISTRIBUTIONS:
        distribution = importlib.metadata.distribution(name)
        top_levels = {
            file.parts[0] for file in distribution.files or () if file.parts[0] not in {"..", "__pycache__"}
        }
        for top_level in sorted(top_levels):
            bind(Path(str(distribution.locate_file(top_level))), root / "var/runtime" / top_level)


def _make_service_directory(root: Path, code: Path) -> None:
    system_calls.mount("service", root / SERVICE.name, "tmpfs", MS_NOSUID | MS_NODEV, "mode=700,size=16m")
    resolver_files = root / RESOLVER_FILES.relative_to("/")
    resolver_files.mkdir()
    for source, place in ((code, CODE), (resolver_files, RESOLVER_FILES_TO_BIND)):
        target = root / place.relative_to("/")
        bind(source, target)
        # What a sandbox binds from here is as read-only as this, whoever owns the files.
        _restrict(target)
    own_package = Path(__file__).parents[2]
    modules = root / OWN_MODULES.relative_to("/")
    bind(own_package, modules / own_package.name)


def _restrict(mount_point: Path) -> None:
    """Make a mount, and all that is mounted under it, read-only, without devices and set-user-ID programs."""
    try:
        system_calls.mount_setattr(mount_point, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)
    except OSError as refusal:
        reason = os.strerror(refusal.errno or 0)
        raise RootFileSystemError(
            f"making {mount_point} read-only failed ({reason}): functions need mount_setattr(2), "
            "which Linux has since 5.12"
        ) from refusal
