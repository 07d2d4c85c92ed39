"""What is asked: one action on one resource, by a principal, under circumstances."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from vpclab.authorization.principal import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One action on one resource.

    ``action``: ``sqs:SendMessage``. ``resource``: an ARN, or ``*`` for actions without resources.
    ``resource_account``: whose resource it is; None: the principal's own. ``context``: condition keys (any letter
    case) to their values; a key that the request does not have is not in the mapping.
    """

    principal: Principal
    action: str
    resource: str
    resource_account: str | None = None
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
