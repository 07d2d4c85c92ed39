"""Searches a log group for a line that was printed a moment ago."""

import time
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from vpclab.statements.target import Target

LOCAL_SECONDS = 3.0
AWS_SECONDS = 60.0
"""How long a line may take to be found. CloudWatch Logs promises no time; seconds are usual."""

POLL_SECONDS = 0.1
CLOCK_SKEW_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Line:
    """A found line: where it stands, and how long after the search began it was there."""

    log_stream: str
    message: str
    seconds: float


def search(
    target: Target, log_group: str, text: str, since: float, *, seconds: float | None = None
) -> Line | None:
    """Return the line that contains ``text``, or None when it has not appeared before the deadline.

    ``seconds``: another deadline than the target's usual one.
    """
    began = time.monotonic()
    usual = LOCAL_SECONDS if target.is_on_loopback else AWS_SECONDS
    deadline = began + (usual if seconds is None else seconds)
    while True:
        for event in _events(target, log_group, text, since):
            if text in event["message"]:
                return Line(
                    str(event["logStreamName"]),
                    str(event["message"]).rstrip(),
                    round(time.monotonic() - began, 3),
                )
        if time.monotonic() > deadline:
            return None
        time.sleep(POLL_SECONDS)


def _events(target: Target, log_group: str, text: str, since: float) -> list[dict[str, Any]]:
    try:
        pages = (
            target.client("logs")
            .get_paginator("filter_log_events")
            .paginate(
                logGroupName=log_group,
                filterPattern=f'"{text}"',
                startTime=int((since - CLOCK_SKEW_SECONDS) * 1000),
            )
        )
        return [event for page in pages for event in page["events"]]
    except ClientError as failure:
        if failure.response["Error"]["Code"] == "ResourceNotFoundException":
            return []
        raise
