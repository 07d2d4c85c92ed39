"""What operations of S3 need. Source: S3 user guide, "Required permissions for Amazon S3 API operations"."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from urllib.parse import parse_qs, unquote, urlparse
from xml.parsers.expat import ExpatError

import xmltodict  # type: ignore[import-untyped]
from moto.core.request import Request
from moto.s3.models import FakeDeleteMarker, s3_backends
from moto.s3.responses import S3Response
from moto.s3.utils import bucket_name_from_url
from moto.s3bucket_path.utils import bucket_name_from_url as bucket_name_from_path
from moto.s3bucket_path.utils import parse_key_name as key_name_from_path

from vpclab.localcloud.control_plane.api_request import ApiRequest
from vpclab.localcloud.control_plane.authorization.access import Access
from vpclab.localcloud.control_plane.authorization.asked import Asked

_ACTIONS: Mapping[str, str | tuple[str, ...]] = {
    "AbortMultipartUpload": "AbortMultipartUpload",
    "CompleteMultipartUpload": "PutObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteBucketCors": "PutBucketCORS",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeleteObjects": "DeleteObject",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycle": "GetLifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetObjectAttributes": ("GetObject", "GetObjectAttributes"),
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBuckets": "ListAllMyBuckets",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "ListParts": "ListMultipartUploadParts",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "PutBucketCors": "PutBucketCORS",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycle": "PutLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutBucketReplication": "PutReplicationConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "SelectObjectContent": "GetObject",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
}
_SAME_NAME = frozenset(
    [
        "CreateBucket",
        "DeleteBucket",
        "DeleteBucketPolicy",
        "DeleteBucketWebsite",
        "DeleteObject",
        "DeleteObjectTagging",
        "GetBucketAcl",
        "GetBucketLocation",
        "GetBucketLogging",
        "GetBucketOwnershipControls",
        "GetBucketPolicy",
        "GetBucketPolicyStatus",
        "GetBucketRequestPayment",
        "GetBucketTagging",
        "GetBucketVersioning",
        "GetBucketWebsite",
        "GetObject",
        "GetObjectAcl",
        "GetObjectLegalHold",
        "GetObjectRetention",
        "GetObjectTagging",
        "PutBucketAcl",
        "PutBucketLogging",
        "PutBucketOwnershipControls",
        "PutBucketPolicy",
        "PutBucketRequestPayment",
        "PutBucketTagging",
        "PutBucketVersioning",
        "PutBucketWebsite",
        "PutObject",
        "PutObjectAcl",
        "PutObjectLegalHold",
        "PutObjectRetention",
        "PutObjectTagging",
        "RestoreObject",
    ]
)
_OF_VERSIONS = {
    "DeleteObject": "DeleteObjectVersion",
    "DeleteObjectTagging": "DeleteObjectVersionTagging",
    "GetObject": "GetObjectVersion",
    "GetObjectAcl": "GetObjectVersionAcl",
    "GetObjectTagging": "GetObjectVersionTagging",
    "PutObjectAcl": "PutObjectVersionAcl",
    "PutObjectTagging": "PutObjectVersionTagging",
}
_READING = frozenset({"GetObject", "GetObjectAttributes", "HeadObject"})
_PARTITION = "aws"
_COPYING = frozenset({"CopyObject", "UploadPartCopy"})
_WRITING = frozenset({"CopyObject", "CreateMultipartUpload", "PutObject"})
_QUERY_KEYS = {"prefix": "s3:prefix", "delimiter": "s3:delimiter", "max-keys": "s3:max-keys"}
_HEADER_KEYS = (
    "x-amz-acl",
    "x-amz-copy-source",
    "x-amz-metadata-directive",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-storage-class",
    "x-amz-website-redirect-location",
)


def bucket_and_key(request: ApiRequest) -> tuple[str, str]:
    """Return the bucket and the key that a request names; empty where there is none.

    Read by moto's own rules, from host and path: what is judged must be what is done.
    """
    wrapped = Request(request.environ)
    path = unquote(urlparse(wrapped.raw_url).path)
    if S3Response.subdomain_based_buckets(wrapped):
        return bucket_name_from_url(wrapped.raw_url) or "", path.removeprefix("/")
    return bucket_name_from_path(wrapped.raw_url) or "", key_name_from_path(path)


def accesses(asked: Asked, request: ApiRequest) -> tuple[Access, ...]:
    """Return what one operation of S3 needs. A bucket that nobody has is NoSuchBucket, whoever asks."""
    bucket, key = bucket_and_key(request)
    if asked.operation == "ListBuckets":
        return (Access("s3:ListAllMyBuckets"),)
    names = _names(asked.operation)
    if names is None or not bucket:
        return (Access(None, None),)
    needed = _accesses(asked, request, names, (bucket, key))
    if asked.operation == "CreateBucket" or bucket_owner(bucket) is not None:
        return needed
    return tuple(replace(one, free=True) for one in needed)


def _accesses(
    asked: Asked, request: ApiRequest, names: tuple[str, ...], named: tuple[str, str]
) -> tuple[Access, ...]:
    bucket, key = named
    owner = bucket_owner(bucket)
    context = _context(asked, request)
    if "s3:versionid" in context:
        names = tuple(_OF_VERSIONS.get(name, name) for name in names)
    keys: list[tuple[str, str]] | None = [(name, key) for name in names]
    if asked.operation == "DeleteObjects":
        keys = _deleted_keys(request.body)
    if not keys:
        return tuple(Access(f"s3:{name}", None, owner, context) for name in names)
    needed = [
        Access(f"s3:{name}", f"arn:aws:s3:::{bucket}/{one}" if one else f"arn:aws:s3:::{bucket}", owner, context)
        for name, one in keys
    ]
    return (*needed, *_beside(asked, needed[0], bucket, key))


def _beside(asked: Asked, first: Access, bucket: str, key: str) -> Iterator[Access]:
    """What is needed beside the operation's own actions: for what it writes, copies, or finds missing."""
    context, owner = first.context, first.account
    if asked.operation in _WRITING:
        if "s3:x-amz-acl" in context:
            yield Access("s3:PutObjectAcl", first.resource, owner, context)
        if asked.given.header("x-amz-tagging"):
            yield Access("s3:PutObjectTagging", first.resource, owner, context)
    source = asked.given.header("x-amz-copy-source")
    if asked.operation in _COPYING and source:
        yield _source_access(source, context)
    if asked.operation in _READING and owner is not None and not _is_there(owner, bucket, key):
        yield Access("s3:ListBucket", f"arn:aws:s3:::{bucket}", owner, context)


def _is_there(owner: str, bucket: str, key: str) -> bool:
    """Whether a key exists; that one does not is told only to whom may list the bucket (S3 API, GetObject)."""
    found = s3_backends[owner][_PARTITION].buckets[bucket].keys.get(key)
    return found is not None and not isinstance(found, FakeDeleteMarker)


def bucket_owner(bucket: str) -> str | None:
    """Return the account that owns a bucket, None for one that nobody has."""
    found = s3_backends.bucket_accounts.get(bucket)
    return None if found is None else str(found[1])


def _deleted_keys(body: bytes) -> list[tuple[str, str]] | None:
    """Action and key of each object that DeleteObjects deletes, read as moto does; None: it cannot be told."""
    try:
        objects = xmltodict.parse(body, strip_whitespace=False)["Delete"]["Object"]
        return [
            ("DeleteObjectVersion" if one.get("VersionId") else "DeleteObject", str(one["Key"]))
            for one in (objects if isinstance(objects, list) else [objects])
        ]
    except (AttributeError, ExpatError, KeyError, TypeError):
        return None


def _names(operation: str) -> tuple[str, ...] | None:
    if operation in _SAME_NAME:
        return (operation,)
    found = _ACTIONS.get(operation)
    return (found,) if isinstance(found, str) else found


def _source_access(source: str, context: Mapping[str, tuple[str, ...]]) -> Access:
    parts = urlparse(source)
    path, version = unquote(parts.path).lstrip("/"), parse_qs(parts.query).get("versionId")
    action = "s3:GetObjectVersion" if version else "s3:GetObject"
    return Access(action, f"arn:aws:s3:::{path}", bucket_owner(path.partition("/")[0]), context)


def _context(asked: Asked, request: ApiRequest) -> dict[str, tuple[str, ...]]:
    given = asked.given
    context = {key: tuple(given.query[name][:1]) for name, key in _QUERY_KEYS.items() if name in given.query}
    for header in _HEADER_KEYS:
        if value := given.header(header):
            context[f"s3:{header}"] = (value,)
    if version := given.query.get("versionId"):
        context["s3:versionid"] = (version[0],)
    context["s3:signatureversion"] = ("AWS4-HMAC-SHA256",)
    context["s3:authtype"] = ("REST-QUERY-STRING" if "X-Amz-Signature" in request.query else "REST-HEADER",)
    return context
