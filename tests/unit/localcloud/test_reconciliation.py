"""Many mutating calls, few reconciliations, and none of the calls answered too early."""

import threading

import pytest

from tests.deadline import eventually
from vpclab.localcloud.reconciliation import Reconciliation


def test_request_cannot_return_before_a_later_reconciliation_ended() -> None:
    """A call that arrives while the kernel is being brought in line waits for the next time, which sees it."""
    first_runs, first_may_end = threading.Event(), threading.Event()
    wanted, seen = [0], []

    def reconcile() -> None:
        seen.append(wanted[0])
        if len(seen) == 1:
            first_runs.set()
            assert first_may_end.wait(10)

    reconciliation = Reconciliation(reconcile)
    early = threading.Thread(target=reconciliation.request)
    early.start()
    assert first_runs.wait(10)
    wanted[0] = 1
    late = [threading.Thread(target=reconciliation.request) for _ in range(20)]
    for thread in late:
        thread.start()
    eventually(lambda: reconciliation.waiting == 20, 10, "twenty calls wait")
    first_may_end.set()
    for thread in (early, *late):
        thread.join(10)
        assert not thread.is_alive()
    assert seen == [0, 1], "twenty calls shared one reconciliation, and it saw what they had changed"


def test_request_can_raise_what_the_reconciliation_raised() -> None:
    """A change that the kernel refused is an error of the call that made it, and the next call tries again."""
    outcomes = iter([RuntimeError("the kernel refused"), None])

    def reconcile() -> None:
        outcome = next(outcomes)
        if outcome is not None:
            raise outcome

    reconciliation = Reconciliation(reconcile)
    with pytest.raises(RuntimeError, match="the kernel refused"):
        reconciliation.request()
    reconciliation.request()
