"""How many invocations a second begin: ten for each unit of a function's concurrency ("Lambda quotas").

AWS: an execution environment serves up to ten synchronous requests a second, so that very short ones are throttled
before the concurrency is used up.
"""

import time
from collections.abc import Callable

REQUESTS_PER_UNIT = 10
_MOST_KEPT = 1024


class InvocationRate:
    """Allowances by name, each full at first and filled again steadily. Call with the control plane's lock held.

    ``now`` tells seconds that never go back.
    """

    def __init__(self, now: Callable[[], float] = lambda: time.monotonic()) -> None:  # noqa: PLW0108 - for tests
        self._now = now
        self._used_until: dict[str, float] = {}

    def take(self, name: str, per_second: float) -> bool:
        """Take one of ``per_second``; False: none is left, and none was taken."""
        now = self._now()
        used_until = max(self._used_until.get(name, now), now)
        if used_until + 1 / per_second > now + 1 + 1e-9:
            return False
        if len(self._used_until) >= _MOST_KEPT:
            self._used_until = {key: end for key, end in self._used_until.items() if end > now}
        self._used_until[name] = used_until + 1 / per_second
        return True
