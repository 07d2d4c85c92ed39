"""The cloud that rows are replayed against: its clients, its refusals, and the undoing of what rows built."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

REGION = "us-east-1"


class Demolition:
    """Takes worlds down while the next rows run."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(8)
        self._tasks: list[Future[None]] = []

    def later(self, undo: ExitStack) -> None:
        self._tasks.append(self._threads.submit(undo.close))

    def finish(self) -> None:
        """Wait for all of it, and raise what went wrong."""
        self._threads.shutdown()
        for task in self._tasks:
            task.result()


class Clients:
    """boto3 clients of one cloud, made once each."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._made: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    def __call__(self, service: str, region: str = REGION) -> Any:  # noqa: ANN401 - boto3 has no types
        with self._lock:
            if (service, region) not in self._made:
                self._made[service, region] = boto3.client(
                    service,
                    region_name=region,
                    endpoint_url=self.endpoint,
                    aws_access_key_id="test",
                    aws_secret_access_key="test",
                    config=Config(retries={"total_max_attempts": 1}, read_timeout=120, max_pool_connections=20),
                )
            return self._made[service, region]


@contextmanager
def refused(code: str, *texts: str) -> Iterator[None]:
    """The block ends in that error of the API, whose message has these texts."""
    with pytest.raises(ClientError) as caught:
        yield
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    assert all(text in error["Message"] for text in texts), error
