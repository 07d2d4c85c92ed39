"""Which policies a request is held against."""

from dataclasses import dataclass
from enum import StrEnum

from vpclab.authorization.policy import Policy


class PolicyKind(StrEnum):
    """Kinds of policies. Service and resource control policies of an organization are not modelled."""

    IDENTITY = "identity-based policy"
    RESOURCE = "resource-based policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"
    ENDPOINT = "VPC endpoint policy"


@dataclass(frozen=True, slots=True)
class NamedPolicy:
    """A policy and what to call it when a decision is explained: its ARN, or ``role/R inline P``."""

    name: str
    policy: Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """All policies that apply to one request.

    ``resource``: of the resource; of a role its trust policy. None: it has none. ``boundary``, ``endpoint``: None
    where there is none, so that nothing is bounded. ``session``: None where the session was made without any.
    """

    identity: tuple[NamedPolicy, ...] = ()
    resource: NamedPolicy | None = None
    boundary: NamedPolicy | None = None
    session: tuple[NamedPolicy, ...] | None = None
    endpoint: NamedPolicy | None = None
