"""The function's own process: the official runtime client, in a preloaded interpreter made to look new."""

import atexit
import contextlib
import importlib
import os
import signal
import sys
import time
import traceback
import types
from typing import NoReturn

from vpclab.localcloud.lambda_runtime.preloading import Preloaded, purge_shadowed
from vpclab.localcloud.lambda_runtime.root_file_system import BOOTSTRAP
from vpclab.localcloud.lambda_runtime.sandbox_request import SandboxRequest

TASK = "/var/task"
_TELEMETRY = 3
_OWN_PACKAGE = "vpclab"


def run(request: SandboxRequest, output: int, telemetry: int) -> NoReturn:
    """Run the runtime client on the function's handler until it ends, and end with its exit status."""
    status = 1
    try:
        _arrange_descriptors(output, telemetry)
        _arrange_environment(request)
        _arrange_interpreter(request)
        status = _exit_status(request.handler)
    except BaseException as error:  # noqa: BLE001 - as the interpreter itself does at top level
        traceback.print_exception(_without_own_frames(error))
    with contextlib.suppress(BaseException):
        atexit._run_exitfuncs()  # noqa: SLF001 - what the interpreter runs when a program ends
        sys.stdout.flush()
    os._exit(status)


def _without_own_frames(error: BaseException) -> BaseException:
    """Let a traceback begin at the runtime client, as if nothing had started it."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    return error.with_traceback(frames)


def _exit_status(handler: str) -> int:
    client = importlib.import_module("awslambdaric.__main__")
    try:
        client.main([str(BOOTSTRAP), handler])
    except SystemExit as request:
        if request.code is None or isinstance(request.code, int):
            return request.code or 0
        print(request.code, file=sys.stderr)  # noqa: T201 - SystemExit's documented behaviour
        return 1
    return 0


def _arrange_descriptors(output: int, telemetry: int) -> None:
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    output, telemetry = (_above_standard(fd) for fd in (output, telemetry))
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.dup2(telemetry, _TELEMETRY)
    os.closerange(_TELEMETRY + 1, 1024)


def _above_standard(fd: int) -> int:
    while fd <= _TELEMETRY:
        fd = os.dup(fd)
    return fd


def _arrange_environment(request: SandboxRequest) -> None:
    os.environ.clear()
    os.environ.update(request.environment)
    os.environ["_LAMBDA_TELEMETRY_LOG_FD"] = str(_TELEMETRY)
    time.tzset()
    os.chdir(TASK)


def _arrange_interpreter(request: SandboxRequest) -> None:
    for name in [name for name in sys.modules if name == _OWN_PACKAGE or name.startswith(f"{_OWN_PACKAGE}.")]:
        del sys.modules[name]
    sys.modules["__main__"] = types.ModuleType("__main__")
    sys.argv = [str(BOOTSTRAP)]
    python = f"/opt/python/lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
    first = [TASK, python, "/opt/python", str(BOOTSTRAP.parent)]
    language = [entry for entry in sys.path if entry.startswith("/var/lang")]
    sys.path[:] = [*first, *language, *filter(None, request.environment.get("PYTHONPATH", "").split(":"))]
    for entry in first[:3]:
        sys.path_importer_cache.pop(entry, None)
    purge_shadowed(Preloaded.extra, first[:3])
    client = sys.modules["awslambdaric.lambda_runtime_client"]
    client.LambdaRuntimeClient.marshaller = client.LambdaMarshaller()  # it asks the environment for the runtime
    if {"AWS_LAMBDA_LOG_FORMAT", "AWS_LAMBDA_LOG_LEVEL"} & request.environment.keys():
        importlib.reload(sys.modules["awslambdaric.bootstrap"])  # it reads them when it is imported
