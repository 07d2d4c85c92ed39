"""The data directory that every instance starts as: made by initdb once, kept in the user's cache, then copied.

It holds what all instances share: the superuser ``rdsadmin`` and the roles that RDS grants its master users (RDS
guide, "Understanding the rds_superuser role").
"""

import hashlib
import logging
import os
import shutil
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

from vpclab.localcloud import server_sandbox
from vpclab.localcloud.databases.configuration import ADMINISTRATOR, DATA, USER
from vpclab.localcloud.databases.distribution import DatabaseError, Distribution

_LOG = logging.getLogger(__name__)

_INITDB = (
    f"--username={ADMINISTRATOR}",
    "--auth=reject",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--wal-segsize=1",
    "--no-sync",
    "--no-instructions",
)
_ROLES = """\
create role rds_superuser nologin;
create role rds_password nologin;
create role rds_replication nologin;
create role rds_iam nologin;
grant pg_monitor, pg_signal_backend, pg_checkpoint to rds_superuser with admin option;
grant rds_password, rds_replication to rds_superuser with admin option;
"""
_SECONDS = 120
_UNFINISHED = ".postgres-"
_SHELL = Path("/bin/sh")  # initdb starts postgres through it

_making = threading.Lock()


def cache_directory() -> Path:
    """Return where caches of this project live: ``${XDG_CACHE_HOME:-~/.cache}/vpclab``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vpclab"


def ensure(distribution: Distribution, cache: Path) -> Path:
    """Return the template's directory, made if it is not there yet; several processes may ask at once.

    Raises:
        DatabaseError: initdb failed; the text is its complaint.
    """
    recipe = hashlib.sha256("\n".join((*_INITDB, _ROLES)).encode()).hexdigest()[:12]
    finished = cache / f"postgres-{distribution.version}-{recipe}"
    with _making:
        if not finished.is_dir():
            _make(distribution, cache, finished)
    return finished


def copy(template: Path, data: Path) -> None:
    """Make a data directory from the template."""
    shutil.copytree(template, data)
    data.chmod(0o700)


def _make(distribution: Distribution, cache: Path, finished: Path) -> None:
    _LOG.info("making the database template %s (once per PostgreSQL version)", finished)
    cache.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(cache)
    with tempfile.TemporaryDirectory(prefix=_UNFINISHED, dir=cache) as work:
        data = Path(work) / "data"
        data.mkdir(mode=0o700)
        initdb = [distribution.program("initdb"), "--pgdata", str(DATA), *_INITDB]
        _run(distribution, initdb, data, Path(work), "")
        alone = [distribution.program("postgres"), "--single", "-D", str(DATA), "-c", "fsync=off", "postgres"]
        _run(distribution, alone, data, Path(work), _ROLES)
        try:
            data.rename(finished)
        except OSError:
            if not finished.is_dir():  # another process was faster: its template is as good
                raise


def _remove_abandoned(cache: Path) -> None:
    """Remove what a process that was killed while it made a template has left."""
    oldest = time.time() - 10 * _SECONDS
    for directory in cache.glob(f"{_UNFINISHED}*"):
        with suppress(FileNotFoundError):
            if directory.stat().st_mtime < oldest:
                shutil.rmtree(directory, ignore_errors=True)


def _run(distribution: Distribution, argv: list[str], data: Path, work: Path, text: str) -> None:
    mount_point = work / "root"
    mount_point.mkdir(exist_ok=True)
    command = server_sandbox.command(
        argv,
        user=USER,
        mount_point=mount_point,
        readable={distribution.directory: distribution.installed_at, _SHELL: _SHELL},
        writable={data: DATA},
        network=None,
    )
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=_SECONDS, check=False)
    complaints = [line for line in done.stderr.splitlines() if "ERROR:" in line or "FATAL:" in line]
    if done.returncode != 0 or complaints:
        raise DatabaseError(f"{Path(argv[0]).name} failed ({done.returncode}): {done.stderr.strip()[-2000:]}")
