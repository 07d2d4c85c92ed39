"""The demo: the whole path for one variant, and what is left when it is cut short."""

import json
import os
import re
import signal
from pathlib import Path

import pytest

from tests.deadline import eventually
from tests.integration.command_line import CommandLine


@pytest.fixture
def vpclab(tmp_path: Path) -> CommandLine:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    return CommandLine(tmp_path / "state", {"TMPDIR": str(temporary)})


def left_over(vpclab: CommandLine) -> list[Path]:
    """What the demo's temporary folder holds, and processes that were started with it."""
    temporary = vpclab.variables["TMPDIR"]
    found = list(Path(temporary).iterdir())
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            try:
                if temporary.encode() in (process / "environ").read_bytes():
                    found.append(process)
            except OSError:
                continue
    return found


def test_demo_can_prove_one_variant(vpclab: CommandLine, tmp_path: Path) -> None:
    """Up, verify, destroy, the table, the reports, where the time went; nothing is left, the state untouched."""
    ended = vpclab("demo", "default", "--output", str(tmp_path / "reports"))
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert "C15" in ended.stdout
    assert re.search(r"where the [\d.]+ s went:", ended.stderr)
    assert "default              | " in ended.stderr
    report = json.loads((tmp_path / "reports" / "report.json").read_text())
    assert {verdict["variant"] for verdict in report["verdicts"]} == {"default"}
    assert all((tmp_path / "reports" / f"report.{kind}").exists() for kind in ("xml", "html"))
    assert not vpclab.state.exists()
    assert left_over(vpclab) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_demo_cannot_leave_anything_when_it_is_cut_short(vpclab: CommandLine, number: signal.Signals) -> None:
    """In the middle of an `up`: pulumi, plugins and the cloud end. Only kill -9 may leave files behind."""
    with vpclab.start("demo", "private-nat") as demo:
        seen = ""
        for line in demo.stderr or ():
            seen += line
            if "creating" in line:
                break
        else:
            pytest.fail(f"the demo never created anything:\n{seen}")
        demo.send_signal(number)
        demo.communicate(timeout=60)
    if number is signal.SIGKILL:
        eventually(lambda: not [path for path in left_over(vpclab) if path.parent.name == "proc"], 60, "all ended")
    else:
        assert demo.returncode == 130
        assert left_over(vpclab) == []
