"""What event sources ask of authorisation."""

from typing import Protocol


class Permissions(Protocol):
    """Answered anew at every question, so that a changed policy holds for the next poll and the next delivery."""

    def role_allows(self, role_arn: str, action: str, resource: str) -> bool:
        """Whether the execution role may do that."""

    def service_allows(
        self, service: str, source_arn: str, source_account: str, action: str, resource: str
    ) -> bool:
        """Whether the resource's own policy lets an AWS service do that for this source."""
