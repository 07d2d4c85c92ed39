"""What AWS publishes about actions, as far as the needs of a request are told by it."""

from collections.abc import Mapping
from functools import cache

from vpclab.authorization import UnknownServiceError, known_actions, published_action, resource_types


@cache
def is_published(action: str) -> bool:
    """Whether IAM has an action by that name (``ec2:DescribeVpcs``)."""
    try:
        return published_action(action) is not None
    except UnknownServiceError:
        return False


@cache
def is_service_published(service: str) -> bool:
    """Whether there is published data of a service, by its prefix in actions."""
    try:
        return bool(known_actions(service))
    except UnknownServiceError:
        return False


@cache
def has_resources(action: str) -> bool:
    """Whether the action knows resources; one that does not is asked for on ``*``. Unknown actions do."""
    return bool(types_of(action)) or not is_published(action)


@cache
def types_of(action: str) -> Mapping[str, bool]:
    """Return the ARN formats of the action's resources, each with whether it is required. Unknown: none."""
    if not is_published(action):
        return {}
    published = published_action(action)
    required = {} if published is None else published.resource_types
    return {pattern: required[kind] for kind, pattern in resource_types(action).items()}
