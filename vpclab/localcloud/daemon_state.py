"""The note that a running local cloud leaves in its state directory, and whether it is still true."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

FILE_NAME = "daemon.json"
LOCK_NAME = "daemon.lock"


@dataclass(frozen=True, slots=True)
class DaemonStatus:
    """A local cloud: ``pid`` as the host sees it, ``started`` in seconds since the epoch.

    ``birth`` is the kernel's start time of the process in clock ticks since boot: with the pid it tells this
    process from a later one that was given the same number.
    """

    pid: int
    port: int
    started: float
    birth: int

    @property
    def endpoint(self) -> str:
        """The URL that AWS clients are pointed at."""
        return f"http://127.0.0.1:{self.port}"


def birth_of(pid: int) -> int | None:
    """Return when the kernel started that process, in clock ticks since boot; None if it is not running."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def write(state: Path, status: DaemonStatus) -> None:
    """Leave the note, whole or not at all."""
    draft = state / f"{FILE_NAME}.new"
    draft.write_text(json.dumps(asdict(status)))
    draft.replace(state / FILE_NAME)


def read(state: Path) -> DaemonStatus | None:
    """Return what the note says if that very process still runs, else None (no note, unreadable or stale)."""
    try:
        status = DaemonStatus(**json.loads((state / FILE_NAME).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    numbers = (status.pid, status.port, status.birth)
    if not all(type(number) is int and number > 0 for number in numbers) or status.pid == 1:
        return None  # whatever wrote this: kill(2) takes 0 and -1 for more than one process
    return status if birth_of(status.pid) == status.birth else None


@contextlib.contextmanager
def starting(state: Path) -> Iterator[None]:
    """Let one at a time look whether a local cloud runs from that directory, start one, and leave the note.

    The kernel lets go of the lock when its holder ends, however that ended.
    """
    lock = os.open(state / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def forget(state: Path) -> None:
    """Remove the note if there is one."""
    (state / FILE_NAME).unlink(missing_ok=True)
