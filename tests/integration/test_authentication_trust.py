"""Trust policies: who may assume a role, and under which conditions."""

import pytest

from tests.integration.control_plane_world import ACCOUNT, World, policy, refused
from tests.integration.session_world import ASSUME, OTHER, assume, identity, role, trust
from vpclab.localcloud.control_plane import ControlPlane, Settings


@pytest.mark.parametrize(
    ("principal", "granted", "assumed"),
    [
        ({"AWS": "{account}"}, False, False),
        ({"AWS": "{account}"}, True, True),
        ({"AWS": "{user}"}, False, True),
        ({"AWS": "{user}"}, True, True),
        ({"AWS": "{another}"}, True, False),
        ({"Service": "lambda.amazonaws.com"}, True, False),
    ],
)
def test_role_can_be_assumed_in_one_account(
    here: World,
    principal: dict[str, str],
    granted: bool,  # noqa: FBT001 - a row
    assumed: bool,  # noqa: FBT001
) -> None:
    """Trust in the account lets its policies decide; trust in the user is enough; without trust nothing is."""
    key = here.user("u", *([ASSUME] if granted else []))
    here.user("another")
    names = {
        "{account}": f"arn:aws:iam::{ACCOUNT}:root",
        "{user}": f"arn:aws:iam::{ACCOUNT}:user/u",
        "{another}": f"arn:aws:iam::{ACCOUNT}:user/another",
    }
    arn = role(here, "r", trust({kind: names.get(name, name) for kind, name in principal.items()}))
    sts = here.client_of("sts", key)
    if assumed:
        assert identity(here, assume(sts, arn)["Credentials"]).endswith("assumed-role/r/session")
    else:
        text = (
            f"User: arn:aws:iam::{ACCOUNT}:user/u is not authorized to perform: sts:AssumeRole on resource: {arn}"
        )
        with refused("AccessDenied", text):
            assume(sts, arn)


def test_role_of_another_account_needs_both_sides(here: World) -> None:
    """Across accounts the trust policy and the caller's own have to allow it."""
    granted, bare = here.user("granted", ASSUME), here.user("bare")
    trusting = role(here, "trusting", trust({"AWS": ACCOUNT}), account=OTHER)
    naming = role(here, "naming", trust({"AWS": f"arn:aws:iam::{ACCOUNT}:user/bare"}), account=OTHER)
    closed = role(here, "closed", trust({"AWS": OTHER}), account=OTHER)
    found = identity(here, assume(here.client_of("sts", granted), trusting)["Credentials"])
    assert found == f"arn:aws:sts::{OTHER}:assumed-role/trusting/session"
    assert OTHER in identity(here, assume(here.client("sts"), trusting)["Credentials"])
    attempts = [(bare, trusting), (bare, naming), (granted, closed), (granted, closed.replace("closed", "none"))]
    for key, arn in attempts:
        with refused("AccessDenied", "sts:AssumeRole"):
            assume(here.client_of("sts", key), arn)
    with refused("AccessDenied", "sts:AssumeRole"):
        assume(here.client("sts"), closed)  # an administrator is not trusted either


def test_external_id_can_be_demanded(here: World) -> None:
    """A third party's id has to be the one that the trust policy names."""
    condition = {"StringEquals": {"sts:ExternalId": "secret"}}
    arn = role(here, "r", trust({"AWS": ACCOUNT}, Condition=condition))
    sts = here.client("sts")
    assume(sts, arn, ExternalId="secret")
    for given in ({}, {"ExternalId": "other"}):
        with refused("AccessDenied", "sts:AssumeRole"):
            assume(sts, arn, **given)


def test_conditions_of_trust_can_be_met(here: World) -> None:
    """By who asks, by what the session shall be called; an explicit deny wins."""
    key = here.user("u", ASSUME)
    sts = here.client_of("sts", key)
    by_name = role(
        here,
        "by-name",
        trust({"AWS": "*"}, Condition={"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:user/u*"}}),
    )
    assume(sts, by_name)
    with refused("AccessDenied"):
        assume(here.client_of("sts", here.user("v", ASSUME)), by_name)
    named_so = {"StringLike": {"sts:RoleSessionName": "${aws:username}-*"}}
    by_session = role(here, "by-session", trust({"AWS": ACCOUNT}, Condition=named_so))
    assume(sts, by_session, "u-1")
    with refused("AccessDenied"):
        assume(sts, by_session, "somebody")
    denied = role(
        here,
        "denied",
        trust({"AWS": ACCOUNT}),
        {**trust({"AWS": f"arn:aws:iam::{ACCOUNT}:user/u"}), "Effect": "Deny"},
    )
    with refused("AccessDenied"):
        assume(sts, denied)


def test_tags_of_the_request_can_be_demanded(here: World) -> None:
    """The trust policy may ask for session tags, and by tag of the role."""
    both = ["sts:AssumeRole", "sts:TagSession"]
    demands = {
        "StringEquals": {"aws:RequestTag/team": "blue", "iam:ResourceTag/stage": "test"},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]},
    }
    arn = role(
        here, "r", trust({"AWS": ACCOUNT}, both, Condition=demands), Tags=[{"Key": "stage", "Value": "test"}]
    )
    sts = here.client("sts")
    assume(sts, arn, Tags=[{"Key": "team", "Value": "blue"}])
    for tags in (
        [],
        [{"Key": "team", "Value": "red"}],
        [{"Key": "team", "Value": "blue"}, {"Key": "x", "Value": "1"}],
    ):
        with refused("AccessDenied"):
            assume(sts, arn, Tags=tags)


def test_unknown_key_of_a_trust_policy_cannot_decide(here: World) -> None:
    """What is not modelled is said to be, never guessed."""
    arn = role(here, "r", trust({"AWS": ACCOUNT}, Condition={"StringEquals": {"foo:bar": "x"}}))
    with refused("UnsupportedOperation", "foo:bar is not modelled"):
        assume(here.client("sts"), arn)


def test_explicit_deny_can_forbid_assuming(here: World) -> None:
    """The caller's own policies can forbid what trust allows, and the refusal says so."""
    arn = role(here, "r", trust({"AWS": ACCOUNT}))
    key = here.user("u", ASSUME, {**ASSUME, "Effect": "Deny"})
    with refused("AccessDenied", "with an explicit deny in an identity-based policy"):
        assume(here.client_of("sts", key), arn)


def test_changed_trust_can_hold_for_the_next_call(here: World) -> None:
    """And a session that there is goes on, as its role does."""
    arn = role(here, "r", trust({"AWS": ACCOUNT}))
    session = assume(here.client("sts"), arn)["Credentials"]
    here.client("iam").update_assume_role_policy(
        RoleName="r", PolicyDocument=policy(trust({"Service": "lambda.amazonaws.com"}))
    )
    with refused("AccessDenied"):
        assume(here.client("sts"), arn)
    assert identity(here, session)


def test_role_can_trust_lambda_for_one_function(here: World) -> None:
    """By aws:SourceArn and aws:SourceAccount, which Lambda sends when it assumes a role for a function."""
    condition = {
        "ArnLike": {"aws:SourceArn": f"arn:aws:lambda:*:{ACCOUNT}:function:mine"},
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
    }
    arn = role(here, "r", trust({"Service": "lambda.amazonaws.com"}, Condition=condition))
    here.function("mine", arn)
    with refused("InvalidParameterValueException", "cannot be assumed by Lambda"):
        here.function("other", arn)
    assert [one["FunctionName"] for one in here.functions.list_functions()["Functions"]] == ["mine"]


def test_trust_can_be_left_aside(here: World) -> None:
    """With authorisation off, whoever is authenticated assumes any role; wrong secrets stay refused."""
    with ControlPlane(here.effects, Settings(authorization=False)):
        key = here.user("u")
        arn = role(here, "r", trust({"Service": "lambda.amazonaws.com"}))
        assert identity(here, assume(here.client_of("sts", key), arn)["Credentials"]).endswith("/r/session")
        with refused("AccessDenied"):
            assume(here.client_of("sts", key), arn.replace("/r", "/none"))
        with refused("SignatureDoesNotMatch"):
            here.client("sts", key=key["AccessKeyId"], secret="wrong").get_caller_identity()
