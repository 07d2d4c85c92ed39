"""What the rows of Elastic Load Balancing share: tags, and attributes that are read and written by name."""

from collections.abc import Mapping
from typing import Any

from vpclab.toolchain.aws_plugin.call import Call
from vpclab.toolchain.aws_plugin.schema import Input, Kind


def tag_list(call: Call) -> dict[str, Any]:
    """Return the ``Tags`` of a creating call, which may not be empty."""
    tags = [{"Key": name, "Value": value} for name, value in call.tags.items()]
    return {"Tags": tags} if tags else {}


def tag(call: Call, wanted: dict[str, str], unwanted: list[str]) -> None:
    """Write and remove tags."""
    if unwanted:
        call.client.remove_tags(ResourceArns=[call.id], TagKeys=unwanted)
    if wanted:
        tags = [{"Key": name, "Value": value} for name, value in wanted.items()]
        call.client.add_tags(ResourceArns=[call.id], Tags=tags)


def tags_of(call: Call) -> dict[str, str]:
    """Ask for the tags of what ``call`` is about."""
    (described,) = call.client.describe_tags(ResourceArns=[call.id])["TagDescriptions"]
    return {tag["Key"]: tag["Value"] for tag in described["Tags"]}


def suffix(arn: str) -> str:
    """Return the part of an ARN that CloudWatch's metrics have as their dimension: ``app/name/0123``."""
    return arn.rpartition(":")[2].removeprefix("loadbalancer/")


Attributes = Mapping[str, tuple[str, Any]]
"""The attribute behind an input, and what it is when left out."""


def attribute_inputs(attributes: Attributes) -> dict[str, Input]:
    """Return the inputs behind which there are attributes."""
    kinds = {bool: Kind.BOOLEAN, int: Kind.NUMBER, str: Kind.STRING}
    return {name: Input(kinds[type(default)], default=default) for name, (_, default) in attributes.items()}


def written(attributes: Attributes, inputs: Mapping[str, Any], names: frozenset[str]) -> list[dict[str, str]]:
    """Return the attributes behind the inputs ``names``, as the API takes them."""
    return [
        {"Key": attributes[name][0], "Value": _text(inputs.get(name, attributes[name][1]))}
        for name in sorted(names & attributes.keys())
    ]


def unusual(attributes: Attributes, inputs: Mapping[str, Any]) -> frozenset[str]:
    """Return the inputs that are not what AWS makes of them anyway."""
    return frozenset(name for name, (_, default) in attributes.items() if inputs.get(name, default) != default)


def read(attributes: Attributes, found: list[dict[str, str]]) -> dict[str, Any]:
    """Return the inputs behind the attributes that the API tells."""
    values = {one["Key"]: one["Value"] for one in found}
    return {
        name: _value(values[attribute], default) if attribute in values else default
        for name, (attribute, default) in attributes.items()
    }


def _text(value: Any) -> str:  # noqa: ANN401 - a plain value
    return str(value).lower() if isinstance(value, bool) else str(value)


def _value(text: str, default: Any) -> Any:  # noqa: ANN401 - a plain value
    if isinstance(default, bool):
        return text == "true"
    return int(text) if isinstance(default, int) else text
