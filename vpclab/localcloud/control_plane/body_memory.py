"""The memory that bodies of requests take while they are read and answered, bounded in sum.

One large body is somebody's deployment package; a hundred at once would be somebody's attempt on the machine.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

MOST_BYTES = 1024 * 1024 * 1024
"""Of all bodies at a time."""

FREE_BYTES = 1024 * 1024
"""Of each body, which are not counted: small requests never wait for large ones, nor are they refused."""


class BodyMemoryError(Exception):
    """There is no room for more of that body now."""


class Share:
    """What one request's body has taken so far."""

    def __init__(self, memory: "BodyMemory") -> None:
        self._memory = memory
        self.taken = 0

    def grow(self, size: int) -> None:
        """Have room for a body of ``size`` bytes.

        Raises:
            BodyMemoryError: others have it.
        """
        wanted = max(0, size - FREE_BYTES)
        if wanted > self.taken:
            self._memory.take(wanted - self.taken)
            self.taken = wanted


class BodyMemory:
    """Room for ``most`` bytes of bodies."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self._lock = threading.Lock()
        self.taken = 0

    @contextmanager
    def share(self) -> Iterator[Share]:
        """A request's share, given back when the request has been answered."""
        share = Share(self)
        try:
            yield share
        finally:
            self.take(-share.taken)

    def take(self, size: int) -> None:
        """Count ``size`` bytes more (or less).

        Raises:
            BodyMemoryError: that would be too many.
        """
        with self._lock:
            if size > 0 and self.taken + size > self._most:
                raise BodyMemoryError
            self.taken += size


EVERYBODYS = BodyMemory()
"""Of all servers of the process."""
