"""What becomes of a stream's batch after the function saw it: retried, cut in two, given up. Pure.

Sources: Lambda guide, with-kinesis, kinesis-on-failure-destination, services-kinesis-batchfailurereporting. A
batch is retried until it succeeds, expires or its retries are exhausted; nothing after it in its shard is read
before. Cutting in two counts for no retry. Reported failures cut the batch at the first of them.
"""

from dataclasses import dataclass, replace

from vpclab.localcloud.control_plane.event_sources.mapping import WITHOUT_END, MappingSettings
from vpclab.localcloud.control_plane.event_sources.stream import StreamRecord


@dataclass(frozen=True, slots=True)
class Batch:
    """Records that go to the function together. ``failures`` counts the times that they came back as they are."""

    records: tuple[StreamRecord, ...]
    failures: int = 0
    invocations: int = 0

    def fresh(self, settings: MappingSettings, now: float) -> tuple["Batch | None", "Batch | None"]:
        """Return what is young enough to be tried (again), and what has expired; None for neither."""
        if settings.maximum_record_age == WITHOUT_END:
            return self, None
        oldest = now - settings.maximum_record_age
        count = sum(one.arrived < oldest for one in self.records)
        return self._part(self.records[count:]), self._part(self.records[:count])

    def after_failure(self, settings: MappingSettings, first_failed: int) -> tuple[list["Batch"], "Batch | None"]:
        """Return what is to be tried next, in order, and what is given up.

        ``first_failed`` is the index of the first record that the function reported; 0: the whole batch failed.
        """
        rest = replace(
            self, records=self.records[first_failed:], failures=self.failures + 1, invocations=self.invocations + 1
        )
        if settings.bisects and not first_failed and len(rest.records) > 1:
            half = len(rest.records) // 2
            parts = rest.records[:half], rest.records[half:]
            return [replace(rest, records=one, failures=self.failures) for one in parts], None
        if settings.maximum_retry_attempts != WITHOUT_END and rest.failures > settings.maximum_retry_attempts:
            return [], rest
        return [rest], None

    def _part(self, records: tuple[StreamRecord, ...]) -> "Batch | None":
        return replace(self, records=records) if records else None


def fitting(records: list[StreamRecord], most_bytes: int) -> list[StreamRecord]:
    """Return the first of ``records`` that fit into one payload; at least one."""
    total = 0
    for index, one in enumerate(records):
        total += one.size
        if total > most_bytes and index:
            return records[:index]
    return records
