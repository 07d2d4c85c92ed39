"""Options and fixtures that every test room shares."""

import signal
from pathlib import Path

import pytest

from tests import distribution
from vpclab.localcloud.control_plane import moto_process

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--regenerate-golden", action="store_true", help="write the golden files anew")
    parser.addoption("--target", default="local", help="what tests/verify verifies: local, or a URL on loopback")


def pytest_configure() -> None:
    """Have moto find its images and policies in whichever order tests import it, and let Ctrl-C mean something.

    A run in the background of a script may have been started with SIGINT ignored. Children inherit that through
    exec(2), and a test that sends SIGINT to one would wait for nothing.
    """
    moto_process.configure()
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    return distribution.processes()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> distribution.RoomScheduling:
    return distribution.RoomScheduling(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):  # one of several processes; a single one keeps the order of the files
        items.sort(key=lambda item: distribution.rank(item.nodeid))


class Golden:
    """Compares text with the file of that name under tests/golden, or writes it anew when asked."""

    def __init__(self, *, regenerate: bool) -> None:
        self._regenerate = regenerate

    def check(self, name: str, text: str) -> None:
        path = GOLDEN / name
        if self._regenerate:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        assert path.exists(), f"no golden file {name}: run pytest --regenerate-golden and read what it wrote"
        assert text == path.read_text()


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    return Golden(regenerate=request.config.getoption("--regenerate-golden"))
