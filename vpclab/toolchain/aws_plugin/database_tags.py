"""Tags in Amazon RDS and Amazon ElastiCache, whose APIs have the same three calls for them."""

from collections.abc import Mapping

from vpclab.toolchain.aws_plugin.call import Call


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as these APIs take them."""
    return [{"Key": name, "Value": value} for name, value in tags.items()]


def tag(call: Call, wanted: dict[str, str], unwanted: list[str]) -> None:
    """Write and remove tags."""
    arn = call.state["arn"]
    if unwanted:
        call.client.remove_tags_from_resource(ResourceName=arn, TagKeys=unwanted)
    if wanted:
        call.client.add_tags_to_resource(ResourceName=arn, Tags=tag_list(wanted))


def tags_of(call: Call, arn: str) -> dict[str, str]:
    """Ask for the tags of the resource with this ARN."""
    listed = call.client.list_tags_for_resource(ResourceName=arn)["TagList"]
    return {tag["Key"]: tag["Value"] for tag in listed}
