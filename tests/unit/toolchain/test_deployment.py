"""Driving `pulumi`, with a `pulumi` that only plays one."""

import threading
from pathlib import Path

import pytest

from tests.deadline import eventually
from tests.unit.toolchain.conftest import Program
from vpclab.toolchain import deployment, pulumi_process
from vpclab.toolchain.deployment import DeploymentError
from vpclab.toolchain.project import Project

PLAYED = """
echo "$*" >> {calls}
case "$1 $2" in
  "stack init") /bin/mkdir -p {stacks} && echo '{{}}' > {stacks}/$3.json ;;
  "stack output") echo '{{"variant": "public", "nat_public_ips": []}}' ;;
  "up "*) echo "Updating"; echo "  + one"; echo; echo "done" ;;
  "destroy "*) echo "Diagnostics:"; echo "  the VPC is in use" >&2; exit 255 ;;
esac
"""


class Stage:
    """A project with a stack file, an environment, and the list of what `pulumi` was asked."""

    def __init__(self, project: Project, program: Program, folder: Path) -> None:
        self.root = project.root
        self.stacks = project.pulumi_backend / ".pulumi" / "stacks" / "vpclab"
        self._calls = project.root / "calls"
        self._program = program
        (project.root / "Pulumi.public.yaml").write_text("config: {}\n")
        self.play(PLAYED.format(calls=self._calls, stacks=self.stacks))
        self.environment = {
            "PATH": f"{folder}:/usr/bin:/bin",
            "PULUMI_BACKEND_URL": f"file://{project.pulumi_backend}",
        }

    def play(self, script: str) -> None:
        self._program("pulumi", script)

    @property
    def calls(self) -> list[str]:
        return self._calls.read_text().splitlines() if self._calls.exists() else []


@pytest.fixture
def stage(project: Project, program: Program, folder: Path) -> Stage:
    return Stage(project, program, folder)


def test_up_can_make_the_stack_it_needs(stage: Stage, told: list[str]) -> None:
    """The stack is made once; every line that Pulumi prints is passed on."""
    deployment.up("public", stage.environment, told.append, root=stage.root)
    deployment.up("public", stage.environment, told.append, root=stage.root)
    assert [call.split()[0:3] for call in stage.calls].count(["stack", "init", "public"]) == 1
    assert told[:3] == ["Updating", "  + one", "done"]


def test_up_cannot_deploy_an_unknown_variant(stage: Stage) -> None:
    """The error names those that have a stack file; Pulumi is not even asked."""
    with pytest.raises(DeploymentError, match="no variant 'nowhere': choose among public"):
        deployment.up("nowhere", stage.environment, print, root=stage.root)
    assert stage.calls == []


def test_failure_can_be_told_in_pulumis_words(stage: Stage, told: list[str]) -> None:
    """The error has Pulumi's diagnostics, which also were passed on as they came."""
    deployment.create_stack("public", stage.environment, root=stage.root)
    with pytest.raises(
        DeploymentError, match=r"`pulumi destroy` failed for public:\nDiagnostics:\n  the VPC is in use"
    ):
        deployment.destroy("public", stage.environment, told.append, root=stage.root)
    assert told == ["Diagnostics:", "  the VPC is in use"]


def test_reason_cannot_get_lost_among_outputs(stage: Stage) -> None:
    """Pulumi prints them after it: here more than the last lines hold."""
    deployment.create_stack("public", stage.environment, root=stage.root)
    stage.play("echo Diagnostics:; echo '  the VPC is in use'; echo Outputs:; seq -f '    %g' 90; exit 255")
    with pytest.raises(DeploymentError, match="the VPC is in use") as failure:
        deployment.up("public", stage.environment, print, root=stage.root)
    assert "Outputs" not in str(failure.value)


def test_locked_stack_can_be_told_how_to_unlock(stage: Stage) -> None:
    """Pulumi says `pulumi cancel`, which knows nothing of this stack in a bare shell: all of it is told."""
    stage.play("echo 'error: the stack is currently locked by 1 lock(s).'; exit 255")
    with pytest.raises(DeploymentError, match=r'eval "\$\(vpclab env\)"; pulumi cancel -s public --yes'):
        deployment.preview("public", stage.environment, print, root=stage.root)


def test_destroy_can_tell_how_to_give_a_role_its_permissions_back(stage: Stage) -> None:
    """A role that lost its EC2 policies keeps the function's groups from being exchanged, on AWS as here."""
    refusal = "The provided execution role does not have permissions to call CreateNetworkInterface on EC2"
    deployment.create_stack("public", stage.environment, root=stage.root)
    stage.play(f"echo 'error: {refusal}'; exit 255")
    with pytest.raises(DeploymentError, match="`vpclab up public` gives them back, then destroy again"):
        deployment.destroy("public", stage.environment, print, root=stage.root)
    with pytest.raises(DeploymentError) as preview:
        deployment.preview("public", stage.environment, print, root=stage.root)
    assert "gives them back" not in str(preview.value)


def test_up_can_be_told_to_look_first(stage: Stage) -> None:
    """With ``refresh`` Pulumi compares with what is there, and not with what it remembers."""
    deployment.up("public", stage.environment, print, refresh=True, root=stage.root)
    assert "--refresh" in stage.calls[-1].split()


def test_destroy_can_be_asked_of_a_stack_that_does_not_exist(stage: Stage) -> None:
    """There is nothing to do, and nothing is done."""
    deployment.destroy("public", stage.environment, print, root=stage.root)
    assert stage.calls == []


def test_outputs_can_be_read(stage: Stage) -> None:
    """They are the stack's, as Pulumi prints them."""
    deployment.create_stack("public", stage.environment, root=stage.root)
    outputs = deployment.outputs("public", stage.environment, root=stage.root)
    assert outputs == {"variant": "public", "nat_public_ips": []}


@pytest.mark.parametrize("exists", [True, False])
def test_outputs_cannot_be_read_before_up(stage: Stage, *, exists: bool) -> None:
    """A stack that was never deployed is told from one that was."""
    if exists:
        deployment.create_stack("public", stage.environment, root=stage.root)
        stage.play("echo '{}'")
    with pytest.raises(
        DeploymentError, match="public is not deployed to this target; `vpclab up public` deploys it"
    ):
        deployment.outputs("public", stage.environment, root=stage.root)


def test_preview_can_insist_on_no_changes(stage: Stage) -> None:
    """Pulumi is asked to fail on changes."""
    deployment.preview("public", stage.environment, print, expect_no_changes=True, root=stage.root)
    deployment.refresh("public", stage.environment, print, root=stage.root)
    assert "--expect-no-changes" in stage.calls[0]
    assert "--expect-no-changes" not in stage.calls[1]


def test_interruption_can_end_what_runs(stage: Stage, tmp_path: Path) -> None:
    """Pulumi is asked to end, as Ctrl-C would, so that it writes its state; who waits for it hears of it."""
    deployment.create_stack("public", stage.environment, root=stage.root)
    started, asked = tmp_path / "started", tmp_path / "asked"
    stage.play(f"trap 'echo > {asked}; exit 1' INT\necho > {started}\nwhile :; do sleep 0.02; done")
    failures: list[BaseException] = []

    def run() -> None:
        try:
            deployment.up("public", stage.environment, print, root=stage.root)
        except DeploymentError as failure:
            failures.append(failure)

    worker = threading.Thread(target=run)
    worker.start()
    eventually(started.exists, 10, "the played pulumi has started")
    deployment.interrupt()
    worker.join(10)
    assert asked.exists()
    assert len(failures) == 1


def test_command_line_cannot_be_missing(stage: Stage) -> None:
    """The error has the remedy."""
    with pytest.raises(DeploymentError, match="`make setup` brings it"):
        deployment.up("public", {**stage.environment, "PATH": "/nowhere"}, print, root=stage.root)


def test_operation_cannot_hang_for_ever(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a local target everything takes seconds: what takes too long is ended, and the error says so."""
    deployment.create_stack("public", stage.environment, root=stage.root)
    stage.play("trap 'exit 1' INT\nwhile :; do sleep 0.02; done")
    monkeypatch.setattr(pulumi_process, "LOCAL_SECONDS", 0.2)
    with pytest.raises(DeploymentError, match=r"`pulumi up` was ended after 0 s for public"):
        deployment.up("public", stage.environment, print, root=stage.root)
