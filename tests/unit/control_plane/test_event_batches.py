"""What becomes of a stream's batch, and what a function may say of its items."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from vpclab.localcloud.control_plane.event_sources.batch import Batch, fitting
from vpclab.localcloud.control_plane.event_sources.item_failures import failed_items
from vpclab.localcloud.control_plane.event_sources.mapping import MappingSettings
from vpclab.localcloud.control_plane.event_sources.stream import StreamRecord

SETTINGS = MappingSettings(is_enabled=True, batch_size=100, batching_window=0, reports_item_failures=True)


def records(count: int) -> tuple[StreamRecord, ...]:
    return tuple(StreamRecord(number, 100.0 + number, {"n": number}) for number in range(count))


def numbers(batch: Batch | None) -> list[int]:
    return [] if batch is None else [one.sequence_number for one in batch.records]


@given(count=st.integers(1, 20), bad=st.sets(st.integers(0, 19)), retries=st.integers(0, 3), bisects=st.booleans())
def test_every_record_can_be_dealt_with_once(count: int, bad: set[int], *, retries: int, bisects: bool) -> None:
    """Whatever fails, in the end each record was handled or given up, in order, and no bad one was handled."""
    settings = replace(SETTINGS, maximum_retry_attempts=retries, bisects=bisects)
    waiting, handled, given_up = [Batch(records(count))], [], []
    invocations = 0
    while waiting:
        batch = waiting.pop(0)
        invocations += 1
        assert invocations < 1000
        if bad & set(numbers(batch)):
            again, lost = batch.after_failure(settings, 0)
            waiting = again + waiting
            given_up += numbers(lost)
        else:
            handled += numbers(batch)
    assert sorted(handled + given_up) == list(range(count))
    assert not bad & set(handled)
    assert handled == sorted(handled)
    if bisects:
        assert set(given_up) == bad & set(range(count))


@given(first_failed=st.integers(1, 4))
def test_reported_failure_can_only_cut_before_it(first_failed: int) -> None:
    """What came before the first reported record is not tried again; with bisection there is no further cut."""
    for bisects in (True, False):
        settings = replace(SETTINGS, bisects=bisects, maximum_retry_attempts=1)
        again, lost = Batch(records(5)).after_failure(settings, first_failed)
        assert lost is None
        assert [numbers(one) for one in again] == [list(range(first_failed, 5))]


def test_batch_can_be_retried_without_end() -> None:
    """-1: as long as the records live."""
    batch = Batch(records(2))
    for failures in range(1, 50):
        [batch], lost = batch.after_failure(SETTINGS, 0)
        assert (batch.failures, batch.invocations, lost) == (failures, failures, None)


def test_record_can_expire() -> None:
    """Records over the maximum age are given up; younger ones of the same batch are tried."""
    settings = replace(SETTINGS, maximum_record_age=60)
    young, old = Batch(records(4)).fresh(settings, 162.0)
    assert (numbers(old), numbers(young)) == ([0, 1], [2, 3])
    assert Batch(records(4)).fresh(settings, 500.0)[0] is None
    assert Batch(records(4)).fresh(SETTINGS, 500.0) == (Batch(records(4)), None)


def test_batch_cannot_be_larger_than_a_payload() -> None:
    """The first records that fit; a single one always does."""
    large = [StreamRecord(number, 0.0, {"data": "x" * 1000}) for number in range(5)]
    assert len(fitting(large, 2500)) == 2
    assert len(fitting(large, 10)) == 1


def test_function_can_report_items() -> None:
    """Nothing, null and empty lists are success; what is no report, or names what was not there, fails all."""
    known = ["a", "b"]
    for success in (b"", b"null", b"{}", b'{"batchItemFailures": []}', b'{"batchItemFailures": null}'):
        assert failed_items(success, known) == frozenset(), success
    assert failed_items(b'{"batchItemFailures": [{"itemIdentifier": "b"}]}', known) == frozenset({"b"})
    for items in (
        [{"itemIdentifier": ""}],
        [{"itemIdentifier": None}],
        [{"wrong": "a"}],
        [{"itemIdentifier": "c"}],
    ):
        assert failed_items(json.dumps({"batchItemFailures": items}).encode(), known) is None, items
    for failure in (b"{", b'"text"', b"[]", b'{"other": []}', b'{"batchItemFailures": "b"}'):
        assert failed_items(failure, known) is None, failure
