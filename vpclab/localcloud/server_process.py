"""A server of somebody else's (PostgreSQL, Valkey), started, looked after and ended in a thread of its own."""

import logging
import os
import select
import subprocess
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

_LOG = logging.getLogger(__name__)

STARTING_SECONDS = 60.0
STOPPING_SECONDS = 5.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.25, 30.0


class ServerError(Exception):
    """A server cannot be run; the text says what stands in the way and what to change."""


class Specification(Protocol):
    """Everything that makes a process the one that is wanted; another value needs another process."""

    @property
    def name(self) -> str:
        """What messages call it."""


S = TypeVar("S", bound=Specification)


class ServerProcess(ABC, Generic[S]):
    """Runs one server until ``stop``; starts it again when it dies."""

    def __init__(self, specification: S, predecessor: threading.Thread | None = None) -> None:
        self.specification = specification
        self.state = "starting"
        """``starting``, ``available``, ``stopped``, or what went wrong last."""

        self._predecessor = predecessor  # a process that still has the data directory: it ends first
        self._stopping = threading.Event()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        # The thread lives as long as the process: the kernel ends a child with the *thread* that started it.
        self._thread = threading.Thread(target=self._run, name=f"server {specification.name}", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def notice(self) -> None:
        """Look whether something has changed that the running server must hear of; returns at once."""
        with suppress(OSError):
            os.eventfd_write(self._wake, 1)

    def stop(self) -> None:
        """Begin to end the process, connections and all; returns at once."""
        self._stopping.set()
        self.notice()

    def wait(self, seconds: float) -> bool:
        """Wait until it has ended; False when it has not in time."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    @abstractmethod
    def _run_once(self) -> None:
        """Start the server and look after it until ``_stopping`` is set; raise when it ends before."""

    def _run(self) -> None:
        if self._predecessor is not None:
            self._predecessor.join()
        pause = FIRST_PAUSE_SECONDS
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                self.state = "starting"
                self._run_once()
            except Exception as error:  # noqa: BLE001 - whatever it is, it is reported and tried again
                self.state = f"failed: {error}"
                if not self._stopping.is_set():
                    _LOG.exception("%s: not running; trying again in %.2f s", self.specification.name, pause)
            if time.monotonic() - began > STARTING_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            self._stopping.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        self.state = "stopped"
        os.close(self._wake)

    def _until_it_ends(self, process: "subprocess.Popen[bytes]", notice: Callable[[], None]) -> bool:
        """Wait until ``stop``, calling ``notice`` when told to look; True when the process ended by itself."""
        ended = os.pidfd_open(process.pid)
        try:
            while not self._stopping.is_set():
                readable, _, _ = select.select([ended, self._wake], [], [])
                with suppress(BlockingIOError):
                    os.eventfd_read(self._wake)
                if ended in readable:
                    return True
                if not self._stopping.is_set():
                    notice()
        finally:
            os.close(ended)
        return False


def end(process: "subprocess.Popen[bytes]", signal_number: int) -> None:
    """Ask a process to end by that signal, by force when that takes too long."""
    if process.poll() is not None:
        return
    process.send_signal(signal_number)
    try:
        process.wait(STOPPING_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
