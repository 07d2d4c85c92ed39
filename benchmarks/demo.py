"""What `vpclab demo` costs: wall time, CPU time and peak memory of everything it starts, and where the time goes.

    .venv/bin/python benchmarks/demo.py

Memory is the sum of the proportional set sizes (PSS) of all processes of the demo, so that pages that forks share
count once; the peak is over samples taken every quarter of a second.
"""

import resource
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil

REPOSITORY = Path(__file__).parents[1]
SAMPLE_SECONDS = 0.25
MIB = 1024 * 1024


def proportional_memory(pid: int) -> int:
    """Return the PSS of one process in bytes; 0 if it just ended."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def demo_processes(root: int, before: set[int]) -> set[int]:
    """Return the demo's descendants, and the daemon's tree, which has left the demo's on purpose."""
    pids: set[int] = set()
    for process in psutil.process_iter():
        if process.pid in before:
            continue
        try:
            command = " ".join(process.cmdline())
            ancestors = {parent.pid for parent in process.parents()}
        except psutil.Error:
            continue
        if process.pid == root or root in ancestors or "vpclab.localcloud" in command:
            pids.add(process.pid)
            try:
                pids.update(child.pid for child in process.children(recursive=True))
            except psutil.Error:
                continue
    return pids


def main() -> int:
    """Run the demo, sample its memory, print what it cost."""
    before = set(psutil.pids())
    started = time.monotonic()
    demo = subprocess.Popen([sys.executable, "-m", "vpclab", "demo"], cwd=REPOSITORY)
    peak = 0
    finished = threading.Event()

    def sample() -> None:
        nonlocal peak
        while not finished.wait(SAMPLE_SECONDS):
            peak = max(peak, sum(proportional_memory(pid) for pid in demo_processes(demo.pid, before)))

    sampler = threading.Thread(target=sample)
    sampler.start()
    code = demo.wait()
    wall = time.monotonic() - started
    finished.set()
    sampler.join()
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"exit {code}; {wall:.1f} s of wall time; peak memory {peak / MIB:.0f} MiB")
    cpu = usage.ru_utime + usage.ru_stime
    print(f"CPU of pulumi, plugins and the demo itself: {cpu:.1f} s (the cloud's own not included)")
    return code


if __name__ == "__main__":
    sys.exit(main())
