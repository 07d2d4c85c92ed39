import os
from contextlib import closing
from pathlib import Path

import pytest

from vpclab.localcloud.kernel_file import KernelFile


def test_kernel_file_can_be_read_again_and_again(tmp_path: Path) -> None:
    """What it says now, from its beginning, by the whole name."""
    path = tmp_path / "memory.oom_control"
    path.write_text("oom_kill_disable 7\nunder_oom 0\noom_kill 0\n")
    with closing(KernelFile(path)) as file:
        assert (file.number(b"oom_kill"), file.number(b"oom"), file.number(b"oom.kill")) == (0, 0, 0)
        path.write_text("oom_kill_disable 7\noom_kill 3\n")
        assert (file.number(b"oom_kill"), file.read()) == (3, b"oom_kill_disable 7\noom_kill 3\n")
    file.close()
    with pytest.raises(OSError, match="descriptor"):
        file.read()


def test_kernel_file_can_tell_of_a_process_only_while_it_is() -> None:
    """An ended process's file is not that of who gets its number."""
    wait, end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(end)
        os.read(wait, 1)
        os._exit(0)
    os.close(wait)
    with closing(KernelFile(Path(f"/proc/{pid}/status"))) as file:
        assert file.number(b"VmHWM:") > 0
        os.close(end)
        os.waitpid(pid, 0)
        with pytest.raises(ProcessLookupError):
            file.read()
