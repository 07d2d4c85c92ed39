"""The decision over all policies of a request, by the rules that the IAM guide states."""

import pytest

from tests.unit.authorization.example_requests import (
    ALLOWING,
    ANYBODY,
    DENYING,
    FUNCTION,
    HERE,
    INVOKE,
    ROLE_ARN,
    ROOT,
    S3,
    SESSION,
    SILENT,
    THERE,
    USER,
    named,
    naming,
    request,
    statement,
)
from vpclab.authorization import (
    Decision,
    NotModelledError,
    Policies,
    PolicyKind,
    Principal,
    authorize,
    denial_reason,
)


def reason(asked: Principal, policies: Policies, *, account: str = HERE, action: str = INVOKE) -> str:
    one = request(asked, account=account, action=action)
    return denial_reason(authorize(one, policies), one)


@pytest.mark.parametrize("principal", [USER, SESSION])
def test_request_in_one_account_can_be_allowed_by_either_policy(principal: Principal) -> None:
    """In one account, an allow of the identity's or of the resource's policy is enough."""
    assert authorize(request(principal), Policies(identity=(ALLOWING,))).allowed
    assert authorize(request(principal), Policies(resource=naming("*"), identity=(SILENT,))).allowed
    assert not authorize(request(principal), Policies(resource=naming({"AWS": THERE}), identity=(SILENT,))).allowed


@pytest.mark.parametrize("principal", [USER, SESSION])
def test_request_across_accounts_cannot_be_allowed_by_one_policy(principal: Principal) -> None:
    """Across accounts, both have to allow."""
    theirs = naming({"AWS": HERE})
    both = Policies(identity=(ALLOWING,), resource=theirs)
    assert authorize(request(principal, account=THERE), both).allowed
    assert reason(principal, Policies(identity=(ALLOWING,)), account=THERE) == (
        "because no resource-based policy allows the lambda:InvokeFunction action"
    )
    assert reason(principal, Policies(resource=theirs), account=THERE) == (
        "because no identity-based policy allows the lambda:InvokeFunction action"
    )


def test_account_named_by_a_resource_cannot_be_enough_for_its_users() -> None:
    """Naming an account lets the account grant: without a grant of its own, its users have none."""
    delegating = Policies(resource=naming({"AWS": f"arn:aws:iam::{HERE}:root"}))
    assert not authorize(request(USER), delegating).allowed
    assert authorize(request(ROOT), delegating).allowed


@pytest.mark.parametrize(
    ("principal", "name", "allowed"),
    [
        (USER, USER.arn, True),
        (SESSION, SESSION.arn, True),
        (SESSION, "*", True),
        (SESSION, ROLE_ARN, False),
        (USER, HERE, False),
    ],
)
def test_boundary_cannot_limit_whom_a_resource_names_directly(
    principal: Principal, name: str, *, allowed: bool
) -> None:
    """A user or a session that the resource names is not bounded by what a boundary leaves out; a role is."""
    policies = Policies(identity=(ALLOWING,), resource=naming({"AWS": name}), boundary=SILENT)
    verdict = authorize(request(principal), policies)
    assert verdict.allowed is allowed
    assert verdict.refused_by is (None if allowed else PolicyKind.BOUNDARY)


def test_session_policy_can_limit_its_role() -> None:
    """What a session may do is what both its role and its session policies allow."""
    bounded = Policies(identity=(ALLOWING,), session=(SILENT,))
    assert reason(SESSION, bounded) == "because no session policy allows the lambda:InvokeFunction action"
    assert authorize(request(), Policies(identity=(ALLOWING,), session=(SILENT, ALLOWING))).allowed
    assert not authorize(request(), Policies(identity=(ALLOWING,), session=())).allowed


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        (Policies(identity=(ALLOWING, DENYING)), "with an explicit deny in an identity-based policy"),
        (
            Policies(identity=(ALLOWING,), resource=naming("*", "Deny")),
            "with an explicit deny in a resource-based policy",
        ),
        (Policies(identity=(ALLOWING,), boundary=DENYING), "with an explicit deny in a permissions boundary"),
        (Policies(identity=(ALLOWING,), session=(DENYING,)), "with an explicit deny in a session policy"),
        (
            Policies(identity=(ALLOWING,), endpoint=naming("*", "Deny")),
            "with an explicit deny in a VPC endpoint policy",
        ),
        (Policies(), "because no identity-based policy allows the lambda:InvokeFunction action"),
        (
            Policies(identity=(ALLOWING,), boundary=SILENT),
            "because no permissions boundary allows the lambda:InvokeFunction action",
        ),
        (
            Policies(identity=(ALLOWING,), endpoint=naming("*", Action="s3:*")),
            "because no VPC endpoint policy allows the lambda:InvokeFunction action",
        ),
        (Policies(identity=(ALLOWING,)), ""),
    ],
)
def test_denial_can_say_which_kind_of_policy_refused(policies: Policies, expected: str) -> None:
    """A denial names the kind of policy that denied, or that did not allow."""
    assert reason(SESSION, policies) == expected


def test_service_cannot_be_allowed_but_by_the_resource() -> None:
    """When a service calls a function, only the function's policy is considered."""
    bound = naming(
        {"Service": "s3.amazonaws.com"},
        Condition={"ArnLike": {"aws:SourceArn": "arn:aws:s3:::b"}, "StringEquals": {"aws:SourceAccount": HERE}},
    )
    mine = request(S3, aws__SourceArn="arn:aws:s3:::b", aws__SourceAccount=HERE)
    assert authorize(mine, Policies(resource=bound)).allowed
    assert not authorize(mine, Policies(identity=(ALLOWING,))).allowed
    other = request(S3, aws__SourceArn="arn:aws:s3:::other", aws__SourceAccount=HERE)
    assert denial_reason(authorize(other, Policies(resource=bound)), other) == (
        "because no resource-based policy allows the lambda:InvokeFunction action"
    )
    assert not authorize(request(S3), Policies(resource=bound)).allowed


def test_anonymous_caller_can_be_allowed_by_everybody_alone() -> None:
    """Nobody in particular is named by ``*`` and by nothing else."""
    assert authorize(request(ANYBODY), Policies(resource=naming("*"))).allowed
    assert not authorize(request(ANYBODY), Policies(resource=naming({"AWS": HERE}))).allowed
    assert not authorize(request(ANYBODY), Policies()).allowed


def test_root_user_cannot_override_a_deny() -> None:
    """The root user needs no allow in its account, but a resource's deny holds for it too."""
    assert authorize(request(ROOT), Policies()).allowed
    assert not authorize(request(ROOT), Policies(resource=naming("*", "Deny"))).allowed
    assert not authorize(request(ROOT, account=THERE), Policies()).allowed
    assert authorize(request(ROOT, account=THERE), Policies(resource=naming({"AWS": HERE}))).allowed


def test_role_cannot_be_assumed_without_its_trust_policy() -> None:
    """A trust policy has to allow even in its own account; a user that it names needs no other policy."""
    may_assume = named(statement(action="sts:AssumeRole"))

    def trust(principal: object) -> Policies:
        document = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
        return Policies(identity=(may_assume,), resource=named(document))

    asked = request(USER, "sts:AssumeRole", f"arn:aws:iam::{HERE}:role/other")
    assert authorize(asked, trust({"AWS": HERE})).allowed
    assert authorize(asked, Policies(resource=trust({"AWS": USER.arn}).resource)).allowed
    assert not authorize(asked, Policies(resource=trust({"AWS": HERE}).resource)).allowed
    refused = authorize(asked, trust({"AWS": THERE}))
    assert denial_reason(refused, asked) == "because no role trust policy allows the sts:AssumeRole action"


def test_verdict_can_tell_the_statements_that_matched() -> None:
    """A decision is explained by the statements that applied, by Sid or else by position."""
    policy = named(statement(action="s3:*"), statement(Sid="Run"), statement("Deny"), name="role/app inline P")
    verdict = authorize(request(), Policies(identity=(policy,)))
    assert verdict.decision is Decision.EXPLICITLY_DENIED
    assert [(one.policy, one.statement, one.allow) for one in verdict.matched] == [
        ("role/app inline P", "Run", True),
        ("role/app inline P", "#2", False),
    ]


def test_what_is_not_modelled_cannot_decide_silently() -> None:
    """Where only an unknown statement decides there is no answer; where it changes nothing there is one."""
    excluding = named({"Effect": "Deny", "NotPrincipal": {"AWS": HERE}, "Action": "*", "Resource": "*"})
    with pytest.raises(NotModelledError, match="NotPrincipal"):
        authorize(request(), Policies(identity=(ALLOWING,), resource=excluding))
    assert not authorize(request(), Policies(identity=(SILENT,), resource=excluding)).allowed
    canonical = naming({"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"})
    with pytest.raises(NotModelledError, match="canonical user id"):
        authorize(request(ANYBODY), Policies(resource=canonical))
    with pytest.raises(NotModelledError, match="VPC endpoint"):
        authorize(request(), Policies(identity=(ALLOWING,), endpoint=naming({"AWS": HERE})))
    nameless = {"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::${aws:username}/*"}
    with pytest.raises(NotModelledError, match="NotResource"):
        authorize(request(), Policies(identity=(ALLOWING, named(nameless))))


def test_variable_can_stand_for_the_callers_name() -> None:
    """``${aws:username}`` is the caller's name, letter by letter; without one, nothing is named."""
    own = named(statement(action="s3:*", Resource="arn:aws:s3:::files/${aws:username}/*"))
    theirs = request(USER, "s3:GetObject", "arn:aws:s3:::files/ann/x", aws__username="ann")
    assert authorize(theirs, Policies(identity=(own,))).allowed
    wild = request(USER, "s3:GetObject", "arn:aws:s3:::files/ann/x", aws__username="*")
    assert not authorize(wild, Policies(identity=(own,))).allowed
    assert not authorize(request(USER, "s3:GetObject", "arn:aws:s3:::files//x"), Policies(identity=(own,))).allowed
    old = named(statement(action="s3:*", Resource="arn:aws:s3:::files/${aws:username}/*"), version=None)
    assert not authorize(theirs, Policies(identity=(old,))).allowed
    literal = request(USER, "s3:GetObject", "arn:aws:s3:::files/${aws:username}/x", aws__username="ann")
    assert authorize(literal, Policies(identity=(old,))).allowed


def test_code_cannot_use_what_its_service_may() -> None:
    """``lambda:SourceFunctionArn`` is there only on calls by code: a deny on it leaves the service its right."""
    role = named(
        statement(action="ec2:*"),
        statement("Deny", "ec2:*", Condition={"ArnEquals": {"lambda:SourceFunctionArn": FUNCTION}}),
    )
    asked = Policies(identity=(role,))
    assert authorize(request(action="ec2:CreateNetworkInterface", resource="*"), asked).allowed
    by_code = request(action="ec2:CreateNetworkInterface", resource="*", lambda__SourceFunctionArn=FUNCTION)
    assert not authorize(by_code, asked).allowed
