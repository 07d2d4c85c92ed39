"""What doctor finds, check by check."""

from dataclasses import replace
from pathlib import Path

import pytest

from vpclab import cli_doctor_kernel
from vpclab.cli_doctor_checks import examine
from vpclab.localcloud import memory_cgroup, private_world
from vpclab.localcloud.memory_cgroup_place import MemoryCgroupError
from vpclab.localcloud.private_world import PrivateWorldError
from vpclab.toolchain.project import Project


def test_doctor_cannot_go_on_without_the_packages(tmp_path: Path) -> None:
    """It names what differs from what is pinned, and does not run into what is not there."""
    (tmp_path / "requirements.txt").write_text("# why\ntyper==0.0.1\nno-such-package[extra]==2\n")
    last = list(examine(replace(Project.here(), root=tmp_path)))[-1]
    assert (last.name, last.state, last.remedy) == ("Python packages", "missing", "`make setup`")
    assert "no-such-package none instead of 2" in last.detail
    assert "instead of 0.0.1" in last.detail


def test_doctor_can_pass_on_why_namespaces_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel's refusal comes with its remedy, and nothing that needs namespaces is tried after it."""

    def refuse(*_arguments: object) -> None:
        raise PrivateWorldError("the kernel refused new namespaces; `sudo sysctl -w this=0` allows them")

    monkeypatch.setattr(private_world, "run", refuse)
    last = list(examine(Project.here()))[-1]
    assert (last.name, last.state) == ("kernel: namespaces", "missing")
    assert "sudo sysctl -w this=0" in last.remedy


def test_doctor_can_go_on_after_one_kernel_feature(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each feature that is missing is named with its own remedy; the others are tried all the same."""

    def fail() -> None:
        raise OSError("Operation not supported")

    trials = [
        (name, fail if name == "policy routing" else work, cure) for name, work, cure in cli_doctor_kernel.TRIALS
    ]
    monkeypatch.setattr(cli_doctor_kernel, "TRIALS", trials)
    states = {finding.name: finding.state for finding in examine(Project.here())}
    assert states["kernel: policy routing"] == "missing"
    assert states["kernel: a VPC with its rules"] == "ok"


def test_doctor_can_tell_what_bounds_the_memory_of_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a cgroup the local cloud works; what bounds memory then, and how to have one, is said."""

    def refuse() -> None:
        raise MemoryCgroupError("no cgroup is this user's")

    monkeypatch.setattr(cli_doctor_kernel, "TRIALS", [])
    monkeypatch.setattr(memory_cgroup, "make", refuse)
    found = next(one for one in examine(Project.here()) if "memory" in one.name)
    assert (found.state, found.serious) == ("absent", False)
    assert "ten times a second: no cgroup is this user's" in found.detail
    assert "systemd-run --user --scope -p Delegate=yes" in found.remedy
