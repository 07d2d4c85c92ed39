"""The documented managed policies, and the notes' policy text, against second sources."""

import json

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from vpclab.statements.log_policy import AS_TYPED, without_describing, without_stray_spaces
from vpclab.statements.managed_policy import LOGS, MANAGED_POLICIES, ManagedPolicy

PUBLISHED = json.loads(aws_managed_policies_data)


@pytest.mark.parametrize("policy", MANAGED_POLICIES.values(), ids=lambda policy: policy.name)
def test_a_policys_actions_can_be_found_in_a_mirror(policy: ManagedPolicy) -> None:
    """Moto ships a copy of AWS's managed policies, made by other people."""
    published = PUBLISHED[policy.name]
    assert policy.arn == f"arn:aws:iam::aws:policy{published['Path']}{policy.name}"
    granted = {action for statement in published["Document"]["Statement"] for action in statement["Action"]}
    assert policy.actions == granted


@pytest.mark.parametrize("policy", MANAGED_POLICIES.values(), ids=lambda policy: policy.name)
def test_the_calls_can_be_inside_and_outside(policy: ManagedPolicy) -> None:
    """What a role with the policy tries is granted, or is not, by the very set that is documented."""
    assert set(policy.allowed) <= policy.actions
    assert not set(policy.refused) & policy.actions


def test_the_notes_text_cannot_be_read_as_actions() -> None:
    """Three of its four actions, and its ARN, have a space in them."""
    (statement,) = json.loads(AS_TYPED)["Statement"]
    assert sum(" " in action for action in statement["Action"]) == 3
    assert statement["Resource"] == ["arn:aws: logs:*:*:*"]


def test_the_notes_text_can_be_corrected() -> None:
    """Without the spaces it has the three actions of delivery, and one that delivery does not take."""
    (statement,) = json.loads(without_stray_spaces(AS_TYPED))["Statement"]
    assert set(statement["Action"]) == LOGS | {"logs:DescribeLogStreams"}
    assert statement["Resource"] == ["arn:aws:logs:*:*:*"]
    (sufficient,) = json.loads(without_describing(AS_TYPED))["Statement"]
    assert set(sufficient["Action"]) == LOGS
