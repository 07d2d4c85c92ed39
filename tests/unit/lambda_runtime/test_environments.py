from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest

from tests.integration.lambda_world import function
from vpclab.localcloud.lambda_runtime import environments
from vpclab.localcloud.lambda_runtime.code_store import CodeStore
from vpclab.localcloud.lambda_runtime.environments import Environments
from vpclab.localcloud.lambda_runtime.limits import DEFAULT_LIMITS

PROBE = function("def handler(event, context): return event")


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Environments]:
    """A pool whose environments are nothing but alive."""
    monkeypatch.setattr(environments, "Environment", lambda *_: mock.Mock(is_alive=True))
    with closing(Environments(mock.Mock(), mock.Mock(), CodeStore(tmp_path), DEFAULT_LIMITS)) as made:
        yield made


def test_environment_can_be_used_again_the_last_used_first(pool: Environments) -> None:
    """After a burst few environments do the work, and the others get old, as AWS keeps the warmest."""
    first, second, third = (pool.acquire(PROBE)[0] for _ in range(3))
    for place in (second, third, first):
        pool.release(place)
    for _ in range(3):
        assert pool.acquire(PROBE) == (first, False)
        pool.release(first)
    assert [pool.acquire(PROBE) for _ in range(3)] == [(first, False), (third, False), (second, False)]
    for place in (first, second, third):
        pool.discard(place)


def test_burst_cannot_start_more_environments_than_it_has_invocations(pool: Environments) -> None:
    """One is made only where none of that very function and configuration is idle."""
    burst = [pool.acquire(PROBE) for _ in range(8)]
    assert all(is_new for _, is_new in burst)
    other, is_new = pool.acquire(replace(PROBE, memory_mb=256))
    assert is_new
    for place, _ in burst:
        pool.release(place)
    assert not any(pool.acquire(replace(PROBE, payload=b"1"))[1] for _ in range(8))
    assert pool.count() == (0, 9)
    for place in (other, *(one for one, _ in burst)):
        pool.discard(place)
