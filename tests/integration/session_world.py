"""Roles that trust somebody, and sessions of them."""

# ruff: noqa: ANN401 - boto3 has no type information

from collections.abc import Mapping
from typing import Any

from tests.integration.control_plane_world import World, policy

OTHER = "210987654321"


ASSUME = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}


def trust(principal: Any, action: Any = "sts:AssumeRole", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": action, **more}


def role(here: World, name: str, *statements: Mapping[str, Any], account: str = "test", **more: Any) -> str:
    made = here.client("iam", key=account).create_role(
        RoleName=name, AssumeRolePolicyDocument=policy(*statements), **more
    )
    arn: str = made["Role"]["Arn"]
    return arn


def assume(client: Any, arn: str, name: str = "session", **more: Any) -> Any:
    return client.assume_role(RoleArn=arn, RoleSessionName=name, **more)


def identity(here: World, credentials: Any) -> str:
    found: str = here.client_of("sts", credentials).get_caller_identity()["Arn"]
    return found
