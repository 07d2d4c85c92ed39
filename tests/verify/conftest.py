"""The variants deployed by Pulumi to one target, and verified once for all tests of this room.

Without ``--target`` that is a local cloud of the tests' own. A URL that does not say of itself that it keeps
packets apart is a foreign target: it may lack APIs, and may refuse nothing. There ``test_foreign_target.py`` is
run instead of everything else: what the target does not enforce is skipped, and nothing may come out falsely.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from vpclab.localcloud import daemon
from vpclab.statements.deployment import Deployment
from vpclab.statements.error import VerificationError
from vpclab.statements.report import Report
from vpclab.statements.runner import verify
from vpclab.statements.target import Target
from vpclab.statements.variant import ALL, VARIANTS
from vpclab.toolchain import deployment, stack_region
from vpclab.toolchain.deployment import DeploymentError
from vpclab.toolchain.environment import REGION, loopback_endpoint
from vpclab.toolchain.error import ToolchainError
from vpclab.toolchain.project import Project

LOCAL = "local"
AWS = "aws"
ANY_PORT = 0
STACKS_AT_A_TIME = 5
FOREIGN = pytest.StashKey[bool]()
RESULT = pytest.StashKey["Deployed"]()
REPORT = pytest.StashKey[Report]()


@dataclass(slots=True)
class Deployed:
    """Outputs of the stacks that can be verified; in the target's words, what could not be made or deleted."""

    outputs: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)


def pytest_configure(config: pytest.Config) -> None:
    chosen = config.getoption("--target")
    if chosen == AWS:
        raise pytest.UsageError(
            "tests change what they find and ask nobody: on AWS use `vpclab up|verify|destroy --target aws`"
        )
    config.stash[FOREIGN] = False
    if chosen != LOCAL:
        try:
            claims = Target.at(loopback_endpoint(chosen)).claims()
        except (ToolchainError, VerificationError) as refusal:
            raise pytest.UsageError(str(refusal)) from None
        config.stash[FOREIGN] = claims.get("isolates_network") is not True


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Choose the tests of this room that go with the target; those of other rooms are nobody's business here."""
    room, foreign = Path(__file__).parent, config.stash[FOREIGN]
    other = [
        item
        for item in items
        if item.path.parent == room and (item.path.stem == "test_foreign_target") is not foreign
    ]
    if other:
        config.hook.pytest_deselected(items=other)
        items[:] = [item for item in items if item not in other]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Tell of a foreign target what could not be deployed, and how many verdicts of each kind there were."""
    deployed, report = config.stash.get(RESULT, None), config.stash.get(REPORT, None)
    if not config.stash.get(FOREIGN, False) or deployed is None:
        return
    terminalreporter.section(f"verdicts on {config.getoption('--target')}")
    for variant, why in deployed.missing.items():
        terminalreporter.write_line(f"{variant}: not everything could be deployed:\n{why}")
    for variant, why in deployed.left.items():
        terminalreporter.write_line(f"{variant}: not everything could be deleted again:\n{why}")
    if report is None:
        return
    counts: dict[str, int] = {}
    for row in report.judgements:
        kind = f"{row.verdict} (as documented)" if row.as_expected else str(row.verdict)
        counts[kind] = counts.get(kind, 0) + 1
    terminalreporter.write_line(", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())))


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
def deployed(request: pytest.FixtureRequest, project: Project, endpoint: str) -> Iterator[Deployed]:
    """Deploy all stacks; to a foreign target as far as it can hold them."""
    foreign = request.config.stash[FOREIGN]
    prepare = deployment.prepare_foreign if foreign else deployment.prepare
    environment = prepare(endpoint, project=project)
    stacks = [stack for stack in ALL if (project.root / f"Pulumi.{stack}.yaml").exists()]
    result = Deployed()

    def up(stack: str) -> None:
        if not foreign:
            deployment.up(stack, environment, lambda _: None, root=project.root)
            result.outputs[stack] = deployment.outputs(stack, environment, root=project.root)
            return
        lack = deployment.up_as_far_as_possible(stack, environment, lambda _: None, root=project.root)
        if lack is not None:
            result.missing[stack] = lack
        try:
            outputs = deployment.outputs(stack, environment, root=project.root)
            Deployment.from_outputs(stack, outputs)
        except (DeploymentError, VerificationError) as lack_of_outputs:
            result.missing[stack] = f"{result.missing.get(stack, '')}\n{lack_of_outputs}".strip()
        else:
            result.outputs[stack] = outputs

    def destroy(stack: str) -> None:
        try:
            deployment.destroy(stack, environment, lambda _: None, root=project.root)
        except DeploymentError as failure:
            if not foreign:
                raise
            result.left[stack] = str(failure)

    with ThreadPoolExecutor(STACKS_AT_A_TIME) as pool:
        list(pool.map(up, stacks))
        result.outputs = {stack: result.outputs[stack] for stack in stacks if stack in result.outputs}
        request.config.stash[RESULT] = result
        yield result
        if request.config.getoption("--target") != LOCAL:  # a cloud of our own ends with all that is in it
            list(pool.map(destroy, stacks))


@pytest.fixture(scope="session")
def outputs(deployed: Deployed) -> Mapping[str, Mapping[str, Any]]:
    """Give the outputs of the four variants."""
    return {variant: deployed.outputs[variant] for variant in VARIANTS if variant in deployed.outputs}


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest, endpoint: str, deployed: Deployed) -> Target:
    region = stack_region.only(stack_region.deployed(deployed.outputs), REGION, "this room")
    return (Target.at if request.config.stash[FOREIGN] else Target.local)(endpoint, region=region)


@pytest.fixture(scope="session")
def report(request: pytest.FixtureRequest, deployed: Deployed, target: Target) -> Report:
    """Verify all stacks, once."""
    found = verify(deployed.outputs, target)
    request.config.stash[REPORT] = found
    return found
