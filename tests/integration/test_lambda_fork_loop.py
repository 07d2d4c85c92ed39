"""The fork server's loop, in a private world, where the kernel refuses a process for a while."""

import errno
import json
import os
import socket
from unittest import mock

from vpclab.localcloud import private_world
from vpclab.localcloud.lambda_runtime import fork_loop, sandbox
from vpclab.localcloud.lambda_runtime.sandbox_request import SandboxRequest

REQUEST = SandboxRequest(
    code="",
    layers="",
    handler="",
    nameservers=(),
    hostname="",
    memory_mb=128,
    ephemeral_storage_mb=512,
    environment={},
)


def end(*_: object) -> None:
    os._exit(0)


def serve_twice_refusing_the_first() -> list[dict[str, object]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    own = os.open("/proc/self/ns/pid", os.O_RDONLY)
    refusal = OSError(errno.EAGAIN, "Resource temporarily unavailable")
    answers = []
    with mock.patch.object(sandbox, "run", side_effect=end):
        for side_effect in (refusal, os.fork):
            with mock.patch.object(os, "fork", side_effect=side_effect):
                fork_loop.serve(theirs, REQUEST, [], own)
            message, *_ = socket.recv_fds(ours, 65536, 1)
            answers.append(json.loads(message))
    return answers


def test_fork_server_can_go_on_after_a_refused_process() -> None:
    """Where there are too many processes for a while, as functions may make them, only that sandbox is lost."""
    first, second = private_world.run(serve_twice_refusing_the_first)
    assert "Resource temporarily unavailable" in str(first["error"])
    assert "error" not in second
    assert isinstance(second["pid"], int)
