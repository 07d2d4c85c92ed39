"""One local cloud with the four variants deployed on it by Pulumi, verified once for all tests of this room."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from vpclab.localcloud import daemon
from vpclab.statements.report import Report
from vpclab.statements.runner import verify
from vpclab.statements.target import Target
from vpclab.statements.variant import VARIANTS
from vpclab.toolchain import deployment
from vpclab.toolchain.environment import loopback_endpoint
from vpclab.toolchain.project import Project

LOCAL = "local"
ANY_PORT = 0
STACKS_AT_A_TIME = 4


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Give this project a state directory of the tests' own, so that a user's stacks and cloud are not touched."""
    return replace(Project.here(), state=tmp_path_factory.mktemp("verify"))


@pytest.fixture(scope="session")
def endpoint(request: pytest.FixtureRequest, project: Project) -> Iterator[str]:
    chosen = request.config.getoption("--target")
    if chosen != LOCAL:
        yield loopback_endpoint(chosen)
        return
    status = daemon.start(ANY_PORT, project.cloud, lifeline=True)
    yield status.endpoint
    daemon.stop(project.cloud)


@pytest.fixture(scope="session")
def outputs(
    request: pytest.FixtureRequest, project: Project, endpoint: str
) -> Iterator[Mapping[str, Mapping[str, Any]]]:
    """Deploy the variants; give each one's stack outputs."""
    environment = deployment.prepare(endpoint, project=project)

    def up(variant: str) -> Mapping[str, Any]:
        deployment.up(variant, environment, lambda _: None, root=project.root)
        return deployment.outputs(variant, environment, root=project.root)

    def destroy(variant: str) -> None:
        deployment.destroy(variant, environment, lambda _: None, root=project.root)

    with ThreadPoolExecutor(STACKS_AT_A_TIME) as pool:
        yield dict(zip(VARIANTS, pool.map(up, VARIANTS), strict=True))
        if (
            request.config.getoption("--target") != LOCAL
        ):  # a cloud of our own is about to end with all that is in it
            list(pool.map(destroy, VARIANTS))


@pytest.fixture(scope="session")
def target(endpoint: str) -> Target:
    return Target.local(endpoint)


@pytest.fixture(scope="session")
def report(outputs: Mapping[str, Mapping[str, Any]], target: Target) -> Report:
    """Verify all variants, once."""
    return verify(outputs, target)
