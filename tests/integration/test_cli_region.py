"""A stack whose file sets another Region than the others', as typed, in a copy of the project."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.command_line import REPOSITORY, CommandLine
from vpclab.localcloud import daemon

ELSEWHERE = "eu-central-1"
COPIED = ("vpclab", "infra", "lambdas")


def copied(into: Path) -> Path:
    """Copy what is needed of the project, with the stack endpoints in another Region."""
    into.mkdir()
    for name in COPIED:
        shutil.copytree(REPOSITORY / name, into / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("__main__.py", *(path.name for path in REPOSITORY.glob("Pulumi*.yaml"))):
        shutil.copy(REPOSITORY / file, into)
    (into / ".venv").symlink_to(REPOSITORY / ".venv")
    stack = into / "Pulumi.endpoints.yaml"
    stack.write_text(stack.read_text().replace("config:\n", f"config:\n  aws:region: {ELSEWHERE}\n", 1))
    return into


@pytest.fixture(scope="module")
def vpclab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    directory = tmp_path_factory.mktemp("region")
    command = CommandLine(directory / "state", project=copied(directory / "project"))
    command("cloud", "start", "--port", "0")
    yield command
    daemon.stop(directory / "state" / "cloud")


def test_every_command_can_find_a_stack_in_another_region(vpclab: CommandLine, tmp_path: Path) -> None:
    """Up, verify, drops and destroy go where the stack file says; env tells who has to be told the Region."""
    up = vpclab("up", "endpoints", "default")
    assert up.returncode == 0, up.stderr
    verified = vpclab("verify", "endpoints", "--output", str(tmp_path), "--json")
    assert verified.returncode == 0, verified.stderr
    assert json.loads(verified.stdout)["verdicts"]
    function = vpclab_function(vpclab)
    for name in (function, function.rpartition(":")[2]):
        drops = json.loads(vpclab("cloud", "drops", "--json", "--function", name).stdout)
        assert {drop["code"] for drop in drops} >= {"NO_ROUTE_TO_DESTINATION"}

    both = vpclab("verify", "default", "endpoints")
    assert both.returncode == 1
    assert both.stderr.strip() == (
        "vpclab: `vpclab verify` takes the stacks of one Region at a time, and these are in several: "
        f"default in us-east-1; endpoints in {ELSEWHERE}. Name those of one Region, then those of the next"
    )
    env = vpclab("env")
    assert f"note: endpoints is in {ELSEWHERE} by its stack file" in env.stderr
    assert "export AWS_REGION=us-east-1" in env.stdout
    destroyed = vpclab("destroy", "endpoints", "default")
    assert destroyed.returncode == 0, destroyed.stderr


def test_regions_cannot_be_mixed_without_a_word(vpclab: CommandLine) -> None:
    """A demonstration verifies everything at once; on AWS an option may not contradict the stack file."""
    demo = vpclab("demo")
    assert demo.returncode == 1
    assert "`vpclab demo` takes the stacks of one Region at a time" in demo.stderr
    aws = vpclab("up", "endpoints", "--target", "aws", "--region", "us-east-1", "--yes")
    assert aws.returncode == 1
    assert f"--region us-east-1 is not the aws:region that the stack's file sets of endpoints ({ELSEWHERE})" in (
        aws.stderr
    )
    several = vpclab("up", "endpoints", "default", "--target", "aws", "--yes", AWS_REGION="us-east-1")
    assert "default in us-east-1" in several.stderr
    assert f"endpoints in {ELSEWHERE}" in several.stderr


def vpclab_function(vpclab: CommandLine) -> str:
    """Return the ARN of the probe of the stack endpoints, from Pulumi's own state."""
    (state,) = vpclab.state.glob("pulumi/backend/.pulumi/stacks/*/endpoints.json")
    resources = json.loads(state.read_text())["checkpoint"]["latest"]["resources"]
    (stack,) = (one for one in resources if one["type"] == "pulumi:pulumi:Stack")
    return str(stack["outputs"]["function_arn"])
