"""What the rows of Amazon EC2 share: tags, ARNs, and describing one thing."""

from collections.abc import Mapping
from typing import Any

from vpclab.toolchain.aws_plugin.call import Call

Description = Mapping[str, Any]


def tag_specifications(call: Call, resource_type: str) -> list[dict[str, Any]]:
    """Return the tags for a creating call; ``resource_type`` by EC2's name for it, such as ``natgateway``."""
    tags = [{"Key": name, "Value": value} for name, value in call.tags.items()]
    return [{"ResourceType": resource_type, "Tags": tags}] if tags else []


def tags_of(description: Description) -> dict[str, str]:
    """Return the tags that a describe call tells."""
    return {tag["Key"]: tag["Value"] for tag in description.get("Tags", [])}


def tag(call: Call, wanted: dict[str, str], unwanted: list[str]) -> None:
    """Write and remove tags."""
    if unwanted:
        call.client.delete_tags(Resources=[call.id], Tags=[{"Key": name} for name in unwanted])
    if wanted:
        tags = [{"Key": name, "Value": value} for name, value in wanted.items()]
        call.client.create_tags(Resources=[call.id], Tags=tags)


def arn(call: Call, owner: str, resource_type: str, id_: str | None = None) -> str:
    """Return the ARN of what ``call`` is about, or of ``id_``."""
    return f"arn:aws:ec2:{call.region}:{owner}:{resource_type}/{id_ or call.id}"


def first(items: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the only item of a describe call that asked for one thing."""
    return items[0] if items else None


def filters(**values: str) -> list[dict[str, Any]]:
    """Return ``Filters``: ``filters(vpc_id="vpc-1")`` asks for ``vpc-id``."""
    return [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in values.items()]
