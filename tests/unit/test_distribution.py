"""How the tests are shared out: a group's tests all run in one process, and the long ones start first."""

import subprocess
import sys
from pathlib import Path

from tests import distribution

ROOT = Path(__file__).parents[2]
REPORTER = """
import os, pytest
@pytest.fixture(autouse=True)
def told(record_property):
    record_property("process", os.environ["PYTEST_XDIST_WORKER"])
"""


def test_tests_of_a_file_cannot_run_in_several_processes(tmp_path: Path) -> None:
    """What a file makes for all its tests is made once, whichever versions of pytest and its plugins there are."""
    for name in ("a", "b", "c"):
        many = "".join(f"def test_{number}(): pass\n" for number in range(20))
        (tmp_path / f"test_{name}.py").write_text(REPORTER + many)
    (tmp_path / "conftest.py").write_text("from tests.conftest import pytest_xdist_make_scheduler\n")
    report = tmp_path / "report.xml"
    options = ["-q", "-c", "/dev/null", f"--rootdir={tmp_path}", "-p", "no:cacheprovider", "-n", "3"]
    argv = [sys.executable, "-m", "pytest", *options, f"--junitxml={report}", str(tmp_path)]
    subprocess.run(argv, cwd=ROOT, check=True, capture_output=True, timeout=120)
    cases = report.read_text().split("<testcase ")[1:]
    ran = {(case.split('"')[1], case.partition('name="process" value="')[2].split('"')[0]) for case in cases}
    assert (len(cases), len(ran)) == (60, 3), sorted(ran)


def test_group_can_be_a_file_or_a_room() -> None:
    """The room whose stacks are deployed once is one group."""
    assert distribution.group("tests/unit/test_a.py::test_b[tests/verify/c]") == "tests/unit/test_a.py"
    assert len({distribution.group(f"tests/verify/{name}.py::test") for name in ("test_a", "test_b")}) == 1


def test_long_tests_can_start_first() -> None:
    """Each file and room that is named is there; within a room the order stays."""
    assert [first for first in distribution.FIRST if not (ROOT / first).exists()] == []
    wanted = [
        *(f"{first}::test" for first in distribution.FIRST),
        "tests/unit/test_b.py::t",
        "tests/unit/test_a.py::t",
    ]
    mixed = [*wanted[1::2], *wanted[::2]]
    assert sorted(mixed, key=distribution.rank)[:-2] == wanted[:-2]
    assert sorted(wanted, key=distribution.rank) == wanted
