"""The tables of what is modelled: each line says what kind it is, and names the tests that hold it."""

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCAL_CLOUD = "docs/local-cloud.md"
AUTHORIZATION = "docs/authorization.md"
TEST_NAME = re.compile(r"`(test_\w+)`")
TEST_PATH = re.compile(r"`(tests/[^`]+)`")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table: the behaviour, its kind, and what is said of tests."""

    behaviour: str
    kind: str
    held_by: str

    @property
    def tests(self) -> list[str]:
        return TEST_NAME.findall(self.held_by) + TEST_PATH.findall(self.held_by)


def table_lines(document: str) -> list[Line]:
    """Read the lines of all tables whose last column is called `held by`."""
    found, inside = [], False
    for text in (ROOT / document).read_text().splitlines():
        cells = [cell.strip() for cell in text.strip("|").split("|")]
        if not text.startswith("|"):
            inside = False
        elif cells[-1] == "held by":
            inside = True
        elif inside and set(cells[0]) != {"-"}:
            found.append(Line(*cells))
    return found


@cache
def places() -> dict[str, list[Path]]:
    """Return where each test function is defined, by name."""
    found: dict[str, list[Path]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found.setdefault(node.name, []).append(path)
    return found


def unknown(line: Line) -> list[str]:
    """Return what the line names that is no test function, no file with tests, and no room."""
    missing = [name for name in TEST_NAME.findall(line.held_by) if name not in places()]
    return missing + [path for path in TEST_PATH.findall(line.held_by) if not list(ROOT.glob(path))]


def names_no_test(line: Line) -> bool:
    return line.kind in {"modelled", "refused"} and not line.tests


def is_of_no_kind(line: Line) -> bool:
    return line.kind not in {"modelled", "refused", "differs"} or not line.held_by


def leads_to_several_places(line: Line) -> bool:
    return any(len(places().get(name, ())) > 1 for name in TEST_NAME.findall(line.held_by))


@pytest.mark.parametrize("document", [LOCAL_CLOUD, AUTHORIZATION])
@pytest.mark.parametrize("is_wrong", [unknown, names_no_test, is_of_no_kind, leads_to_several_places])
def test_line_of_the_fidelity_table_cannot_claim_what_no_test_holds(
    document: str, is_wrong: Callable[[Line], object]
) -> None:
    """A line that is modelled or refused names its tests, which exist, and under a name that only they have."""
    lines = table_lines(document)
    assert lines
    assert [(line.behaviour, wrong) for line in lines if (wrong := is_wrong(line))] == []


def test_behaviour_cannot_stand_in_the_fidelity_table_twice() -> None:
    """Two lines of one behaviour could say two things."""
    behaviours = [line.behaviour for line in (*table_lines(LOCAL_CLOUD), *table_lines(AUTHORIZATION))]
    assert sorted(behaviours) == sorted(set(behaviours))
