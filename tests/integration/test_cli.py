"""What a user types, and what comes back: exit codes, messages, and what is left alone."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.command_line import REPOSITORY, CommandLine
from vpclab import __version__
from vpclab.toolchain.deployment import ALTERNATIVES, VARIANTS


@pytest.fixture
def vpclab(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path / "state")


def only_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line]
    assert len(lines) == 1, text
    return lines[0]


def test_help_can_be_had_without_loading_anything_heavy(vpclab: CommandLine) -> None:
    """Every command is listed, and none of the libraries that take long to load was."""
    listed = vpclab("--help")
    assert listed.returncode == 0
    for command in ("demo", "doctor", "setup", "env", "up", "verify", "destroy", "cloud"):
        assert re.search(rf"\b{command}\b", listed.stdout)
    heavy = "{'boto3', 'botocore', 'moto', 'pulumi', 'grpc', 'pyroute2', 'requests', 'jinja2'}"
    script = f"import sys, vpclab.cli as cli; cli.run(['--help']); print(sorted({heavy} & set(sys.modules)))"
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[-1] == "[]"


def test_version_can_be_had(vpclab: CommandLine) -> None:
    """It is the package's."""
    assert vpclab("--version").stdout.strip() == f"vpclab {__version__}"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["fly"], "No such command 'fly'"),
        (["up", "--sideways"], "No such option"),
        (["cloud", "start", "--port", "many"], "--port"),
        (["up", "nowhere"], "no variant 'nowhere': choose among default, private-nat, public, endpoints"),
        (["up"], "no local cloud is running; `vpclab cloud start` starts it"),
        (["verify"], "no local cloud is running; `vpclab cloud start` starts it"),
        (["destroy"], "no local cloud is running; `vpclab cloud start` starts it"),
        (["cloud", "drops"], "no local cloud is running; `vpclab cloud start` starts it"),
        (["up", "--target", "http://192.0.2.1:4566"], "not on this machine"),
        (["up", "--target", "http://127.0.0.1:9"], "nothing answers at http://127.0.0.1:9"),
        (["verify", "--target", "http://localhost:99999"], "nothing answers at http://localhost:99999"),
        (["up", "--target", "somewhere"], "it should look like http://127.0.0.1:4566"),
    ],
)
def test_mistake_cannot_end_in_a_traceback(vpclab: CommandLine, typed: list[str], told: str) -> None:
    """A mistake is told in words, on standard error, with exit code 1."""
    ended = vpclab(*typed)
    assert ended.returncode == 1
    assert told in " ".join(ended.stderr.split())
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


def test_directory_that_cannot_be_used_cannot_end_in_a_traceback(vpclab: CommandLine) -> None:
    """The machine's refusal is told by its path, also where nobody thought of that very path."""
    ended = vpclab("env", VPCLAB_STATE="/proc/nowhere")
    assert ended.returncode == 1
    assert "/proc/nowhere" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_status_can_tell_that_nothing_runs(vpclab: CommandLine) -> None:
    """For people and for programs; exit code 1, so that a script can ask."""
    for arguments, told in (
        (["cloud", "status"], "no local cloud is running"),
        (["cloud", "status", "--json"], "{"),
    ):
        ended = vpclab(*arguments)
        assert ended.returncode == 1
        assert told in ended.stdout
    assert json.loads(vpclab("cloud", "status", "--json").stdout) == {"running": False}


def test_stop_can_be_typed_where_nothing_runs(vpclab: CommandLine) -> None:
    """There is nothing to do."""
    ended = vpclab("cloud", "stop")
    assert ended.returncode == 0
    assert only_line(ended.stderr) == "no local cloud was running"


def test_env_can_be_evaluated_by_a_shell(vpclab: CommandLine) -> None:
    """Standard output is export lines alone; after them plain `pulumi` finds every stack."""
    ended = vpclab("env", "--port", "4599", AWS_PROFILE="production")
    assert ended.returncode == 0, ended.stderr
    lines = ended.stdout.splitlines()
    assert lines[0] == "unset AWS_PROFILE"
    assert all(re.fullmatch(r"export \w+=.*", line) for line in lines[1:])
    assert "export AWS_ENDPOINT_URL=http://127.0.0.1:4599" in lines
    assert "no local cloud of this project serves on port 4599 yet" in ended.stderr
    script = f'cd {REPOSITORY} && eval "$(cat)" && pulumi stack ls --json'
    listed = subprocess.run(
        ["/bin/bash", "-c", script], input=ended.stdout, capture_output=True, text=True, check=True
    )
    assert {stack["name"] for stack in json.loads(listed.stdout)} == {*VARIANTS, *ALTERNATIVES}


def test_env_can_be_asked_again(vpclab: CommandLine) -> None:
    """The stacks are made once; the lines stay the same."""
    first, second = vpclab("env"), vpclab("env")
    assert (first.returncode, second.returncode) == (0, 0)
    assert first.stdout == second.stdout


def test_env_cannot_use_an_official_plugin_that_is_not_installed(vpclab: CommandLine, tmp_path: Path) -> None:
    """The error says how to install it; nothing is printed for the shell to evaluate."""
    ended = vpclab("env", "--plugin", "official", HOME=str(tmp_path), XDG_CACHE_HOME=caches())
    assert ended.returncode == 1
    assert "pulumi plugin install resource aws" in ended.stderr
    assert ended.stdout == ""


def test_setup_can_be_run_again(vpclab: CommandLine) -> None:
    """Where all is there, each thing is named with its place and nothing is installed."""
    ended = vpclab("setup")
    assert ended.returncode == 0, ended.stderr
    assert "nftables: /" in ended.stderr
    assert re.search(r"^Pulumi: /.*(found on PATH|from the cache)", ended.stderr, re.MULTILINE)
    assert "installing" not in ended.stderr


def test_doctor_can_find_everything(vpclab: CommandLine) -> None:
    """On a machine that is set up: ready, each stand-in named, each kernel feature tried."""
    ended = vpclab("doctor", "--json")
    told = json.loads(ended.stdout)
    assert ended.returncode == 0, ended.stdout
    assert told["ready"] is True
    findings = {finding["name"]: finding for finding in told["findings"]}
    assert findings["aws plugin"]["state"] == "stand-in"
    assert findings["Python language host"]["state"] in {"ok", "stand-in"}
    assert {name for name in findings if name.startswith("kernel:")} >= {
        "kernel: namespaces",
        "kernel: virtual Ethernet",
        "kernel: a VPC with its rules",
    }


def test_doctor_can_name_what_is_missing(vpclab: CommandLine, tmp_path: Path) -> None:
    """Exit code 1, and a remedy with each lack. An empty cache and PATH have no Pulumi."""
    ended = vpclab("doctor", PATH="/usr/bin:/bin", XDG_CACHE_HOME=str(tmp_path / "empty"))
    assert ended.returncode == 1
    assert "MISSING  Pulumi command line: neither on PATH nor in the cache" in ended.stdout
    assert "-> `make setup`" in ended.stdout
    assert ended.stdout.splitlines()[-1] == "Not ready: Pulumi command line."


def caches() -> str:
    """The real cache's folder, for a command whose HOME is not the real one."""
    from vpclab.toolchain.project import Project  # noqa: PLC0415

    return str(Project.here().cache.parent)
