"""The packets that the kernel refused, newest last, as VPC flow logs would list the rejected ones."""

from collections import deque
from dataclasses import asdict
from threading import Lock

from vpclab.localcloud.data_plane import Drop

DROPS_KEPT = 10_000


class FlowLog:
    """A bounded memory of refused packets. The oldest are forgotten first."""

    def __init__(self, kept: int = DROPS_KEPT) -> None:
        self._drops: deque[Drop] = deque(maxlen=kept)
        self._lock = Lock()

    def record(self, drop: Drop) -> None:
        """Remember one refused packet."""
        with self._lock:
            self._drops.append(drop)

    def since(self, moment: float, interface_id: str | None = None) -> list[dict[str, object]]:
        """Return what was refused at or after ``moment`` (seconds since the epoch), as JSON-ready rows.

        With an interface: at it, from it or on the way to it.
        """
        with self._lock:
            drops = list(self._drops)
        return [
            asdict(drop)
            for drop in drops
            if drop.time >= moment
            and interface_id in (None, drop.interface_id, drop.source_interface_id, drop.destination_interface_id)
        ]
