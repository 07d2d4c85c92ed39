"""The vocabulary of answers."""

import errno
import socket

import pytest

from lambdas.probe.outcome import Outcome, outcome_of


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (TimeoutError("timed out"), Outcome.TIMED_OUT),
        (OSError(errno.ETIMEDOUT, "Connection timed out"), Outcome.TIMED_OUT),
        (OSError(errno.ECONNREFUSED, "Connection refused"), Outcome.REFUSED),
        (ConnectionResetError(errno.ECONNRESET, "reset"), Outcome.REFUSED),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), Outcome.UNREACHABLE),
        (OSError(errno.EHOSTUNREACH, "No route to host"), Outcome.UNREACHABLE),
        (socket.gaierror(-2, "Name or service not known"), Outcome.NAME_NOT_RESOLVED),
        (socket.gaierror(-3, "Temporary failure in name resolution"), Outcome.NAME_NOT_RESOLVED),
        (ValueError("a defect"), None),
        (OSError(errno.EACCES, "Permission denied"), None),
    ],
    ids=repr,
)
def test_a_failure_can_be_named(failure: BaseException, outcome: Outcome | None) -> None:
    """Each failure signature has one name; what is no network outcome has none, so that it counts as an error."""
    assert outcome_of(failure) is outcome
