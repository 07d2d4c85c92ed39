"""A local cloud for the tests of this room: one for all of them, on a port of its own."""

from collections.abc import Iterator

import pytest

from vpclab.localcloud import daemon
from vpclab.localcloud.daemon import DaemonStatus


@pytest.fixture(scope="session")
def local_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonStatus]:
    state = tmp_path_factory.mktemp("cloud")
    yield daemon.start(0, state, lifeline=True)
    daemon.stop(state)
