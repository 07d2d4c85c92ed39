"""What is raised when some VPCs could not follow the API while all others did."""

from collections.abc import Mapping


class NetworkRefusal(Exception):  # noqa: N818 - it is one of the refusals of this cloud
    """The network of some VPCs stays as it was. ``causes`` says why, by VPC.

    ``identifiers`` are those of the VPC and of everything in it, by which its own callers are told from others.
    """

    def __init__(self, causes: Mapping[str, str], identifiers: Mapping[str, frozenset[str]]) -> None:
        super().__init__("; ".join(f"{vpc_id}: {cause}" for vpc_id, cause in causes.items()))
        self.causes = causes
        self.identifiers = identifiers

    def concerning(self, identifiers: frozenset[str]) -> dict[str, str]:
        """Return the causes of the VPCs that have one of these identifiers."""
        return {
            vpc_id: cause
            for vpc_id, cause in self.causes.items()
            if not identifiers.isdisjoint(self.identifiers[vpc_id])
        }
