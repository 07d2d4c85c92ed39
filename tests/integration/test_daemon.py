"""The local cloud's process: it serves or says why not, and nothing of it stays."""

import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import requests

from tests.deadline import eventually
from vpclab.localcloud import daemon, daemon_state
from vpclab.localcloud.daemon import DaemonError, DaemonStatus

REPOSITORY = Path(__file__).parents[2]


def namespace(pid: int | str, kind: str) -> str | None:
    try:
        return str(Path(f"/proc/{pid}/ns/{kind}").readlink())
    except OSError:
        return None


def inhabitants(pid_namespace: str) -> list[int]:
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if namespace(pid, "pid") == pid_namespace]


def health(status: DaemonStatus) -> dict[str, object]:
    answer = requests.get(f"{status.endpoint}/_vpclab/health", timeout=10)
    answer.raise_for_status()
    return dict(answer.json())


def test_daemon_can_serve_from_a_private_world_and_stop(tmp_path: Path) -> None:
    """`start` returns when the API answers; `stop` returns when the process is gone."""
    status = daemon.start(0, tmp_path, lifeline=True)
    assert health(status)["status"] == "serving"
    assert daemon.status(tmp_path) == status
    for kind in ("net", "mnt", "pid", "user"):
        assert namespace(status.pid, kind) != namespace("self", kind)
    assert daemon.stop(tmp_path) == status
    assert daemon_state.birth_of(status.pid) is None
    assert daemon.status(tmp_path) is None
    assert daemon.stop(tmp_path) is None


def test_daemon_cannot_start_twice_from_one_directory(tmp_path: Path) -> None:
    """The second start names the running one instead of harming it."""
    status = daemon.start(0, tmp_path, lifeline=True)
    with pytest.raises(DaemonError, match=f"already serves at {status.endpoint}"):
        daemon.start(0, tmp_path, lifeline=True)
    assert health(status)["status"] == "serving"
    daemon.stop(tmp_path)


def test_daemon_cannot_be_started_by_two_at_once(tmp_path: Path) -> None:
    """One of them starts it; the others are told where it serves, and nothing else runs."""

    def start() -> DaemonStatus | str:
        try:
            return daemon.start(0, tmp_path, lifeline=True)
        except DaemonError as error:
            return str(error)

    with ThreadPoolExecutor(3) as starters:
        outcomes = [future.result() for future in [starters.submit(start) for _ in range(3)]]
    status = daemon.status(tmp_path)
    assert status is not None
    assert [outcome for outcome in outcomes if isinstance(outcome, DaemonStatus)] == [status]
    told = [outcome for outcome in outcomes if isinstance(outcome, str)]
    assert all(f"already serves at {status.endpoint}" in text for text in told)
    daemon.stop(tmp_path)


def test_daemon_cannot_keep_its_files_where_it_may_not_write(tmp_path: Path) -> None:
    """The error names the directory and what to change."""
    taken = tmp_path / "file"
    taken.touch()
    for state in (taken, Path("/proc/vpclab")):
        with pytest.raises(DaemonError, match=rf"files in {state}.*VPCLAB_STATE"):
            daemon.start(0, state, lifeline=True)


def test_daemon_cannot_serve_without_its_starter(tmp_path: Path) -> None:
    """A starter that is killed before it heard of the service leaves no local cloud that nobody knows of."""
    program = (
        "import sys; from pathlib import Path; from vpclab.localcloud import daemon;"
        "print(flush=True); daemon.start(0, Path(sys.argv[1]))"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )

    def cloud() -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter(["cmdline", "status"]):
            arguments = process.info["cmdline"] or []
            if str(tmp_path) in arguments and "vpclab.localcloud.daemon_process" in arguments:
                found.append(process)
        return found

    with starter:
        eventually(cloud, 30, "the local cloud is being started")
        starter.kill()
    eventually(lambda: not cloud(), 60, "it has ended")
    assert daemon.status(tmp_path) is None


def test_daemon_cannot_start_on_a_taken_port(tmp_path: Path) -> None:
    """The error names the port and says what to change."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DaemonError, match=rf"127\.0\.0\.1:{port} cannot be listened on.*--port"):
            daemon.start(port, tmp_path, lifeline=True)
    assert daemon.status(tmp_path) is None


def test_daemon_cannot_start_on_a_port_that_is_none(tmp_path: Path) -> None:
    """The error names the ports that there are, without a traceback."""
    with pytest.raises(DaemonError, match=r"\Athere is no port 99999: choose one from 1 to 65535"):
        daemon.start(99999, tmp_path, lifeline=True)


def test_daemon_can_be_killed_and_leave_nothing(tmp_path: Path) -> None:
    """After `kill -9` no process, namespace or mount of the local cloud is left, and the next start works."""
    mounts = Path("/proc/self/mountinfo").read_text()
    status = daemon.start(0, tmp_path, lifeline=True)
    world = namespace(status.pid, "pid")
    assert world is not None
    assert len(inhabitants(world)) >= 2, "the daemon and the processes that it starts"
    os.kill(status.pid, signal.SIGKILL)
    eventually(lambda: not inhabitants(world), 10, "no process of the killed cloud")
    assert Path("/proc/self/mountinfo").read_text() == mounts
    assert daemon.status(tmp_path) is None
    again = daemon.start(0, tmp_path, lifeline=True)
    assert health(again)["status"] == "serving"
    daemon.stop(tmp_path)


def test_daemon_can_end_with_its_starter(tmp_path: Path) -> None:
    """A cloud with a lifeline does not outlive the process that started it, however that one ended."""
    program = (
        "import sys; from pathlib import Path; from vpclab.localcloud import daemon;"
        "print(daemon.start(0, Path(sys.argv[1]), lifeline=True).pid, flush=True); sys.stdin.read()"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        assert daemon_state.birth_of(pid) is not None
        starter.kill()
    eventually(lambda: daemon_state.birth_of(pid) is None, 30, "the cloud ended with its starter")


def test_daemon_can_run_for_an_ordinary_user(tmp_path: Path) -> None:
    """Without any privilege on the host, a user namespace is all that the local cloud needs."""
    program = (
        "import os, sys; from pathlib import Path; from vpclab.localcloud import daemon;"
        "import requests;"
        "assert os.getuid() == 1000;"
        "assert not any(int(l.split()[1], 16) for l in open('/proc/self/status') if l.startswith('CapEff'));"
        "status = daemon.start(0, Path(sys.argv[1]), lifeline=True);"
        "print(requests.get(status.endpoint + '/_vpclab/health', timeout=10).json()['status']);"
        "daemon.stop(Path(sys.argv[1]))"
    )
    done = subprocess.run(
        [*ordinary_user(), sys.executable, "-c", program, str(tmp_path)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.strip() == "serving", done.stderr


def ordinary_user() -> list[str]:
    """For root: a prefix that makes the program an ordinary user, to the kernel and to file permissions."""
    return ["unshare", "--user", "--map-user=1000", "--map-group=1000"] if os.geteuid() == 0 else []
