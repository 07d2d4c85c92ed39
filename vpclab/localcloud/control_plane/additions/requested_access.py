"""What a request asks for in IAM's words: an action, and the resource where it can be told.

Source: Service Authorization Reference, "Actions, resources, and condition keys" of each service.
"""

import re
from dataclasses import dataclass

from vpclab.localcloud.control_plane.api_request import ApiRequest

RESOURCES_ARE_KNOWN = frozenset({"s3", "dynamodb"})
"""The services whose requests' resources are told; for all others the resource is ``*``."""

_PREFIXES = {"monitoring": "cloudwatch"}
_S3_HOST = re.compile(r"(?:(?P<bucket>.+)\.)?s3\.(?:[a-z0-9-]+\.)?amazonaws\.com(?::\d+)?")
_ACTIONS = {
    ("lambda", "Invoke"): "InvokeFunction",
    ("s3", "CompleteMultipartUpload"): "PutObject",
    ("s3", "CopyObject"): "PutObject",
    ("s3", "CreateMultipartUpload"): "PutObject",
    ("s3", "DeleteObjects"): "DeleteObject",
    ("s3", "HeadBucket"): "ListBucket",
    ("s3", "HeadObject"): "GetObject",
    ("s3", "ListBuckets"): "ListAllMyBuckets",
    ("s3", "ListMultipartUploads"): "ListBucketMultipartUploads",
    ("s3", "ListObjects"): "ListBucket",
    ("s3", "ListObjectsV2"): "ListBucket",
    ("s3", "ListObjectVersions"): "ListBucketVersions",
    ("s3", "ListParts"): "ListMultipartUploadParts",
    ("s3", "UploadPart"): "PutObject",
}


@dataclass(frozen=True, slots=True)
class Access:
    """``s3:GetObject`` on ``arn:aws:s3:::bucket/key``; the resource is ``*`` where it cannot be told."""

    action: str
    resource: str = "*"


def requested_access(request: ApiRequest, operation: str, account: str) -> Access:
    """Return what ``operation`` of this request needs."""
    prefix = _PREFIXES.get(request.service, request.service)
    action = f"{prefix}:{_ACTIONS.get((request.service, operation), operation)}"
    if request.service == "s3":
        return Access(action, _s3_resource(request))
    if request.service == "dynamodb" and (table := request.document.get("TableName")):
        return Access(action, f"arn:aws:dynamodb:{request.region}:{account}:table/{table}")
    return Access(action)


def _s3_resource(request: ApiRequest) -> str:
    host = _S3_HOST.fullmatch(request.environ.get("HTTP_HOST", ""))
    bucket, key = host["bucket"] if host else None, request.path.lstrip("/")
    if bucket is None:
        bucket, _, key = key.partition("/")
    if not bucket:
        return "*"
    return f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"
