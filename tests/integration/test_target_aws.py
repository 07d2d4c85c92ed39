"""`--target aws` as typed, as far as that goes without an account; the rest with a control plane as AWS."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration import plugin_world
from tests.integration.command_line import CommandLine
from vpclab import cli, cli_target, cli_variants
from vpclab.cli_target import Destination, Plugin
from vpclab.statements.target import Target
from vpclab.toolchain import aws_account, deployment, lingering_interfaces, plugins, pulumi_cli
from vpclab.toolchain.aws_account import Account
from vpclab.toolchain.error import ToolchainError
from vpclab.toolchain.lingering_interfaces import Patience
from vpclab.toolchain.project import Project

WITHOUT_CREDENTIALS = {
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
FOREIGN = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION")
LINGER_SECONDS = 15.0
"""Longer than Pulumi takes to end on a busy machine, so that interfaces of a deleted function are seen."""
COMMANDS = ("up", "verify", "destroy")


@pytest.fixture
def vpclab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    for name in (*FOREIGN, "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    return CommandLine(tmp_path / "state", WITHOUT_CREDENTIALS)


@pytest.mark.parametrize("command", COMMANDS)
def test_aws_cannot_be_used_without_credentials(vpclab: CommandLine, command: str) -> None:
    """It says how to get some, in one sentence each with whatever else is lacking; no directory is made."""
    ended = vpclab(command, "--target", "aws", "--region", "us-east-1", "--yes")
    assert ended.returncode == 1
    assert "nothing was created or changed" in ended.stderr
    assert "there are no AWS credentials: sign in with `aws sso login`" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not vpclab.state.exists()


def test_aws_cannot_be_used_in_a_region_that_does_not_exist(vpclab: CommandLine) -> None:
    """It asks whether another was meant. Without any it asks for one."""
    ended = vpclab("up", "--target", "aws", "--region", "us-esat-1", "--yes")
    assert ended.returncode == 1
    assert "there is no Region 'us-esat-1': did you mean us-east-1?" in ended.stderr
    assert "no Region is chosen" in vpclab("up", "--target", "aws").stderr
    assert not vpclab.state.exists()


def test_aws_cannot_be_an_endpoint_elsewhere(vpclab: CommandLine) -> None:
    """In a shell with the variables of `vpclab env` AWS would not be AWS."""
    ended = vpclab("up", "--target", "aws", "--region", "us-east-1", AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert ended.returncode == 1
    assert "this shell sends AWS requests elsewhere (AWS_ENDPOINT_URL is set" in ended.stderr


def test_region_cannot_be_chosen_for_a_local_target(vpclab: CommandLine) -> None:
    """It would be ignored there."""
    ended = vpclab("up", "--target", "http://127.0.0.1:9", "--region", "eu-west-1")
    assert ended.returncode == 1
    assert "--region is for --target aws" in ended.stderr


@dataclass(frozen=True, slots=True)
class PlayedAws(Destination):
    """A control plane of the test's own in the place of AWS: for the command line it is AWS."""

    played_by: str = ""

    def environment(self, plugin: Plugin = Plugin.STANDIN) -> dict[str, str]:
        assert plugin is Plugin.STANDIN
        backend = self.project.pulumi_backend_of("aws-123456789012-us-east-1")
        return deployment.prepare(self.played_by, project=self.project, backend=backend)

    def verified(self, region: str | None = None) -> Target:
        return Target.local(self.played_by, region=region or self.region)


class Aws:
    """The command line run in this process, with a control plane as AWS. Nobody sits at its terminal."""

    def __init__(self, endpoint: str, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.endpoint = endpoint
        self.project = Project(root=plugin_world.ROOT, state=state, cache=Project.here().cache)
        there = PlayedAws(
            self.project,
            None,
            region="us-east-1",
            account=Account("123456789012", "arn:aws:iam::123456789012:user/tester"),
            played_by=endpoint,
        )
        monkeypatch.setattr(cli_variants, "destination", lambda *_, **__: there)
        monkeypatch.setattr(Project, "here", lambda *_: self.project)

    def type(self, *arguments: str) -> int:
        return cli.run([*arguments, "--target", "aws"])

    def held(self) -> dict[str, list[str]]:
        ec2, iam = plugin_world.client(self.endpoint, "ec2"), plugin_world.client(self.endpoint, "iam")
        vpcs = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["false"]}])["Vpcs"]
        return {
            "vpcs": [vpc["VpcId"] for vpc in vpcs],
            "roles": [role["RoleName"] for role in iam.list_roles()["Roles"]],
            "interfaces": [
                one["NetworkInterfaceId"] for one in ec2.describe_network_interfaces()["NetworkInterfaces"]
            ],
        }


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    patience = Patience(in_all=60, between_looks=0.1)
    monkeypatch.setattr(lingering_interfaces, "Patience", lambda: patience)
    with plugin_world.api(interface_linger_seconds=LINGER_SECONDS) as endpoint:
        yield Aws(endpoint, tmp_path / "state", monkeypatch)


def test_up_cannot_create_anything_before_it_is_confirmed(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    """Account, Region, resources and their price are shown; without a terminal and without --yes that is all."""
    before = aws.held()
    assert aws.type("up", "private-nat") == 1
    told = capsys.readouterr().err
    assert "AWS account 123456789012, as arn:aws:iam::123456789012:user/tester; Region us-east-1" in told
    assert "1 NatGateway" in told
    assert "$0.0450 per hour  1 x NAT gateway" in told
    assert "per hour for all of it while it is there" in told
    assert "by the list prices of us-east-1 as of" in told
    assert "nobody is there to ask whether to create this: nothing was created or changed" in told
    assert "price not known" not in told
    assert aws.held() == before


def test_confirmed_deployment_can_be_made_and_destroyed(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    """Destroying says why it waits: Lambda's interfaces, with their groups and states. Nothing is left."""
    before = aws.held()
    assert aws.type("up", "public", "--yes") == 0
    assert len(aws.held()["vpcs"]) == 1
    assert aws.type("destroy", "public") == 1
    assert "nobody is there to ask whether to delete this" in capsys.readouterr().err
    assert len(aws.held()["vpcs"]) == 1
    assert aws.type("destroy", "public", "--yes") == 0
    told = capsys.readouterr().err
    assert "waiting for Lambda to remove its interfaces" in told
    assert ": in-use" in told
    assert aws.held() == before


def test_stacks_on_aws_cannot_be_taken_for_local_ones(aws: Aws) -> None:
    """Their state has a place of its own, by account and Region."""
    assert aws.type("up", "default", "--yes") == 0
    kept = [path.relative_to(aws.project.state) for path in aws.project.state.rglob("default.json")]
    assert [path.parts[:3] for path in kept] == [("pulumi", "backends", "aws-123456789012-us-east-1")]


def test_all_lacks_can_be_told_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody has to run the command once for each."""

    def refuse(name: str) -> Any:  # noqa: ANN401 - takes and gives anything
        def refusal(*_: object, **__: object) -> None:
            raise ToolchainError(f"no {name}")

        return refusal

    for module, name in (
        (aws_account, "choose_region"),
        (aws_account, "identify"),
        (pulumi_cli, "require"),
        (plugins, "require_official"),
    ):
        monkeypatch.setattr(module, name, refuse(name))
    project = Project(root=tmp_path, state=tmp_path, cache=tmp_path)
    with pytest.raises(ToolchainError) as refused:
        cli_target.destination("aws", project)
    assert str(refused.value).splitlines()[1:] == [
        "- no choose_region",
        "- no identify",
        "- no require",
        "- no require_official",
    ]
