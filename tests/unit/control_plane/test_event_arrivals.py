"""Who waits for something to arrive is woken, whatever else there is to do."""

import threading
import time
from types import SimpleNamespace

import pytest

from vpclab.localcloud.control_plane import moto_process
from vpclab.localcloud.control_plane.event_sources.arrivals import Arrivals
from vpclab.localcloud.control_plane.event_sources.workers import Workers

ARN = "arn:aws:sqs:us-east-1:123456789012:q"
SOON = 10.0


@pytest.mark.parametrize("everywhere", [False, True])
def test_arrival_between_look_and_wait_can_wake(*, everywhere: bool) -> None:
    """What arrived after ``seen`` was taken ends the wait at once."""
    arrivals = Arrivals()
    seen = arrivals.seen(ARN)
    if everywhere:
        arrivals.ring_everywhere()
    else:
        arrivals.ring(ARN)
    waiter = threading.Thread(target=arrivals.wait, args=(ARN, seen, None), daemon=True)
    waiter.start()
    waiter.join(SOON)
    assert not waiter.is_alive()


def test_arrivals_cannot_grow_with_what_comes_and_goes() -> None:
    """A count is not kept for every queue that there ever was."""
    arrivals = Arrivals()
    size = len(arrivals._counts)  # noqa: SLF001 - what must not grow
    for number in range(2 * size):
        arrivals.ring(f"{ARN}-{number}")
    assert len(arrivals._counts) == size  # noqa: SLF001 - as above


def test_message_that_became_visible_since_the_look_can_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody rings for it: it must be in what the waiter is told, or it is seen by chance only."""
    moto_process.load()
    from vpclab.localcloud.control_plane.event_sources.queue import Queue  # noqa: PLC0415 - needs moto

    looked = time.time()
    message = SimpleNamespace(visible_at=(looked + 0.001) * 1000, delayed_until=0)
    monkeypatch.setattr(Queue, "exists", property(lambda _: True))
    monkeypatch.setattr(Queue, "_queue", property(lambda _: SimpleNamespace(_messages=[message])))
    monkeypatch.setattr(time, "time", lambda: looked + 5)
    assert Queue(ARN).next_change(looked) == 0
    assert Queue(ARN).next_change(looked + 4) is None


def test_waiting_work_cannot_hold_up_what_it_waits_for() -> None:
    """What waits for batches to end has a thread of its own, when all of the pool's are taken."""
    workers, release, done = Workers(), threading.Event(), threading.Event()
    for _ in range(200):
        workers.submit(lambda: release.wait(SOON))
    workers.apart(done.set)
    assert done.wait(SOON)
    release.set()
    workers.close()
