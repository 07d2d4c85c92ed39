"""ReceiveMessage that waits for a message (SQS guide, short and long polling), without holding anything meanwhile.

moto would wait inside the call, and nobody else would get an answer until it is over.
"""

import json
import re
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from moto.sqs.models import SQSBackend, sqs_backends

from vpclab.localcloud.control_plane.api_error import Response
from vpclab.localcloud.control_plane.api_request import ApiRequest
from vpclab.localcloud.control_plane.corrections import Corrections, Moto
from vpclab.localcloud.control_plane.event_sources.arrivals import Arrivals
from vpclab.localcloud.control_plane.event_sources.queue import Queue

_QUEUE_URL = re.compile(r"(?:.*/)?(\d{12})/([\w.-]+)/?$")
_LONGEST = 20.0


def correct(corrections: Corrections) -> None:
    """Have moto never wait by itself."""
    corrections.wrap(SQSBackend, "receive_message", _receive)


def _receive(  # noqa: PLR0913, PLR0917 - moto's own arguments
    plain: Moto,
    backend: Moto,
    queue_name: str,
    count: int,
    wait_seconds_timeout: int,
    visibility_timeout: int,
    message_attribute_names: list[str] | None = None,
) -> Moto:
    del wait_seconds_timeout
    return plain(backend, queue_name, count, 0, visibility_timeout, message_attribute_names)


class LongPolling:
    """Asks again whenever something arrives at the queue, until there is a message or the time is over."""

    def __init__(self, arrivals: Arrivals, lock: threading.RLock) -> None:
        self._arrivals = arrivals
        self._lock = lock

    @staticmethod
    def concerns(request: ApiRequest, action: str) -> bool:
        """Whether this may be a request that waits."""
        return request.service == "sqs" and action == "ReceiveMessage"

    def answer(self, request: ApiRequest, account: str, region: str, call: Callable[[], Response]) -> Response:
        """Answer by ``call``, which holds the control plane's lock only while it runs."""
        with self._lock:
            arn, seconds = _asked(request, account, region)
        deadline = time.monotonic() + seconds
        while True:
            seen, looked = self._arrivals.seen(arn), time.time()
            response = call()
            left = deadline - time.monotonic()
            if response[0] >= HTTPStatus.BAD_REQUEST or left <= 0 or _has_message(response):
                return response
            if self._arrivals.is_closed:
                return response
            with self._lock:
                coming = Queue(arn).next_change(looked)
            self._arrivals.wait(arn, seen, left if coming is None else min(left, coming))
            request.with_body(request.body)  # readable once more


def _asked(request: ApiRequest, account: str, region: str) -> tuple[str, float]:
    """The queue's ARN and how long the request waits; what is invalid is for moto to refuse."""
    given: dict[str, Any] = {**request.parameters, **request.document}
    found = _QUEUE_URL.match(str(given.get("QueueUrl") or request.path))
    if found is None:
        return "", 0.0
    owner, name = found[1] or account, found[2]
    queue = sqs_backends[owner][region].queues.get(name)
    if queue is None:
        return "", 0.0
    wait = given.get("WaitTimeSeconds")
    try:
        seconds = float(queue.receive_message_wait_time_seconds if wait is None else wait)
    except ValueError:
        return "", 0.0
    return queue.queue_arn, min(seconds, _LONGEST)


def _has_message(response: Response) -> bool:
    try:
        return bool(json.loads(response[2]).get("Messages"))
    except ValueError:
        return b"<Message>" in response[2]
