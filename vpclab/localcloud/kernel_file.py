"""A file that the kernel writes anew for each reader (proc(5), cgroups(7)), kept open to be read again and again.

Reading one takes one system call; opening it by its name takes eight in Python. Each of them lets another thread
have the interpreter, so that a daemon with many threads waits for it as often.
"""

import os
import re
from pathlib import Path

_MOST_BYTES = 64 * 1024


class KernelFile:
    """Made while what it tells of exists; later it still tells of that alone, whoever has got its name or number.

    Raises:
        OSError: there is no such file.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def read(self) -> bytes:
        """Return what it says now; of a list longer than a page only the beginning. OSError: it is no more."""
        return os.pread(self._descriptor, _MOST_BYTES, 0)

    def number(self, name: bytes) -> int:
        """Return the number that follows a name at the start of a line; 0 where there is none."""
        found = re.search(rb"(?m)^%s\s+(\d+)" % re.escape(name), self.read())
        return int(found[1]) if found else 0

    def close(self) -> None:
        """Let go of it; safe to call twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
