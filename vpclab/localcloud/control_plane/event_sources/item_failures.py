"""What a function says of a batch's items (Lambda guide: batch item failures of SQS, Kinesis and DynamoDB)."""

import json
from collections.abc import Collection

_NO_LIST = "none"


def failed_items(payload: bytes, known: Collection[str]) -> frozenset[str] | None:
    """Return the identifiers that a function reported as failed; None: the whole batch counts as failed.

    Success of all: no answer, an empty one, or no failures in it. Failure of all: what is no such answer, an empty
    identifier, or one that was not in the batch.
    """
    try:
        answer = json.loads(payload or b"null")
    except ValueError:
        return None
    if answer is None or answer == {}:
        return frozenset()
    failures = answer.get("batchItemFailures", _NO_LIST) if isinstance(answer, dict) else _NO_LIST
    if failures is None:
        return frozenset()
    if not isinstance(failures, list):
        return None
    found = [one.get("itemIdentifier") if isinstance(one, dict) else None for one in failures]
    return frozenset(str(one) for one in found) if all(one in known for one in found) else None
