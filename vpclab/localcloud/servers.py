"""Servers of one kind, brought in line with what is wanted after each change."""

import logging
import shutil
import threading
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Generic, TypeVar

from vpclab.localcloud.server_process import STOPPING_SECONDS, ServerProcess, Specification

_LOG = logging.getLogger(__name__)

S = TypeVar("S", bound=Specification)


class Servers(Generic[S]):
    """Starts and stops processes; returns at once, the work is done by threads.

    ``directory`` holds each one's files under its key while it exists. ``make`` returns the process for a key, a
    specification, and a thread to wait for that still has the directory, if any.
    """

    def __init__(
        self, directory: Path, make: Callable[[str, S, threading.Thread | None], ServerProcess[S]]
    ) -> None:
        self._directory = directory
        self._make = make
        self._lock = threading.Lock()
        self._running: dict[str, ServerProcess[S]] = {}
        self._ending: list[tuple[str, threading.Thread]] = []
        shutil.rmtree(directory, ignore_errors=True)  # of a cloud that was killed: its servers are gone with it

    def reconcile(self, wanted: Mapping[str, S], exist: Collection[str]) -> None:
        """Start what should run and does not, stop what runs and should not, restart what changed.

        The files of keys that are not among ``exist`` are removed.
        """
        with self._lock:
            self._ending = [(key, thread) for key, thread in self._ending if thread.is_alive()]
            ended: dict[str, threading.Thread] = {}
            for key, process in list(self._running.items()):
                if wanted.get(key) == process.specification:
                    process.notice()
                    continue
                del self._running[key]
                ended[key] = self._end(key, process, None if key in exist else self._directory / key)
            for key, specification in wanted.items():
                if key not in self._running:
                    self._running[key] = self._make(key, specification, ended.get(key))
                    self._running[key].start()

    def when_ended(self, key: str, then: Callable[[], None]) -> None:
        """Call ``then`` from a thread of its own when no process of that key is ending any more."""
        with self._lock:
            ending = [thread for ended, thread in self._ending if ended == key]

        def wait() -> None:
            for thread in ending:
                thread.join()
            then()

        threading.Thread(target=wait, name=f"after the end of {key}", daemon=True).start()

    def states(self) -> dict[str, str]:
        """Return how each is, by name: ``starting``, ``available``, or ``failed: …`` with the cause."""
        with self._lock:
            return {one.specification.name: one.state for one in self._running.values()}

    def close(self) -> None:
        """Stop everything and remove the files. Safe to call twice."""
        with self._lock:
            processes, self._running = list(self._running.values()), {}
            ending, self._ending = self._ending, []
        for process in processes:
            process.stop()
        for process in processes:
            if not process.wait(STOPPING_SECONDS + 1):
                _LOG.error("%s has not ended", process.specification.name)
        for _, thread in ending:
            thread.join(STOPPING_SECONDS + 1)
        shutil.rmtree(self._directory, ignore_errors=True)

    def _end(self, key: str, process: ServerProcess[S], remove: Path | None) -> threading.Thread:
        """End a process in the background, and remove its files when it is gone for good."""
        process.stop()

        def finish() -> None:
            if process.wait(2 * STOPPING_SECONDS) and remove is not None:
                shutil.rmtree(remove, ignore_errors=True)

        thread = threading.Thread(target=finish, name=f"end of {process.specification.name}", daemon=True)
        thread.start()
        self._ending.append((key, thread))
        return thread
