"""The fork server inside its root: waits for requests, forks sandboxes, reaps them. Single-threaded.

A request is one message on the socket with descriptors beside it; the answer is one message, the process's
id with a descriptor of the process (pidfd_open(2)) beside it, or an error. The server ends when the other end of
its socket is gone.
"""

import json
import os
import select
import signal
import socket
import sys

from vpclab.localcloud import system_calls
from vpclab.localcloud.lambda_runtime import preloading, sandbox
from vpclab.localcloud.lambda_runtime.sandbox_request import DESCRIPTORS, SandboxRequest
from vpclab.localcloud.system_calls import CLONE_NEWPID

SOCKET = 3
"""The descriptor that the socket has in the fork server."""
_LARGEST_MESSAGE = 1024 * 1024


def main(usual: frozenset[str]) -> None:
    """Preload, say so, and serve until the other end closes.

    ``usual`` are the modules that the interpreter and the runtime client import by themselves.
    """
    connection = socket.socket(fileno=SOCKET)
    own_pid_namespace = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    preloading.preload(usual)
    connection.send(b'{"ready": true}')
    waiting = select.poll()
    waiting.register(connection, select.POLLIN)
    waiting.register(wake_read, select.POLLIN)
    while True:
        ready = {fd for fd, _ in waiting.poll()}
        if wake_read in ready:
            os.read(wake_read, 4096)
            _reap()
        if connection.fileno() in ready:
            message, descriptors, _, _ = socket.recv_fds(connection, _LARGEST_MESSAGE, DESCRIPTORS)
            if not message:
                sys.exit(0)
            serve(connection, SandboxRequest.decode(message), descriptors, own_pid_namespace)


def serve(connection: socket.socket, request: SandboxRequest, descriptors: list[int], own: int) -> None:
    """Answer one request: fork the sandbox, or say why not. ``own`` is this process's PID namespace."""
    try:
        pid = _fork_into_new_pid_namespace(request, descriptors, own)
        process = os.pidfd_open(pid)
    except OSError as refusal:
        connection.send(json.dumps({"error": str(refusal)}).encode())
        return
    finally:
        for fd in descriptors:
            os.close(fd)
    socket.send_fds(connection, [json.dumps({"pid": pid}).encode()], [process])
    os.close(process)


def _fork_into_new_pid_namespace(request: SandboxRequest, descriptors: list[int], own: int) -> int:
    # The next child starts a PID namespace; this process itself stays where it is (pid_namespaces(7)).
    system_calls.unshare(CLONE_NEWPID)
    try:
        pid = os.fork()
        if pid == 0:
            sandbox.run(request, descriptors)
    finally:
        # Also where the kernel refused the process: until then it refuses every other PID namespace as well.
        system_calls.setns(own, CLONE_NEWPID)
    return pid


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return
