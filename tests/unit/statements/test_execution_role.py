"""Whether an execution role lets log lines through."""

import json
from collections.abc import Mapping

import pytest

from vpclab.statements.execution_role import delivery_refusal
from vpclab.statements.target import Target

GROUP = "/aws/lambda/probe"
ALLOW = {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}
DENY = {"Effect": "Deny", "Action": "logs:Put*", "Resource": "*"}
ELSEWHERE = {**ALLOW, "Resource": "arn:aws:logs:*:*:log-group:/other:*"}
PERHAPS = {**ALLOW, "Condition": {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}}


def _give(target: Target, *statements: Mapping[str, object]) -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    target.client("iam").put_role_policy(RoleName="probe", PolicyName="inline", PolicyDocument=document)


@pytest.mark.usefixtures("role")
class TestDelivery:
    """The role's own policies decide."""

    def test_a_role_with_the_permission_cannot_be_blamed(self, emulator: Target) -> None:
        """Nothing is known that held the line back."""
        _give(emulator, ALLOW)
        assert delivery_refusal(emulator, "probe", GROUP) is None

    def test_an_attached_policy_can_give_the_permission(self, emulator: Target) -> None:
        """Managed policies count as inline ones do."""
        iam = emulator.client("iam")
        document = json.dumps({"Version": "2012-10-17", "Statement": ALLOW})
        arn = iam.create_policy(PolicyName="logs", PolicyDocument=document)["Policy"]["Arn"]
        iam.attach_role_policy(RoleName="probe", PolicyArn=arn)
        assert delivery_refusal(emulator, "probe", GROUP) is None

    def test_a_role_without_policies_can_be_named(self, emulator: Target) -> None:
        """Its name and what is missing."""
        refusal = delivery_refusal(emulator, "probe", GROUP)
        assert refusal is not None
        assert (refusal.kind, refusal.component) == ("execution-role", "probe")
        assert refusal.reason == "no identity-based policy allows logs:CreateLogStream and logs:PutLogEvents"

    def test_an_explicit_deny_can_be_named(self, emulator: Target) -> None:
        """A deny wins over the allow beside it."""
        _give(emulator, ALLOW, DENY)
        refusal = delivery_refusal(emulator, "probe", GROUP)
        assert refusal is not None
        assert refusal.reason == "an identity-based policy denies logs:PutLogEvents"

    def test_a_permission_for_another_group_cannot_count(self, emulator: Target) -> None:
        """The resource is this function's log group."""
        _give(emulator, ELSEWHERE)
        assert delivery_refusal(emulator, "probe", GROUP) is not None

    def test_a_condition_cannot_be_guessed(self, emulator: Target) -> None:
        """What depends on a Condition is not known, so nobody is blamed."""
        _give(emulator, PERHAPS)
        assert delivery_refusal(emulator, "probe", GROUP) is None
