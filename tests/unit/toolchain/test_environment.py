"""The variables that point Pulumi and AWS clients at one local target."""

import subprocess
from pathlib import Path

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.toolchain.conftest import Program
from vpclab.toolchain import environment
from vpclab.toolchain.environment import export_lines, loopback_endpoint, pulumi_environment
from vpclab.toolchain.error import ToolchainError
from vpclab.toolchain.project import Project
from vpclab.toolchain.pulumi_cli import PulumiCli

ENDPOINT = "http://127.0.0.1:4577"


@pytest.fixture
def variables(project: Project, program: Program) -> dict[str, str]:
    return pulumi_environment(ENDPOINT, project=project, cli=PulumiCli(program("pulumi", ""), "PATH"))


def test_environment_can_point_every_client_at_the_endpoint(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the shell has of profiles and service endpoints, boto3 asks the local target."""
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://192.0.2.1")
    for name in environment.foreign_variables():
        monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    session = boto3.session.Session()
    for service in ("s3", "ec2", "sts"):
        assert session.client(service).meta.endpoint_url == ENDPOINT
    credentials = session.get_credentials()
    assert credentials is not None
    assert credentials.access_key == "test"


def test_environment_can_keep_everything_of_pulumi_in_the_projects_state(
    variables: dict[str, str], project: Project
) -> None:
    """Neither the user's PULUMI_HOME nor their backend is touched."""
    assert Path(variables["PULUMI_HOME"]).is_relative_to(project.state)
    assert variables["PULUMI_BACKEND_URL"] == f"file://{project.state}/pulumi/backend"


def test_environment_can_put_a_cached_command_line_on_path(project: Project, program: Program) -> None:
    """Plain `pulumi` is then the one that set-up brought; one that is on PATH already leaves PATH as it is."""
    cached = PulumiCli(program("pulumi", "", project.cache), "Go modules")
    assert pulumi_environment(ENDPOINT, project=project, cli=cached)["PATH"].startswith(f"{project.cache}:")
    on_path = PulumiCli(program("pulumi", ""), "PATH")
    assert str(project.cache) not in pulumi_environment(ENDPOINT, project=project, cli=on_path)["PATH"]


def test_child_process_cannot_inherit_what_leads_elsewhere(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session token of the user's shell would spoil the local credentials."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", "secret")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://192.0.2.1")
    child = environment.process_environment(variables)
    assert "AWS_SESSION_TOKEN" not in child
    assert "AWS_ENDPOINT_URL_STS" not in child
    assert child["AWS_ENDPOINT_URL"] == ENDPOINT


@given(st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=40))
def test_export_lines_can_carry_any_value(value: str) -> None:
    """A shell that evaluates them has exactly the value."""
    lines = export_lines({"VALUE": value}, {})
    script = f'{lines}\nprintf %s "$VALUE"'
    said = subprocess.run(["/bin/sh", "-c", script], capture_output=True, check=True, env={}).stdout
    assert said.decode() == value


def test_export_lines_can_unset_what_leads_elsewhere() -> None:
    """Only what the shell really has is unset."""
    lines = export_lines({"A": "b"}, {"AWS_PROFILE": "production", "AWS_REGION": "eu-west-1"})
    assert lines == "unset AWS_PROFILE\nexport A=b"


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:4566/", "http://localhost:4566", "https://[::1]:4566"])
def test_endpoint_can_be_on_loopback(endpoint: str) -> None:
    """Name or address, with or without a closing slash."""
    assert loopback_endpoint(endpoint) == endpoint.rstrip("/")


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://192.0.2.1:4566",
        "https://sts.amazonaws.com",
        "http://127.0.0.1.example.com",
        "http://localhost@192.0.2.1",
    ],
)
def test_endpoint_cannot_be_off_this_machine(endpoint: str) -> None:
    """However much it looks like loopback."""
    with pytest.raises(ToolchainError, match="not on this machine"):
        loopback_endpoint(endpoint)


@pytest.mark.parametrize("endpoint", ["4566", "127.0.0.1:4566", "ftp://127.0.0.1", ""])
def test_endpoint_cannot_be_anything_but_a_url(endpoint: str) -> None:
    """The error shows one that works."""
    with pytest.raises(ToolchainError, match=r"it should look like http://127\.0\.0\.1:4566"):
        loopback_endpoint(endpoint)
