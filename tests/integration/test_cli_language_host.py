"""The language host stand-in, driven by the real engine on small programs without any resource."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from tests.deadline import eventually
from vpclab.toolchain import deployment
from vpclab.toolchain.deployment import DeploymentError
from vpclab.toolchain.environment import process_environment
from vpclab.toolchain.project import Project

ENDPOINT = "http://127.0.0.1:1"  # no program here speaks to it


class Programs:
    """A Pulumi project with one stack, ``dev``, whose program a test writes."""

    def __init__(self, directory: Path) -> None:
        self.root = directory / "project"
        self.root.mkdir()
        project = replace(Project.here(), root=self.root, state=directory / "state")
        self.environment = deployment.prepare(ENDPOINT, project=project)
        self.settings("runtime: python")
        (self.root / "Pulumi.dev.yaml").write_text("config: {}\n")

    def settings(self, text: str) -> None:
        (self.root / "Pulumi.yaml").write_text(f"name: trial\n{text}\n")

    def write(self, program: str) -> None:
        (self.root / "__main__.py").write_text(program)

    def up(self) -> list[str]:
        lines: list[str] = []
        deployment.up("dev", self.environment, lines.append, root=self.root)
        return lines

    def pulumi(self, *arguments: str) -> str:
        command = ["pulumi", *arguments, "-s", "dev", "--non-interactive"]
        return subprocess.run(
            command,
            cwd=self.root,
            env=process_environment(self.environment),
            capture_output=True,
            text=True,
            check=True,
        ).stdout


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    return Programs(tmp_path)


def hosts(directory: Path) -> list[psutil.Process]:
    """The language hosts and programs that serve the project in that directory, by their working directory."""
    found = []
    for process in psutil.process_iter():
        try:
            command = " ".join(process.cmdline())
            if "language_host" in command and process.environ().get("PULUMI_HOME", "").startswith(str(directory)):
                found.append(process)
        except psutil.Error:
            continue
    return found


def test_program_can_export_what_it_was_configured_with(programs: Programs) -> None:
    """Plain and secret settings arrive; a secret stays one; names of project and stack are right."""
    deployment.create_stack("dev", programs.environment, root=programs.root)
    programs.pulumi("config", "set", "colour", "blue")
    programs.pulumi("config", "set", "--secret", "word", "sesame")
    (programs.root / "neighbour.py").write_text("ANSWER = 42\n")
    programs.write(
        "import pulumi\nfrom neighbour import ANSWER\nconfig = pulumi.Config()\nprint('a printed line')\n"
        "pulumi.export('colour', config.require('colour'))\n"
        "pulumi.export('word', config.require_secret('word'))\n"
        "pulumi.export('answer', ANSWER)\n"
        "pulumi.export('names', [pulumi.get_project(), pulumi.get_stack()])\n"
    )
    lines = programs.up()
    assert any("a printed line" in line for line in lines)
    outputs = deployment.outputs("dev", programs.environment, root=programs.root)
    assert outputs == {"colour": "blue", "word": "sesame", "answer": 42, "names": ["trial", "dev"]}
    assert json.loads(programs.pulumi("stack", "output", "--json"))["word"] == "[secret]"


def test_program_can_be_previewed_without_changing_anything(programs: Programs) -> None:
    """A second preview of what is up expects no change; the program learns that it is a preview."""
    programs.write("import pulumi\npulumi.export('dry', True)\n")
    programs.up()
    deployment.preview("dev", programs.environment, print, expect_no_changes=True, root=programs.root)
    programs.write("import pulumi\nprint('dry run:', pulumi.runtime.is_dry_run())\npulumi.export('dry', False)\n")
    lines: list[str] = []
    deployment.preview("dev", programs.environment, lines.append, root=programs.root)
    assert any("dry run: True" in line for line in lines)
    assert deployment.outputs("dev", programs.environment, root=programs.root) == {"dry": True}


def test_program_can_show_its_own_mistake(programs: Programs) -> None:
    """An exception is shown from the program's first line on, without the frames of those who ran it."""
    programs.write("def build():\n    raise ValueError('no such colour')\n\nbuild()\n")
    with pytest.raises(DeploymentError) as failure:
        programs.up()
    text = str(failure.value)
    assert "ValueError: no such colour" in text
    assert "__main__.py" in text
    assert "runpy" not in text
    assert "language_host" not in text


def test_program_can_refuse_with_a_sentence(programs: Programs) -> None:
    """A RunError is a message to the user: no traceback."""
    programs.write("import pulumi\nraise pulumi.RunError('choose a colour')\n")
    with pytest.raises(DeploymentError) as failure:
        programs.up()
    assert "choose a colour" in str(failure.value)
    assert "Traceback" not in str(failure.value)
    assert "File " not in str(failure.value)


def test_program_cannot_end_unnoticed(programs: Programs) -> None:
    """A program that leaves by itself has not deployed anything."""
    programs.write("import os\nos._exit(7)\n")
    with pytest.raises(DeploymentError, match="exit code 7"):
        programs.up()


def test_program_cannot_run_without_its_virtual_environment(programs: Programs) -> None:
    """Pulumi.yaml names one: it is not silently replaced by another."""
    programs.settings("runtime:\n  name: python\n  options:\n    virtualenv: missing")
    programs.write("import pulumi\n")
    with pytest.raises(DeploymentError, match=r"wants the virtual environment .*/missing, which is not there"):
        programs.up()


def test_program_can_run_in_its_virtual_environment(programs: Programs) -> None:
    """The Python that Pulumi.yaml names runs it."""
    environment = programs.root / "own"
    (environment / "bin").mkdir(parents=True)
    (environment / "bin" / "python").write_text(f'#!/bin/sh\nOWN=yes exec {sys.executable} "$@"\n')
    (environment / "bin" / "python").chmod(0o755)
    programs.settings("runtime:\n  name: python\n  options:\n    virtualenv: own")
    programs.write("import os, pulumi\npulumi.export('own', os.environ.get('OWN'))\n")
    programs.up()
    assert deployment.outputs("dev", programs.environment, root=programs.root) == {"own": "yes"}


def preview_in_the_middle(programs: Programs, started: Path) -> "subprocess.Popen[bytes]":
    """Start an engine on a program that never ends, and return it when that program runs."""
    programs.write(f"import time, pathlib\npathlib.Path({str(started)!r}).touch()\nwhile True: time.sleep(1)\n")
    deployment.create_stack("dev", programs.environment, root=programs.root)
    command = ["pulumi", "preview", "-s", "dev", "--non-interactive"]
    engine = subprocess.Popen(
        command,
        cwd=programs.root,
        env=process_environment(programs.environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        process_group=0,
    )
    eventually(started.exists, 30, "the program runs")
    return engine


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_ended_engine_cannot_leave_a_program_behind(
    programs: Programs, tmp_path: Path, number: signal.Signals
) -> None:
    """Whether it was asked to end or killed: hosts and programs go with it."""
    with preview_in_the_middle(programs, tmp_path / "started") as engine:
        assert hosts(tmp_path)
        os.killpg(engine.pid, number)
        engine.wait(30)
    eventually(lambda: not hosts(tmp_path), 10, "hosts and programs are gone")


def test_killed_host_cannot_leave_a_program_behind(programs: Programs, tmp_path: Path) -> None:
    """Even where engine and host are killed together, the kernel ends the program with its host."""
    with preview_in_the_middle(programs, tmp_path / "started") as engine:
        languages = [one for one in hosts(tmp_path) if "vpclab.toolchain.language_host" in one.cmdline()]
        assert languages
        engine.kill()
        for host in languages:
            with suppress(psutil.NoSuchProcess):  # its own tie to the engine may have been quicker
                host.kill()
    eventually(lambda: not hosts(tmp_path), 10, "hosts and programs are gone")
