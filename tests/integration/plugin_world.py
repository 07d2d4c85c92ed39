"""Deploying with the real Pulumi command line and the stand-in plugin, to a control plane of the test's own."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import boto3

from tests.integration.control_plane_world import REGION, Recorded
from vpclab.localcloud.control_plane import ControlPlane, Settings
from vpclab.localcloud.control_plane.server import WsgiServer
from vpclab.toolchain import deployment
from vpclab.toolchain.environment import process_environment
from vpclab.toolchain.project import Project

ROOT = Path(__file__).parents[2]
SECONDS = 120


class ReadyServers(Recorded):
    """Effects that make databases and caches available at once, since there is no server to wait for."""

    plane: ControlPlane

    def network_changed(self) -> None:
        network = self.plane.network()
        for database in network.databases:
            if database.status != "available":
                self.plane.database_ready(database.identifier)
        for node in network.caches:
            self.plane.cache_ready(node.arn)


@contextmanager
def api(interface_linger_seconds: float = 0.2) -> Iterator[str]:
    """Serve a control plane of its own; yield its endpoint."""
    effects = ReadyServers()
    with ControlPlane(effects, Settings(interface_linger_seconds=interface_linger_seconds)) as plane:
        effects.plane = plane
        with WsgiServer(socket.create_server(("127.0.0.1", 0)), plane.application) as server:
            yield f"http://127.0.0.1:{server.address[1]}"


@cache
def client(endpoint: str, service: str) -> Any:  # noqa: ANN401 - boto3's clients have no types
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended."""

    code: int
    text: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What a preview would do, by the names of the resources; components and the stack are left out."""

    created: frozenset[str]
    updated: frozenset[str]
    replaced: frozenset[str]
    deleted: frozenset[str]


@dataclass(frozen=True, slots=True)
class Stack:
    """A program in a folder of its own, and one stack of it."""

    folder: Path
    name: str
    endpoint: str
    variables: Mapping[str, str] = field(default_factory=dict)

    def write(self, program: str) -> None:
        """Make ``program`` the one that is deployed."""
        (self.folder / "__main__.py").write_text(program)

    def run(self, *arguments: str, **variables: str) -> Finished:
        """Run `pulumi ARGUMENTS` for the stack."""
        done = subprocess.run(
            self._command(*arguments),
            cwd=self.folder,
            env={**process_environment(self.variables), **variables},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return Finished(done.returncode, done.stdout + done.stderr)

    def start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start `pulumi ARGUMENTS` for the stack, its output to be read line by line."""
        return subprocess.Popen(
            self._command(*arguments),
            cwd=self.folder,
            env=process_environment(self.variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def up(self, **variables: str) -> Finished:
        return self.run("up", "--yes", "--skip-preview", **variables)

    def _command(self, *arguments: str) -> list[str]:
        return ["pulumi", *arguments, "--stack", self.name, "--non-interactive", "--color", "never"]

    def must(self, *arguments: str) -> str:
        """Run `pulumi ARGUMENTS`, which has to succeed; return what it printed."""
        done = self.run(*arguments)
        assert done.code == 0, done.text
        return done.text

    def set(self, key: str, *values: str) -> None:
        """Set a setting of the stack; several values make a list."""
        for number, value in enumerate(values):
            path = ("--path", f"{key}[{number}]") if len(values) > 1 else (key,)
            self.must("config", "set", *path, value)

    def outputs(self) -> dict[str, Any]:
        (stack,) = [one for one in self.state() if one["type"] == "pulumi:pulumi:Stack"]
        found: dict[str, Any] = stack.get("outputs", {})
        return found

    def written(self) -> str:
        """Return what Pulumi wrote down of the stack, as the file backend keeps it."""
        (path,) = (self.folder.parent / "state" / "pulumi" / "backend" / ".pulumi" / "stacks").rglob(
            f"{self.name}.json"
        )
        return path.read_text()

    def state(self) -> list[dict[str, Any]]:
        """Return the resources of the stack as Pulumi keeps them."""
        found: list[dict[str, Any]] = json.loads(self.written())["checkpoint"]["latest"].get("resources", [])
        return found

    def resource(self, type_name: str, name: str) -> dict[str, Any]:
        """Return one resource of the state, by its type and name."""
        (found,) = [
            one for one in self.state() if one["type"] == type_name and one["urn"].rpartition("::")[2] == name
        ]
        return found

    def changes(self) -> Changes:
        """Return what `pulumi up` would do."""
        steps = json.loads(self.must("preview", "--json"))["steps"]
        by_operation: dict[str, set[str]] = {}
        for step in steps:
            type_name, _, name = (
                step["urn"].split("::")[-2].rpartition("$")[2],
                "",
                step["urn"].rpartition("::")[2],
            )
            if type_name.startswith("aws:"):
                kind = type_name.rpartition(":")[2]
                by_operation.setdefault(step["op"], set()).add(f"{kind} {name}")
        return Changes(
            created=frozenset(by_operation.get("create", ())),
            updated=frozenset(by_operation.get("update", ())),
            replaced=frozenset(by_operation.get("replace", ())),
            deleted=frozenset(by_operation.get("delete", ())),
        )

    def aws(self, service: str) -> Any:  # noqa: ANN401 - see client
        """Return a boto3 client for the same cloud."""
        return client(self.endpoint, service)


def new_stack(endpoint: str, folder: Path, name: str, program: str | None = None) -> Stack:
    """Make a stack ``name`` in ``folder``: of ``program`` (Python text), or of this project's own program."""
    project = Project(root=folder / "program", state=folder / "state", cache=Project.here().cache)
    project.root.mkdir(parents=True)
    if program is None:
        for part in ("__main__.py", "infra", "lambdas", f"Pulumi.{name}.yaml"):
            (project.root / part).symlink_to(ROOT / part)
        (project.root / f"Pulumi.{name}.yaml").unlink()
        (project.root / f"Pulumi.{name}.yaml").write_text((ROOT / f"Pulumi.{name}.yaml").read_text())
        settings = (ROOT / "Pulumi.yaml").read_text()
    else:
        (project.root / "__main__.py").write_text(program)
        settings = "name: trial\nruntime: {name: python, options: {toolchain: pip, virtualenv: .venv}}\n"
        (project.root / f"Pulumi.{name}.yaml").write_text("config: {}\n")
    (project.root / "Pulumi.yaml").write_text(settings)
    (project.root / ".venv").symlink_to(Path(sys.prefix))
    variables = deployment.prepare(endpoint, project=project)
    deployment.create_stack(name, variables, root=project.root)
    return Stack(
        project.root, name, endpoint, {"PYTHONPATH": str(ROOT), **variables, "PWD": os.fspath(project.root)}
    )
