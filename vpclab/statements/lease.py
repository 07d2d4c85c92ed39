"""Which verifications go on: a file for each, locked as long as its process lives.

The kernel lets go of a lock when a process ends, however it ends. So whoever finds a file that can be locked knows
that its verification was killed, and that what it made for a moment is nobody's any more.
"""

import fcntl
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from vpclab.statements.target import Target

Sources = Mapping[str, Sequence[str]]
"""Of the deployments under test, by kind (``dynamodb``, ``bucket``): where a verification puts records."""


class Lease:
    """One verification's file, and those of killed ones at the same target, which it has locked."""

    def __init__(self, own: Path, abandoned: dict[str, tuple[Path, Sources]]) -> None:
        self._own = own
        self._abandoned = abandoned
        self._kept = False

    @property
    def abandoned(self) -> tuple[str, ...]:
        """The verifications (:attr:`Target.run`) that were killed."""
        return tuple(sorted(self._abandoned))

    def sources(self, run: str) -> Sources:
        """Return where a killed verification may have put records."""
        return self._abandoned[run][1]

    def forget(self, run: str) -> None:
        """Note that nothing is left of a killed verification."""
        self._abandoned.pop(run)[0].unlink(missing_ok=True)

    def keep(self) -> None:
        """Have the next verification take this one for killed: it could not undo everything."""
        self._kept = True

    def end(self) -> None:
        """Note that this verification undid what it made."""
        if not self._kept:
            self._own.unlink(missing_ok=True)


@contextmanager
def held(directory: Path, target: Target, sources: Sources | None = None) -> Iterator[Lease]:
    """Hold a lease in ``directory`` for the verification that goes on at ``target``, with records in ``sources``.

    A verification of another machine, or with another directory, is not seen, and so never taken for killed. One
    that ends by an exception counts as killed: it may not have undone everything.
    """
    directory.mkdir(parents=True, exist_ok=True)
    where = _where(target)
    with ExitStack() as locks:
        unfinished, own = directory / f".{target.run}", directory / f"{target.run}.json"
        file = locks.enter_context(unfinished.open("w", encoding="utf-8"))
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        json.dump({**where, "sources": sources or {}}, file)
        file.flush()
        unfinished.rename(own)  # in sight only now that it is locked
        lease = Lease(own, dict(_abandoned(directory, own, where, locks)))
        try:
            yield lease
        except BaseException:
            lease.keep()
            raise
        finally:
            lease.end()


def _where(target: Target) -> dict[str, str | None]:
    """What tells the accounts and Region in which a verification makes things. AWS's are told by credentials."""
    account = target.client("sts").get_caller_identity()["Account"] if target.endpoint is None else None
    return {
        "endpoint": target.endpoint,
        "region": target.region,
        "account": account,
        "second_account": target.second_account,
    }


def _abandoned(
    directory: Path, own: Path, where: dict[str, str | None], locks: ExitStack
) -> Iterator[tuple[str, tuple[Path, Sources]]]:
    for path in sorted(directory.glob("*.json")):
        if path == own:
            continue
        with suppress(OSError, ValueError), ExitStack() as lock:
            file = lock.enter_context(path.open(encoding="utf-8"))
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            noted = json.load(file)
            sources = noted.pop("sources", {})
            if path.exists() and noted == where:
                locks.push(lock.pop_all())
                yield path.stem, (path, sources)
