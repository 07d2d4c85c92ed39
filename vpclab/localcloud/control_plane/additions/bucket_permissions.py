"""Permissions of a bucket's policy, which are judged before moto sees the request.

moto reads a bucket's policy without its principals and conditions: a Deny for one principal refuses everybody.
Where it asks key by key (DeleteObjects), it hears which keys the authorizer refused, and says so of each.
"""

from collections.abc import Set as AbstractSet
from contextvars import ContextVar

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket

from vpclab.localcloud.control_plane.corrections import Corrections, Moto

_NOTHING: AbstractSet[str] = frozenset()
_refused: ContextVar[AbstractSet[str]] = ContextVar("refused", default=_NOTHING)


def correct(corrections: Corrections) -> None:
    """Correct what moto takes a bucket's policy to say."""
    corrections.replace(FakeBucket, "get_permission", _permitted)


def refuse(arns: AbstractSet[str]) -> None:
    """Have the request that this thread answers leave these objects alone."""
    _refused.set(arns)


def _permitted(_bucket: Moto, _action: str, resource: str) -> Moto:
    return PermissionResult.DENIED if resource in _refused.get() else PermissionResult.PERMITTED
