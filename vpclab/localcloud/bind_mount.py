"""A file or directory of the host, shown at another place: what the roots of sandboxes are built from."""

from pathlib import Path

from vpclab.localcloud import system_calls
from vpclab.localcloud.system_calls import MS_BIND, MS_REC


def bind(source: Path, target: Path) -> None:
    """Show ``source``, with all that is mounted under it, at ``target``, which is made if it does not exist.

    Raises:
        OSError: the kernel refuses the mount, or there is nothing at ``source``.
    """
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    elif not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    # Recursively: a mount namespace owned by a user namespace must not uncover what lies under other mounts.
    system_calls.mount(str(source.resolve()), target, "", MS_BIND | MS_REC)
