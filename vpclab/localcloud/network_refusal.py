"""What is raised when some of the network could not follow the API while all the rest did."""

from collections.abc import Mapping
from types import TracebackType

_NOBODY: Mapping[str, frozenset[str]] = {}


def name_in(service: str, name: str) -> str:
    """Return how something that has no identifier of EC2 is told from others: by its name in its service."""
    return f"{service}/{name}"


class NetworkRefusal(Exception):  # noqa: N818 - it is one of the refusals of this cloud
    """The network of some VPCs, or some service in one, stays as it was.

    ``causes`` says why, by VPC, or by what it is that stays as it was. ``identifiers`` are those of the VPC and of
    everything in it, by which its own callers are told from others. ``prefix_lists`` are those that it refers to:
    they may be shared, so only calls that change one concern everybody who refers to it.
    """

    def __init__(
        self,
        causes: Mapping[str, str],
        identifiers: Mapping[str, frozenset[str]],
        prefix_lists: Mapping[str, frozenset[str]] = _NOBODY,
    ) -> None:
        super().__init__("; ".join(f"{subject}: {cause}" for subject, cause in causes.items()))
        self.causes = causes
        self.identifiers = identifiers
        self.prefix_lists = prefix_lists

    def concerning(
        self, identifiers: frozenset[str], changed_prefix_lists: frozenset[str] = frozenset()
    ) -> dict[str, str]:
        """Return the causes of what has one of these identifiers, or refers to a prefix list that was changed."""
        return {
            subject: cause
            for subject, cause in self.causes.items()
            if not identifiers.isdisjoint(self.identifiers[subject])
            or not changed_prefix_lists.isdisjoint(self.prefix_lists.get(subject, frozenset()))
        }

    def __or__(self, other: "NetworkRefusal") -> "NetworkRefusal":
        """Return both in one."""
        causes = {
            subject: "; ".join(one.causes[subject] for one in (self, other) if subject in one.causes)
            for subject in (*self.causes, *other.causes)
        }
        return NetworkRefusal(
            causes, _united(self.identifiers, other.identifiers), _united(self.prefix_lists, other.prefix_lists)
        )


def _united(one: Mapping[str, frozenset[str]], other: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    return {subject: one.get(subject, frozenset()) | other.get(subject, frozenset()) for subject in (*one, *other)}


class Refusals:
    """Gathers what is raised in several blocks (``with``), so that each is tried whatever became of those before.

    Anything but a ``NetworkRefusal`` concerns everybody; the first such is what ``raise_all`` raises.
    """

    def __init__(self, refusal: NetworkRefusal | None = None) -> None:
        self._refusal = refusal
        self._error: Exception | None = None

    def __enter__(self) -> None:
        """Begin a block."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Keep what was raised."""
        if isinstance(error, NetworkRefusal):
            self._refusal = error if self._refusal is None else self._refusal | error
        elif isinstance(error, Exception):
            self._error = self._error or error
        return error is None or isinstance(error, Exception)

    def raise_all(self) -> None:
        """Raise what was gathered, if anything was."""
        if self._error is not None:
            raise self._error
        if self._refusal is not None:
            raise self._refusal
