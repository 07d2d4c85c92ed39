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
    arn = given.text("StreamARN", "ConsumerARN", "ResourceARN")
    if arn is None:
        name = given.text("StreamName") or _iterators_stream(given.text("ShardIterator", "NextToken"))
        arn = asked.arn("kinesis", f"stream/{name}") if name else None
    return (asked.access(action, arn),)


def _iterators_stream(iterator: str | None) -> str | None:
    """Iterators are opaque on AWS too; moto's hold the stream's name first."""
    try:
        return base64.decodebytes((iterator or "").encode()).decode().partition(":")[0] or None
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
    return (asked.access(action, _arn(asked)),)


def _arn(asked: Asked) -> str | None:
    """The ARN of the one stream, table or index that an operation is for; None: it is not told."""
    given = asked.given
    if iterator := given.text("ShardIterator"):
        return iterator.partition("|")[0] if iterator.startswith("arn:") else None
    if arn := given.text("StreamArn", "ResourceArn", "BackupArn", "ExportArn", "ImportArn", "TableArn"):
        return arn
    name = given.text("TableName", "TargetTableName")
    if name is None:
        return None
    arn = _table_arn(asked, name)
    index = given.text("IndexName")
    return f"{arn}/index/{index}" if index and asked.operation in _INDEX_ACTIONS else arn


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
