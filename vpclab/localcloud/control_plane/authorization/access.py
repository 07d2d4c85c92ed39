"""What a request needs in IAM's words."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Access:
    """One action on one resource: ``s3:GetObject`` on ``arn:aws:s3:::bucket/key``. A request may need several.

    ``action`` is None where an operation is no action that IAM knows by that name here; ``resource`` is ``*`` for
    actions that have none, and None where it cannot be told which. ``account`` is whose resource it is; None: the
    caller's. ``context`` holds the condition keys of the service itself, lower-cased.
    """

    action: str | None
    resource: str | None = "*"
    account: str | None = None
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    free: bool = False
    """AWS answers it whatever identity policies say (``sts:GetCallerIdentity``)."""
