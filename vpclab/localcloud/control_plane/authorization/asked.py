"""A request as those see it who say what it needs."""

from dataclasses import dataclass

from vpclab.localcloud.control_plane.authorization.access import Access
from vpclab.localcloud.control_plane.authorization.operation_input import OperationInput


@dataclass(frozen=True, slots=True)
class Asked:
    """An operation of a service, its input, and where the caller stands."""

    caller_arn: str
    service: str
    operation: str
    account: str
    region: str
    given: OperationInput

    def arn(self, service: str, resource: str, account: str | None = None) -> str:
        """Return the ARN of a resource of this Region, the caller's unless another account is named."""
        return f"arn:aws:{service}:{self.region}:{account or self.account}:{resource}"

    def access(self, action: str, arn: str | None) -> Access:
        """Return the need of ``action`` on the resource with this ARN, which says whose it is."""
        return Access(action, arn, account_of(arn))


def account_of(arn: str | None) -> str | None:
    """Return the account that an ARN names, None where it names none (S3's, AWS's own)."""
    parts = (arn or "").split(":")
    account = parts[4] if len(parts) > 5 else ""  # noqa: PLR2004 - an ARN has six parts
    return account if len(account) == 12 and account.isdigit() else None  # noqa: PLR2004 - an account's id
