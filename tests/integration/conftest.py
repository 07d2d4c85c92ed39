"""For the tests of this room: one local cloud for all of them, on a port of its own; a control plane for each."""

from collections.abc import Iterator

import pytest

from tests.integration import control_plane_world
from tests.integration.row_cloud import Clients, Demolition
from tests.integration.row_world import BASIC, EVERYTHING, VPC_ACCESS, RowWorld
from vpclab.localcloud import daemon
from vpclab.localcloud.daemon import DaemonStatus


@pytest.fixture(scope="session")
def local_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonStatus]:
    state = tmp_path_factory.mktemp("cloud")
    yield daemon.start(0, state, lifeline=True)
    daemon.stop(state)


@pytest.fixture(scope="session")
def clients(local_cloud: DaemonStatus) -> Clients:
    return Clients(local_cloud.endpoint)


@pytest.fixture(scope="session")
def execution_role(clients: Clients) -> Iterator[str]:
    roles = RowWorld(clients, "")
    yield roles.iam_role(VPC_ACCESS, BASIC, EVERYTHING)
    roles.undo.close()


@pytest.fixture(scope="session")
def demolition(execution_role: str) -> Iterator[Demolition]:
    assert execution_role  # outlives the functions
    demolition = Demolition()
    yield demolition
    demolition.finish()


@pytest.fixture
def world(clients: Clients, execution_role: str, demolition: Demolition) -> Iterator[RowWorld]:
    """Where one row builds; taken down while the next ones run."""
    world = RowWorld(clients, execution_role)
    yield world
    demolition.later(world.undo)


@pytest.fixture
def here() -> Iterator[control_plane_world.World]:
    """A control plane with nothing in it."""
    with control_plane_world.world() as running:
        yield running
