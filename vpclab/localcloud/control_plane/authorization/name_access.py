"""What operations of Logs, Secrets Manager, Systems Manager, KMS, X-Ray and STS need: resources known by a name.

Source: Service Authorization Reference, "Actions, resources, and condition keys" of each service.
"""

import base64
import struct

from moto.kms.models import kms_backends
from moto.kms.utils import _deserialize_ciphertext_blob as deserialize_ciphertext
from moto.secretsmanager.models import secretsmanager_backends

from vpclab.localcloud.control_plane.authorization.access import Access
from vpclab.localcloud.control_plane.authorization.asked import Asked, account_of
from vpclab.localcloud.control_plane.authorization.published import has_resources

_OF_LOG_STREAMS = frozenset({"CreateLogStream", "DeleteLogStream", "GetLogEvents", "PutLogEvents"})
_OF_TAGS = frozenset({"ListTagsForResource", "TagResource", "UntagResource"})
_FREE = frozenset({"GetCallerIdentity", "GetSessionToken", "GetAccessKeyInfo"})
_KMS_ALIAS = "alias/"
_OPENING = frozenset({"Decrypt", "ReEncrypt"})


def log_accesses(asked: Asked) -> tuple[Access, ...]:
    """Return what one operation of CloudWatch Logs needs.

    The service judges a group as ``log-group:NAME:log-stream:``, which is why policies end in ``:*``.
    """
    given, operation = asked.given, asked.operation
    action = f"logs:{operation}"
    if operation == "DescribeLogGroups":
        return (Access(action, asked.arn("logs", "log-group::log-stream:")),)
    if operation in _OF_TAGS:
        return (asked.access(action, given.text("resourceArn")),)
    groups = given.all("logGroupName", "logGroupIdentifier", "logGroupNames", "logGroupIdentifiers")
    if not groups:
        return (Access(action, None if has_resources(action) else "*"),)
    stream = given.text("logStreamName") if operation in _OF_LOG_STREAMS else ""
    return tuple(asked.access(action, f"{_group_arn(asked, group)}:log-stream:{stream or ''}") for group in groups)


def _group_arn(asked: Asked, name: str) -> str:
    arn = name if name.startswith("arn:") else asked.arn("logs", f"log-group:{name}")
    return arn.removesuffix(":*")


def secret_accesses(asked: Asked) -> tuple[Access, ...]:
    """Return what one operation of Secrets Manager needs."""
    given, operation = asked.given, asked.operation
    action = f"secretsmanager:{operation}"
    if operation == "CreateSecret":
        name = given.text("Name")
        context = {"secretsmanager:name": (name,)} if name else {}
        return (Access(action, asked.arn("secretsmanager", f"secret:{name}-??????"), None, context),)
    if operation == "BatchGetSecretValue" and (several := given.texts("SecretIdList")):
        whole = (Access(action),)
        return whole + tuple(_secret_access(asked, "secretsmanager:GetSecretValue", one) for one in several)
    identifier = given.text("SecretId")
    if identifier is None:
        return (Access(action, None if has_resources(action) and operation != "BatchGetSecretValue" else "*"),)
    return (_secret_access(asked, action, identifier),)


def _secret_access(asked: Asked, action: str, identifier: str) -> Access:
    """A secret's ARN ends in six letters that its name does not have; a missing secret has none."""
    account = account_of(identifier) or asked.account
    region = identifier.split(":")[3] if identifier.startswith("arn:") else asked.region
    try:
        secret = secretsmanager_backends[account][region].secrets.get(identifier)
    except KeyError:
        secret = None
    missing = identifier if identifier.startswith("arn:") else asked.arn("secretsmanager", f"secret:{identifier}")
    arn = missing if secret is None else str(secret.arn)
    context = {"secretsmanager:secretid": (arn,)}
    for key, name in (("secretsmanager:versionstage", "VersionStage"), ("secretsmanager:versionid", "VersionId")):
        if value := asked.given.text(name):
            context[key] = (value,)
    return Access(action, arn, account_of(arn), context)


def parameter_accesses(asked: Asked) -> tuple[Access, ...]:
    """Return what one operation of Systems Manager needs; only parameters are told."""
    given, operation = asked.given, asked.operation
    action = f"ssm:{operation}"
    if not has_resources(action):
        return (Access(action),)
    if operation in ("AddTagsToResource", "RemoveTagsFromResource", "ListTagsForResource"):
        names = given.texts("ResourceId") if given.text("ResourceType") == "Parameter" else ()
    else:
        names = given.all("Names", "Name", "Path") if "Param" in action else ()
    needed = tuple(asked.access(action, _parameter_arn(asked, name)) for name in names)
    return needed or (Access(action, None),)


def _parameter_arn(asked: Asked, name: str) -> str:
    if name.startswith("arn:"):
        return name
    return asked.arn("ssm", "parameter/" + name.partition(":")[0].lstrip("/"))


def key_accesses(asked: Asked) -> tuple[Access, ...]:
    """Return what one operation of KMS needs."""
    given, operation = asked.given, asked.operation
    action = f"kms:{operation}"
    sealed = [_sealing_key(one) for one in given.texts("CiphertextBlob")] if operation in _OPENING else []
    if operation == "ReEncrypt":
        sources = [*sealed, *given.texts("SourceKeyId")]
        return tuple(
            asked.access(f"kms:ReEncrypt{direction}", _key_arn(asked, key))
            for direction, keys in (("From", sources), ("To", given.texts("DestinationKeyId")))
            for key in keys
        ) or (Access("kms:ReEncryptFrom", None),)
    if not has_resources(action):
        return (Access(action),)
    arns = [_key_arn(asked, one) for one in (*sealed, *given.all("KeyId", "TargetKeyId"))]
    arns += [asked.arn("kms", alias) for alias in given.texts("AliasName")]
    return tuple(asked.access(action, arn) for arn in dict.fromkeys(arns)) or (Access(action, None),)


def _sealing_key(ciphertext: str) -> str | None:
    """The key that a ciphertext was made with; AWS's ciphertexts hold it too, where only KMS sees it."""
    try:
        found: str = deserialize_ciphertext(base64.b64decode(ciphertext)).key_id
    except (ValueError, struct.error):
        return None
    return found


def _key_arn(asked: Asked, identifier: str | None) -> str | None:
    if identifier is None:
        return None
    account, region = account_of(identifier) or asked.account, asked.region
    name = identifier.partition(":key/")[2] or identifier
    if identifier.startswith("arn:") and ":alias/" in identifier:
        name = _KMS_ALIAS + identifier.partition(":alias/")[2]
    if name.startswith(_KMS_ALIAS):
        found = kms_backends[account][region].get_key_id_from_alias(name)
        if found is None:
            return None
        name = str(found)
    return asked.arn("kms", f"key/{name}", account)


def session_accesses(asked: Asked) -> tuple[Access, ...]:
    """Return what one operation of STS needs; assuming roles is judged where trust is."""
    action = f"sts:{asked.operation}"
    if asked.operation in _FREE:
        return (Access(action, free=True),)
    if role := asked.given.text("RoleArn"):
        return (Access(action, role, account_of(role), free=True),)
    if asked.operation == "GetFederationToken":
        return (Access(action, None),)
    return (Access(action),)


def trace_accesses(asked: Asked) -> tuple[Access, ...]:
    """Return what one operation of X-Ray needs; groups and sampling rules are not told."""
    action = f"xray:{asked.operation}"
    return (Access(action, None if has_resources(action) else "*"),)
