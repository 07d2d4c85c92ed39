"""Every test here runs inside a private world, as root (where the tests run as root) and as an ordinary user."""

import os
import pickle
from collections.abc import Callable

import pytest

from tests.ordinary_user import become_ordinary_user
from vpclab.localcloud import private_world
from vpclab.localcloud.private_world import PrivateWorldError

SECONDS = 60.0


@pytest.fixture(autouse=True, params=["root", "ordinary user"] if os.geteuid() == 0 else ["ordinary user"])
def user(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool:
    """Call the test function in a process of its own, PID 1 of a world that ends with it."""
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}  # noqa: SLF001

    def scenario() -> None:
        pyfuncitem.obj(**arguments)

    try:
        if os.geteuid() == 0 and pyfuncitem.funcargs["user"] == "ordinary user":
            _as_ordinary_user(scenario)
        else:
            private_world.run(scenario, SECONDS)
    except PrivateWorldError as failure:
        pytest.fail(str(failure), pytrace=False)
    return True


def _as_ordinary_user(scenario: Callable[[], None]) -> None:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        complaint = ""
        try:
            become_ordinary_user()
            private_world.run(scenario, SECONDS)
        except BaseException as failure:  # noqa: BLE001 - it crosses a process boundary as text
            complaint = str(failure) or repr(failure)
        with os.fdopen(write, "wb") as pipe:
            pickle.dump(complaint, pipe)
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    complaint = pickle.loads(answer) if answer else "the process of the ordinary user died"  # noqa: S301
    if complaint:
        raise PrivateWorldError(complaint)
