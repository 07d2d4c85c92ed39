"""Other people's emulators of AWS, as targets: each a process tree of its own, without a network but its loopback.

They run the code of functions, which tries to reach the internet and AWS. Nothing of that leaves: the processes
are in a network namespace with nothing in it. Their port on the host is a socket that was bound before, and given.
"""

import fcntl
import hashlib
import os
import socket
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.deadline import eventually
from vpclab.toolchain.project import Project

HERE = Path(__file__).parent
MINISTACK_REQUIREMENTS = HERE / "requirements-ministack.txt"
INSTALL_SECONDS = 300
START_SECONDS = 60
END_SECONDS = 10
SANDBOX = ("unshare", "--user", "--map-root-user", "--net", "--pid", "--mount-proc", "--fork", "--kill-child")


@contextmanager
def ministack(directory: Path, **variables: str) -> Iterator[str]:
    """Run ministack 1.5.33 as it comes; yield its endpoint. ``variables`` are more of its settings."""
    python = ministack_python(Project.here().cache)

    def command(port: int, descriptor: int) -> list[str]:
        bound = ["--bind", f"fd://{descriptor}", "--bind", f"127.0.0.1:{port}"]
        return [str(python), "-m", "hypercorn", "ministack.app:app", *bound]

    with _running(directory, command, {"BIND_HOST": "127.0.0.1", **variables}) as endpoint:
        yield endpoint


@contextmanager
def plain_moto(directory: Path) -> Iterator[str]:
    """Run moto's server as it comes, with AWS's managed policies; yield its endpoint."""

    def command(port: int, descriptor: int) -> list[str]:
        return [sys.executable, str(HERE / "plain_moto.py"), str(port), str(descriptor)]

    with _running(directory, command, {"MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}) as endpoint:
        yield endpoint


def ministack_python(cache: Path) -> Path:
    """Return the Python of ministack's virtual environment, made on demand from the pinned requirements."""
    wanted = hashlib.sha256(MINISTACK_REQUIREMENTS.read_bytes()).hexdigest()[:12]
    folder = cache / f"ministack-{sys.version_info.major}.{sys.version_info.minor}-{wanted}"
    python, done = folder / "bin" / "python", folder / "complete"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "ministack.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            venv.create(folder, clear=True, with_pip=True)
            arguments = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run(
                [python, *arguments, "-r", str(MINISTACK_REQUIREMENTS)], check=True, timeout=INSTALL_SECONDS
            )
            done.touch()
    return python


@contextmanager
def _running(
    directory: Path, command: Callable[[int, int], Sequence[str]], variables: Mapping[str, str]
) -> Iterator[str]:
    home = directory / "home"
    home.mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as outside, (directory / "emulator.log").open("wb") as log:
        port, descriptor = outside.getsockname()[1], outside.fileno()
        endpoint = f"http://127.0.0.1:{port}"
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "TMPDIR": str(home),
            "GATEWAY_PORT": str(port),
            **variables,
        }
        tie = [sys.executable, "-I", "-S", str(HERE / "tied_to_death.py"), str(os.getpid())]
        inside = [sys.executable, str(HERE / "own_network.py"), *command(port, descriptor)]
        launcher = [*tie, *SANDBOX, *inside]
        with subprocess.Popen(
            launcher,
            env=environment,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[descriptor],
            start_new_session=True,
        ) as process:
            try:
                eventually(lambda: _serves(endpoint, process), START_SECONDS, f"{command.__qualname__} serves")
                yield endpoint
            finally:
                process.kill()  # --kill-child: the namespace's first process goes too, and all others with that
                process.wait(END_SECONDS)


def _serves(endpoint: str, process: "subprocess.Popen[bytes]") -> bool:
    assert process.poll() is None, "the emulator ended; its log is emulator.log in the test's directory"
    with requests.Session() as session:
        session.trust_env = False
        try:
            return bool(session.get(endpoint, timeout=2).status_code < requests.codes.internal_server_error)
        except requests.RequestException:
            return False
