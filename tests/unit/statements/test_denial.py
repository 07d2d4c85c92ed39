"""Reading what services say when they deny a call."""

import pytest

from vpclab.statements.denial import (
    BOUNDARY,
    ENDPOINT,
    EXPLICIT,
    IDENTITY,
    IMPLICIT,
    RESOURCE,
    SESSION,
    is_denial,
    refusal_of,
)

ACTION = "lambda:InvokeFunction"
CALLER = "arn:aws:sts::123456789012:assumed-role/caller/session"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"
ASKED = f"User: {CALLER} is not authorized to perform: lambda:InvokeFunction on resource: {FUNCTION} "


@pytest.mark.parametrize(
    ("reason", "kind", "component", "code"),
    [
        (
            "because no identity-based policy allows the {ACTION} action",
            IDENTITY,
            "role/caller",
            IMPLICIT,
        ),
        (f"because no resource-based policy allows the {ACTION} action", RESOURCE, FUNCTION, IMPLICIT),
        (
            "because no permissions boundary allows the {ACTION} action",
            BOUNDARY,
            "role/caller",
            IMPLICIT,
        ),
        (f"because no session policy allows the {ACTION} action", SESSION, "role/caller", IMPLICIT),
        ("because no VPC endpoint policy allows the s3:GetObject action", ENDPOINT, "the VPC endpoint", IMPLICIT),
        ("with an explicit deny in an identity-based policy", IDENTITY, "role/caller", EXPLICIT),
        ("with an explicit deny in a resource-based policy", RESOURCE, FUNCTION, EXPLICIT),
    ],
)
def test_a_denial_can_name_whose_policy_it_was(reason: str, kind: str, component: str, code: str) -> None:
    """Identity policies, boundaries and session policies are the caller's, resource policies the resource's."""
    refusal = refusal_of(ASKED + reason)
    assert refusal is not None
    assert (refusal.kind, refusal.component, refusal.code) == (kind, component, code)
    assert refusal.reason.startswith("lambda:InvokeFunction: ")


def test_a_denial_can_name_the_policy_itself() -> None:
    """Where the message has the policy's ARN, that is the component."""
    policy = "arn:aws:iam::123456789012:policy/deny"
    refusal = refusal_of(f"{ASKED}with an explicit deny in an identity-based policy: {policy}")
    assert refusal is not None
    assert refusal.component == policy


def test_a_user_can_be_named() -> None:
    """Users have no session."""
    refusal = refusal_of(
        "User: arn:aws:iam::123456789012:user/alice is not authorized to perform: sqs:SendMessage on resource: q "
        "because no identity-based policy allows the sqs:SendMessage action"
    )
    assert refusal is not None
    assert refusal.component == "user/alice"


def test_a_message_without_a_reason_cannot_blame_anybody() -> None:
    """Older services say only that access is denied."""
    assert refusal_of("Access Denied") is None


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"])
def test_a_code_can_be_a_denial(code: str) -> None:
    """Each protocol has its own word."""
    assert is_denial(code)
    assert is_denial(f"com.amazonaws.sqs#{code}")


@pytest.mark.parametrize("code", ["MalformedPolicyDocument", "InvalidParameterValueException", "Throttling", ""])
def test_another_refusal_cannot_be_a_denial(code: str) -> None:
    """What is declined for another reason says nothing of permissions."""
    assert not is_denial(code)
