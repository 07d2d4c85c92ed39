"""The table and the files, as a command leaves them."""

import json
from pathlib import Path

import pytest

from vpclab.cli_report import present
from vpclab.statements.report import Report
from vpclab.toolchain.error import ToolchainError


def test_report_can_be_printed_and_written(
    documented: Report, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The table on standard output, three files in the directory."""
    present(documented, tmp_path / "out")
    assert "all as documented" in capsys.readouterr().out
    assert json.loads((tmp_path / "out" / "report.json").read_text())["exit_code"] == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"report.json", "report.xml", "report.html"}


def test_table_cannot_be_lost_with_the_directory(
    documented: Report, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the files cannot be written, the table is printed first, and the remedy told."""
    (tmp_path / "out").write_text("a file, and no directory")
    with pytest.raises(ToolchainError, match="--output"):
        present(documented, tmp_path / "out")
    assert "all as documented" in capsys.readouterr().out
