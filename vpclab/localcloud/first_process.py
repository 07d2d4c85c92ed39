"""The first process of a private world: it buries what others left, and ends with the one that does the work.

The kernel gives PID 1 every orphan of its namespace, and an orphan that has ended stays a zombie until PID 1 waits
for it. A program that waits for children of its own cannot wait for all without taking those away from itself.
"""

import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress

_PASSED_ON = (signal.SIGTERM, signal.SIGINT)


def run(work: Callable[[], None]) -> None:
    """Do ``work`` in a child, pass SIGTERM and SIGINT on to it, bury orphans, and exit as the child does.

    Must be called in a process with one thread. What the child leaves, the kernel ends with this process.
    """
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, _PASSED_ON)
    child = os.fork()
    if child == 0:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        _be_child(work)
    for number in _PASSED_ON:
        signal.signal(number, lambda received, _: _pass_on(child, received))
    signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    while True:
        ended, status = os.waitpid(-1, 0)
        if ended == child:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


def _pass_on(child: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(child, number)


def _be_child(work: Callable[[], None]) -> None:
    try:
        work()
    except BaseException:  # noqa: BLE001 - the last resort of a process: its log
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)
