"""What the data plane raises when it cannot build the network."""

from collections.abc import Iterator
from contextlib import contextmanager

from vpclab.localcloud.namespace import NamespaceError


class DataPlaneError(Exception):
    """The network cannot be built as described. The text says what stands in the way."""


class NamespaceRefusal(DataPlaneError):  # noqa: N818 - whose fault it is, besides
    """The kernel refused something in the namespace ``key``; the text is the kernel's."""

    def __init__(self, key: str, cause: Exception) -> None:
        super().__init__(str(cause))
        self.key = key


@contextmanager
def refusals_of(key: str) -> Iterator[None]:
    """Say of what goes wrong inside that it was in the namespace ``key``."""
    try:
        yield
    except NamespaceRefusal:
        raise
    except (DataPlaneError, NamespaceError, OSError) as cause:
        raise NamespaceRefusal(key, cause) from cause
