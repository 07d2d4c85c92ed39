import base64
import hashlib
import io
import stat
import zipfile
from pathlib import Path

import pytest

from vpclab.localcloud.lambda_runtime.code_store import CodeStore
from vpclab.localcloud.lambda_runtime.invocation import Archive, InvocationRefused


def archive(*entries: tuple[str, int, str]) -> Archive:
    """An archive of (name, mode, content)."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as package:
        for name, mode, text in entries:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            package.writestr(entry, text)
    data = content.getvalue()
    return Archive(base64.b64encode(hashlib.sha256(data).digest()).decode(), data)


def test_store_can_unpack_an_archive_once(tmp_path: Path) -> None:
    """The same content has the same folder."""
    store = CodeStore(tmp_path / "code")
    package = archive(("a/b.py", 0o100644, "x = 1"), ("empty/", 0o40755, ""))
    folder = store.directory / store.folder([package])
    assert (folder / "a/b.py").read_text() == "x = 1"
    assert (folder / "empty").is_dir()
    (folder / "a/mark").touch()
    assert store.folder([package]) == folder.name
    assert (folder / "a/mark").exists()


def test_store_can_unpack_layers_over_one_another(tmp_path: Path) -> None:
    """Later ones win, and the order makes another folder."""
    store = CodeStore(tmp_path / "code")
    first, second = archive(("f", 0, "first"), ("g", 0, "kept")), archive(("f", 0, "second"))
    folder = store.directory / store.folder([first, second])
    assert [(folder / name).read_text() for name in "fg"] == ["second", "kept"]
    assert store.folder([second, first]) != folder.name


@pytest.mark.parametrize(
    ("given", "expected"),
    [(0o100644, 0o444), (0o100755, 0o555), (0o100600, 0o444), (0o100700, 0o555), (0o100004, 0)],
)
def test_function_can_read_what_its_owner_may_read(tmp_path: Path, given: int, expected: int) -> None:
    """Differs from AWS, which wants 644 and 755: archives made in memory have 600, and must run too."""
    store = CodeStore(tmp_path / "code")
    folder = store.directory / store.folder([archive(("f", given, ""))])
    assert stat.S_IMODE((folder / "f").stat().st_mode) == expected


@pytest.mark.parametrize("name", ["../out", "/etc/out", "a/../../out"])
def test_archive_cannot_write_outside_its_folder(tmp_path: Path, name: str) -> None:
    """An entry that leads outside makes the package invalid, and nothing of it is kept."""
    store = CodeStore(tmp_path / "code")
    with pytest.raises(InvocationRefused, match="not inside"):
        store.folder([archive((name, 0o100644, "x"))])
    assert list(store.directory.iterdir()) == []


def test_archive_cannot_write_through_its_own_links(tmp_path: Path) -> None:
    """Links are made after all files, so that a file that seems to be under one is not written where it points."""
    store = CodeStore(tmp_path / "code")
    outside = tmp_path / "outside"
    outside.mkdir()
    links = archive(("d", 0o120777, str(outside)), ("d/f", 0o100644, "x"))
    with pytest.raises(InvocationRefused):
        store.folder([links])
    assert list(outside.iterdir()) == []


def test_archive_can_hold_links(tmp_path: Path) -> None:
    """A symbolic link is unpacked as one."""
    store = CodeStore(tmp_path / "code")
    folder = store.directory / store.folder([archive(("l", 0o120777, "f"), ("f", 0o100644, "x"))])
    assert (folder / "l").is_symlink()
    assert (folder / "l").read_text() == "x"


def test_store_cannot_unpack_what_is_no_archive(tmp_path: Path) -> None:
    """InvalidZipFileException, as Invoke answers."""
    store = CodeStore(tmp_path / "code")
    with pytest.raises(InvocationRefused) as refusal:
        store.folder([Archive("AAAA", b"no zip")])
    assert (refusal.value.code, refusal.value.status) == ("InvalidZipFileException", 502)


def test_store_can_start_anew(tmp_path: Path) -> None:
    """What an earlier cloud unpacked is removed."""
    CodeStore(tmp_path / "code").folder([archive(("f", 0, ""))])
    assert list(CodeStore(tmp_path / "code").directory.iterdir()) == []
