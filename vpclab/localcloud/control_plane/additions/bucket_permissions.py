"""Permissions of a bucket's policy, which are judged before moto sees the request.

moto reads a bucket's policy without its principals and conditions: a Deny for one principal refuses everybody.
"""

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket

from vpclab.localcloud.control_plane.corrections import Corrections, Moto


def correct(corrections: Corrections) -> None:
    """Correct what moto takes a bucket's policy to say."""
    corrections.replace(FakeBucket, "get_permission", _permitted)


def _permitted(_bucket: Moto, _action: str, _resource: str) -> Moto:
    return PermissionResult.PERMITTED
