"""What operations of Kinesis, DynamoDB and its streams need. Source: Service Authorization Reference."""

import base64
import binascii
from collections.abc import Mapping

from vpclab.localcloud.control_plane.authorization.access import Access
from vpclab.localcloud.control_plane.authorization.asked import Asked

_WITHOUT_STREAM = frozenset({"DescribeAccountSettings", "DescribeLimits", "ListStreams", "UpdateAccountSettings"})
_ALL_STREAMS = frozenset(
    ["DisableEnhancedMonitoring", "EnableEnhancedMonitoring", "UpdateShardCount", "UpdateStreamMode"]
)
_WITHOUT_TABLE = frozenset(
    [
        "DescribeEndpoints",
        "DescribeLimits",
        "ListBackups",
        "ListContributorInsights",
        "ListExports",
        "ListGlobalTables",
        "ListImports",
        "ListStreams",
        "ListTables",
    ]
)
_TRANSACTION_ACTIONS = {
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}
_INDEX_ACTIONS = frozenset({"Query", "Scan"})


def stream_accesses(asked: Asked) -> tuple[Access, ...]:
    """Return what one operation of Kinesis needs."""
    given = asked.given
    action = f"kinesis:{asked.operation}"
    if asked.operation in _WITHOUT_STREAM | _ALL_STREAMS:
        return (Access(action),)
    names: list[str | None] = [*given.texts("StreamName")]
    names += [_iterators_stream(one) for one in given.all("ShardIterator", "NextToken")]
    arns: list[str | None] = [asked.arn("kinesis", f"stream/{one}") if one else None for one in names]
    arns += given.all("StreamARN", "ConsumerARN", "ResourceARN")
    return tuple(asked.access(action, arn) for arn in dict.fromkeys(arns)) or (Access(action, None),)


def _iterators_stream(iterator: str) -> str | None:
    """Iterators are opaque on AWS too; moto's hold the stream's name first."""
    try:
        return base64.decodebytes(iterator.encode()).decode().partition(":")[0] or None
    except (binascii.Error, UnicodeDecodeError):
        return None


def table_accesses(asked: Asked) -> tuple[Access, ...]:
    """Return what one operation of DynamoDB or its streams needs."""
    operation = asked.operation
    action = f"dynamodb:{operation}"
    if operation in _WITHOUT_TABLE:
        return (Access(action),)
    if operation in ("BatchGetItem", "BatchWriteItem"):
        tables = asked.given.nested("RequestItems")
        names = list(tables) if isinstance(tables, Mapping) else []
        return tuple(asked.access(action, _table_arn(asked, name)) for name in names) or (Access(action, None),)
    if operation in ("TransactGetItems", "TransactWriteItems"):
        return _transaction_accesses(asked)
    if "Statement" in operation or operation == "ExecuteTransaction":
        return (Access(None, None),)
    return tuple(asked.access(action, arn) for arn in _arns(asked)) or (Access(action, None),)


def _arns(asked: Asked) -> list[str | None]:
    """The ARNs of all streams, tables and indexes that a request names."""
    given = asked.given
    arns: list[str | None] = [
        one.partition("|")[0] if one.startswith("arn:") else None for one in given.texts("ShardIterator")
    ]
    arns += given.all("StreamArn", "ResourceArn", "BackupArn", "ExportArn", "ImportArn", "TableArn")
    indexes = given.texts("IndexName") if asked.operation in _INDEX_ACTIONS else ()
    for name in given.all("TableName", "TargetTableName"):
        table = _table_arn(asked, name)
        arns += [f"{table}/index/{index}" for index in indexes] or [table]
    return arns


def _transaction_accesses(asked: Asked) -> tuple[Access, ...]:
    needed = []
    for item in asked.given.nested("TransactItems") or ():
        for kind, what in item.items() if isinstance(item, Mapping) else ():
            name = what.get("TableName") if isinstance(what, Mapping) else None
            if kind not in _TRANSACTION_ACTIONS or not name:
                return (Access(None, None),)
            needed.append(asked.access(f"dynamodb:{_TRANSACTION_ACTIONS[kind]}", _table_arn(asked, name)))
    return tuple(needed) or (Access(None, None),)


def _table_arn(asked: Asked, name: str) -> str:
    return name if name.startswith("arn:") else asked.arn("dynamodb", f"table/{name}")
