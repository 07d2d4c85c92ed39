"""The fork server's entry: enter the functions' root file system, then start the interpreter anew inside it.

Run as ``python -m vpclab.localcloud.lambda_runtime.fork_server``, single-threaded.
Starting anew gives every function AWS's paths in its modules and an environment block without a trace of the host.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from vpclab.localcloud.lambda_runtime import root_file_system
from vpclab.localcloud.lambda_runtime.environment_variables import LIBRARIES, PROGRAMS, RUNTIME_API
from vpclab.localcloud.lambda_runtime.fork_loop import SOCKET
from vpclab.localcloud.lambda_runtime.root_file_system import BOOTSTRAP, INTERPRETER

_ENVIRONMENT = {
    "PATH": PROGRAMS,
    "LD_LIBRARY_PATH": LIBRARIES,
    "LANG": "C.UTF-8",
    "TZ": ":UTC",
    "AWS_LAMBDA_RUNTIME_API": RUNTIME_API,  # the runtime client reads it when it is imported
}


def main() -> None:
    """Parse the arguments that ``sandboxes.Sandboxes`` passes, change the root, become the fork loop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mount-point", type=Path, required=True)
    parser.add_argument("--code", type=Path, required=True)
    parser.add_argument("--trust", type=Path, required=True)
    parser.add_argument("--socket", type=int, required=True)
    arguments = parser.parse_args()
    os.dup2(arguments.socket, SOCKET)
    os.closerange(SOCKET + 1, 1024)
    try:
        root_file_system.enter(arguments.mount_point, arguments.code, arguments.trust)
        os.execve(INTERPRETER, [str(INTERPRETER), str(BOOTSTRAP)], _ENVIRONMENT)  # noqa: S606 - no shell wanted
    except (OSError, root_file_system.RootFileSystemError) as refusal:
        os.write(SOCKET, json.dumps({"error": f"functions cannot run here: {refusal}"}).encode())
        sys.exit(1)


if __name__ == "__main__":
    main()
