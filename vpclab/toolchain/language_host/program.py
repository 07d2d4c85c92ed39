"""One run of a Pulumi program, in the Python that the project chose.

The language host starts this file by its path, so it imports nothing but the standard library and the SDK. The
``RunRequest`` arrives on standard input. Exit codes: 0; 32 when the error has been shown to the engine.
"""

import asyncio
import ctypes
import logging
import os
import runpy
import signal
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pulumi.runtime.proto.language_pb2 import RunRequest

ALREADY_SHOWN = 32
THREADS_PER_OPERATION = 4
"""What the official runner allows for each parallel resource operation; each blocks in a gRPC call."""
PR_SET_PDEATHSIG = 1


def main(engine_address: str, host_pid: int) -> int:
    """Run the program that standard input describes; return the exit code."""
    _end_with_the_host(host_pid)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the engine's word to end; a traceback would only confuse
    import pulumi  # noqa: PLC0415 - only after the process is tied to its host
    from pulumi.runtime.proto import language_pb2  # noqa: PLC0415

    request = language_pb2.RunRequest()
    request.ParseFromString(sys.stdin.buffer.read())
    _configure(request, engine_address)
    entry = _entry(request)
    sys.argv = [str(entry), *request.args]
    # An abandoned future is how a failed deployment looks from here; asyncio's complaint about it helps nobody.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    executor = ThreadPoolExecutor(max_workers=max(request.parallel, 1) * THREADS_PER_OPERATION)
    loop.set_default_executor(executor)

    def program() -> None:
        runpy.run_path(str(entry), run_name="__main__")

    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(program))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
    except Exception as error:  # noqa: BLE001 - a program may raise anything, and its author needs to see where
        pulumi.log.error(f"The program failed:\n{_traceback(error, entry)}")
    else:
        return 0
    finally:
        executor.shutdown(wait=True)
        loop.close()
    return ALREADY_SHOWN


def _end_with_the_host(host_pid: int) -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != host_pid:  # it went before the kernel was told
        sys.exit(1)


def _configure(request: "RunRequest", engine_address: str) -> None:
    import pulumi  # noqa: PLC0415

    pulumi.runtime.set_all_config(dict(request.config), list(request.configSecretKeys))
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            project=request.project,
            stack=request.stack,
            parallel=request.parallel,
            dry_run=request.dryRun,
            monitor=request.monitor_address,
            engine=engine_address,
            organization=request.organization or "organization",
            root_directory=request.info.root_directory,
        )
    )


def _entry(request: "RunRequest") -> Path:
    folder = Path(request.info.program_directory or request.pwd or ".")
    return (folder / (request.info.entry_point or request.program or ".")).resolve()


def _traceback(error: BaseException, entry: Path) -> str:
    """Format ``error``, leaving out the frames before the program's own first line."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [index for index, frame in enumerate(frames) if _belongs_to(frame.filename, entry)]
    kept = frames[own[0] :] if own else frames
    return "".join([*traceback.format_list(kept), *traceback.format_exception_only(error)])


def _belongs_to(filename: str, entry: Path) -> bool:
    path = Path(filename).resolve()
    return path == entry or path == entry / "__main__.py"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
