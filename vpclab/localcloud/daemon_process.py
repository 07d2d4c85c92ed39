"""The local cloud's process: bind in the host's network, enter a private world, serve until told to stop.

Run by ``daemon.start`` as ``python -m vpclab.localcloud.daemon_process``. The order matters: the socket is bound
first and keeps belonging to the host's network; after that nothing of this process can reach the host's network.
It serves as the child of the private world's first process, which waits for orphans and does nothing else.
"""

import argparse
import json
import logging
import os
import signal
import socket
import sys
import threading
from pathlib import Path

from vpclab.localcloud import first_process, memory_cgroup, private_world
from vpclab.localcloud.memory_cgroup import CloudCgroup
from vpclab.localcloud.memory_cgroup_place import MemoryCgroupError

_LOG = logging.getLogger("vpclab.localcloud")


def main() -> None:
    """Parse the arguments that ``daemon.start`` passes, launch the first process, and leave it alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--answers", type=int, required=True)
    parser.add_argument("--lifeline", type=int)
    parser.add_argument("--no-authorization", action="store_false", dest="authorization")
    parser.add_argument("--setting", action="append", default=[], dest="settings")
    arguments = parser.parse_args()
    cgroups: CloudCgroup | None = None
    try:
        listening = _listen(arguments.port)
        cgroups, memory_bound = _cgroups()
        pid = private_world.spawn(
            lambda: first_process.run(lambda: _serve(listening, arguments, cgroups, memory_bound))
        )
        if cgroups is not None:
            memory_cgroup.guard(pid, cgroups)
    except (OSError, private_world.PrivateWorldError) as refusal:
        if cgroups is not None:
            cgroups.close()
        _say(arguments.answers, {"error": str(refusal)})
        sys.exit(1)
    _say(arguments.answers, {"pid": pid})


def _cgroups() -> tuple[CloudCgroup | None, str]:
    """What bounds the memory of functions, and how that is said."""
    try:
        cgroups = memory_cgroup.make()
    except (MemoryCgroupError, OSError) as refusal:
        return None, f"{memory_cgroup.WITHOUT} ({refusal}); {memory_cgroup.REMEDY}"
    return cgroups, cgroups.description


def _listen(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
    except OverflowError:
        raise OSError(f"there is no port {port}: choose one from 1 to 65535, or 0 for any that is free") from None
    except OSError as refusal:
        raise OSError(
            f"127.0.0.1:{port} cannot be listened on ({refusal.strerror}). Another program has it, perhaps "
            "LocalStack or another local cloud: stop that one, or choose a port with --port"
        ) from None
    listening.listen(256)
    return listening


def _serve(
    listening: socket.socket, arguments: argparse.Namespace, cgroups: CloudCgroup | None, memory_bound: str
) -> None:
    answers: int = arguments.answers
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    if arguments.lifeline is not None:
        threading.Thread(target=_watch, args=(arguments.lifeline, stopping), daemon=True).start()
    try:
        from vpclab.localcloud.cloud import Cloud  # noqa: PLC0415 - heavy, and only wanted in here
        from vpclab.localcloud.control_plane import Settings  # noqa: PLC0415 - with it

        settings = Settings(authorization=arguments.authorization).with_assignments(arguments.settings)
        cloud = Cloud(listening, arguments.state, settings, cgroups, memory_bound)
    except Exception as error:
        _LOG.exception("the local cloud cannot start")
        _say(answers, {"error": f"the local cloud cannot start: {error}"})
        raise
    try:
        if stopping.is_set():
            _say(answers, {"error": "the local cloud was told to end before it served"})
            return
        _say(answers, {"serving": listening.getsockname()[1]})
        os.close(answers)
        stopping.wait()
    finally:
        cloud.close()
        if cgroups is not None:
            cgroups.close()


def _watch(lifeline: int, stopping: threading.Event) -> None:
    os.read(lifeline, 1)  # nobody writes: it returns when the starter's end is closed
    stopping.set()


def _say(answers: int, answer: dict[str, object]) -> None:
    os.write(answers, json.dumps(answer).encode() + b"\n")


if __name__ == "__main__":
    main()
