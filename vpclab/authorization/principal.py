"""Who asks: the principal of a request."""

from dataclasses import dataclass
from enum import StrEnum


class PrincipalKind(StrEnum):
    """Kinds of principals, as IAM's evaluation tells them apart."""

    ROOT = "root"
    USER = "user"
    ROLE_SESSION = "role session"
    SERVICE = "service"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who asks.

    ``arn``: a session's ``arn:aws:sts::A:assumed-role/ROLE/SESSION``, a user's ``arn:aws:iam::A:user/PATH/NAME``,
    a root user's ``arn:aws:iam::A:root``, a service's its name (``s3.amazonaws.com``), nobody's ``*``.
    ``role_arn``: the IAM role's ARN, of a session only. ``account``: None for services and anonymous callers.
    """

    kind: PrincipalKind
    account: str | None
    arn: str
    role_arn: str | None = None
