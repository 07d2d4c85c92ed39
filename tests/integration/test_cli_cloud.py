"""The commands around the local cloud's process."""

import dataclasses
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.deadline import eventually
from tests.integration.command_line import CommandLine
from vpclab import cli_drops
from vpclab.localcloud import daemon, daemon_state
from vpclab.localcloud.control_plane import Settings
from vpclab.localcloud.daemon import DaemonStatus


@pytest.fixture
def vpclab(tmp_path: Path) -> Iterator[CommandLine]:
    command_line = CommandLine(tmp_path / "state")
    yield command_line
    daemon.stop(tmp_path / "state" / "cloud")


def test_cloud_can_be_started_looked_at_and_stopped(vpclab: CommandLine) -> None:
    """`start` returns when it serves, `status` tells pid and endpoint, `stop` leaves nothing."""
    started = vpclab("cloud", "start", "--port", "0", "--json")
    assert started.returncode == 0, started.stderr
    told = json.loads(started.stdout)
    with urlopen(f"{told['endpoint']}/_vpclab/health", timeout=10) as answer:  # noqa: S310 - our own endpoint
        assert json.load(answer)["status"] == "serving"
    status = json.loads(vpclab("cloud", "status", "--json").stdout)
    assert (status["running"], status["pid"], status["endpoint"]) == (True, told["pid"], told["endpoint"])
    assert told["endpoint"] in vpclab("cloud", "status").stdout
    again = vpclab("cloud", "start", "--port", "0")
    assert again.returncode == 1
    assert f"already serves at {told['endpoint']}" in again.stderr
    assert vpclab("cloud", "stop").returncode == 0
    assert daemon_state.birth_of(told["pid"]) is None
    assert vpclab("cloud", "status").returncode == 1


@pytest.mark.parametrize(("typed", "authorizes"), [([], True), (["--no-authorization"], False)])
def test_cloud_can_be_started_with_and_without_authorisation(
    vpclab: CommandLine, typed: list[str], *, authorizes: bool
) -> None:
    """With it, a user without policies may do nothing; without it, everything. Status says which."""
    started = json.loads(vpclab("cloud", "start", "--port", "0", "--json", *typed).stdout)
    assert started["authorizes"] is authorizes
    told = "held against policies" if authorizes else "all allowed"
    assert f"requests: {told}" in vpclab("cloud", "status").stdout
    there = {"endpoint_url": started["endpoint"], "region_name": "us-east-1"}
    iam = boto3.session.Session("test", "test").client("iam", **there)
    iam.create_user(UserName="nobody")
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    ec2 = boto3.session.Session(key["AccessKeyId"], key["SecretAccessKey"]).client("ec2", **there)
    if authorizes:
        with pytest.raises(ClientError, match="UnauthorizedOperation"):
            ec2.describe_vpcs()
    else:
        assert ec2.describe_vpcs()["Vpcs"]


def test_cloud_cannot_start_with_a_setting_that_cannot_be(vpclab: CommandLine) -> None:
    """What is not a setting, or not a number, is named in the error, with those that there are."""
    for given, text in (
        ("nat_gateway_idle=5", "there is no setting 'nat_gateway_idle' that can be given so: use one of"),
        ("nat_gateway_idle_seconds=soon", "'nat_gateway_idle_seconds=soon' is not understood"),
        ("nat_gateway_connections=0", "nat_gateway_connections is from 1 to"),
        ("nat_gateway_first_port=65536", "nat_gateway_first_port is from 1 to 65535"),
        ("nat_gateway_last_port=1000", "nat_gateway_first_port is greater than nat_gateway_last_port"),
        ("interface_linger_seconds=nan", "interface_linger_seconds is from 0 to"),
        ("environment_life_seconds=inf", "environment_life_seconds is from 0 to"),
    ):
        ended = vpclab("cloud", "start", "--port", "0", "--setting", given)
        assert ended.returncode == 1
        assert text in ended.stderr


def test_cloud_can_be_started_without_standard_streams(vpclab: CommandLine) -> None:
    """As a supervisor may start it: it is then known to run, and can be stopped."""
    command = [sys.executable, "-m", "vpclab", "cloud", "start", "--port", "0"]
    subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *command],
        cwd=vpclab.project,
        env=vpclab.environment({}),
        check=True,
    )
    assert "serves at" in vpclab("cloud", "status").stdout


def test_cloud_can_be_started_with_settings(vpclab: CommandLine) -> None:
    """Numbers other than AWS's hold, and the rest is as it was."""
    vpclab("cloud", "start", "--port", "0", "--setting", "nat_gateway_connections=2")
    status = json.loads(vpclab("cloud", "status", "--json").stdout)
    changed = dataclasses.replace(Settings(), nat_gateway_connections=2)
    assert status["settings"] == json.loads(json.dumps(dataclasses.asdict(changed)))


def test_cloud_cannot_start_on_a_taken_port(vpclab: CommandLine) -> None:
    """The error names the port and the way out."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = vpclab("cloud", "start", "--port", str(port))
    assert ended.returncode == 1
    assert f"127.0.0.1:{port} cannot be listened on" in ended.stderr
    assert "--port" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_env_can_follow_the_running_cloud(vpclab: CommandLine) -> None:
    """Without --port, the lines point at the cloud that runs."""
    endpoint = json.loads(vpclab("cloud", "start", "--port", "0", "--json").stdout)["endpoint"]
    ended = vpclab("env")
    assert f"export AWS_ENDPOINT_URL={endpoint}" in ended.stdout.splitlines()
    assert "note:" not in ended.stderr


def test_variants_cannot_be_verified_before_they_are_up(vpclab: CommandLine) -> None:
    """The error says which command comes first."""
    vpclab("cloud", "start", "--port", "0")
    ended = vpclab("verify", "public")
    assert ended.returncode == 1
    assert "public is not deployed to this target; `vpclab up public` deploys it" in ended.stderr


def test_drops_can_be_none(vpclab: CommandLine) -> None:
    """A cloud in which nothing was refused says so; a function that does not exist is an error."""
    vpclab("cloud", "start", "--port", "0")
    assert json.loads(vpclab("cloud", "drops", "--json").stdout) == []
    assert "no packet was dropped" in vpclab("cloud", "drops").stderr
    ended = vpclab("cloud", "drops", "--function", "nobody")
    assert ended.returncode == 1
    assert "there is no function 'nobody'" in ended.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_foreground_cloud_cannot_outlive_its_command(vpclab: CommandLine, number: signal.Signals) -> None:
    """Ctrl-C, kill and even kill -9 of the command end the cloud with it."""
    state = vpclab.state / "cloud"
    with vpclab.start("cloud", "run", "--port", "0") as running:
        status = eventually(lambda: daemon.status(state) or running.poll(), 60, "the cloud serves")
        assert isinstance(status, DaemonStatus), running.communicate()
        running.send_signal(number)
        running.communicate(timeout=60)
    assert running.returncode == {signal.SIGKILL: -signal.SIGKILL}.get(number, 0)
    eventually(lambda: daemon_state.birth_of(status.pid) is None, 30, "the cloud is gone")


def test_drop_can_be_told_in_one_line() -> None:
    """When, which flow, which component, why; what is not known is left out."""
    drop = {
        "time": 1700000000.25,
        "kind": "internet-gateway",
        "component": "igw-1",
        "code": "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS",
        "reason": "igw-1 lets only sources with a public address out",
        "protocol": "tcp",
        "interface_id": "eni-1",
        "source": "10.0.0.4",
        "source_port": 50381,
        "destination": "192.0.2.9",
        "destination_port": 443,
    }
    assert cli_drops.describe(drop) == (
        "22:13:20.250 eni-1 tcp 10.0.0.4:50381 -> 192.0.2.9:443  dropped by internet-gateway igw-1 "
        "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS: igw-1 lets only sources with a public address out"
    )
    bare = {
        **drop,
        "interface_id": None,
        "protocol": "icmp",
        "source_port": None,
        "destination_port": None,
        "code": "",
        "reason": "",
    }
    assert (
        cli_drops.describe(bare) == "22:13:20.250 - icmp 10.0.0.4 -> 192.0.2.9  dropped by internet-gateway igw-1"
    )
