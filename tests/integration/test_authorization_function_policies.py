"""The API of a function's resource-based policy: statement by statement, and as a whole."""

# ruff: noqa: ANN401 - boto3 has no type information

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.authorization_world import OTHER, role
from tests.integration.control_plane_world import ACCOUNT, BASIC, REGION, World, policy, refused

if TYPE_CHECKING:
    from collections.abc import Callable

ACTION = "lambda:InvokeFunction"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:called"


@pytest.fixture
def called(here: World) -> World:
    here.function("called", here.role("called", BASIC))
    return here


def add(here: World, sid: str = "s", principal: str = "s3.amazonaws.com", **more: Any) -> dict[str, Any]:
    given = {"FunctionName": "called", "StatementId": sid, "Action": ACTION, "Principal": principal}
    statement: dict[str, Any] = json.loads(here.functions.add_permission(**(given | more))["Statement"])
    return statement


def statements(here: World, **more: str) -> list[dict[str, Any]]:
    document = json.loads(here.functions.get_policy(FunctionName="called", **more)["Policy"])
    found: list[dict[str, Any]] = document["Statement"]
    return found


def test_permission_can_be_read_back_as_a_statement(called: World) -> None:
    """Each parameter of AddPermission has its place in the statement; an account becomes its root."""
    source = {"SourceArn": "arn:aws:s3:::b", "SourceAccount": ACCOUNT}
    usual = {"Effect": "Allow", "Action": ACTION, "Resource": FUNCTION}
    conditions = {
        "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::b"},
        "StringEquals": {"AWS:SourceAccount": ACCOUNT},
    }
    expected = [
        {"Sid": "s3", "Principal": {"Service": "s3.amazonaws.com"}, "Condition": conditions, **usual},
        {"Sid": "account", "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}, **usual},
        {
            "Sid": "organization",
            "Principal": "*",
            "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}},
            **usual,
        },
    ]
    assert add(called, "s3", **source) == expected[0]
    assert add(called, "account", OTHER) == expected[1]
    assert add(called, "organization", "*", PrincipalOrgID="o-1234567890") == expected[2]
    assert statements(called) == expected
    called.functions.remove_permission(FunctionName="called", StatementId="account")
    assert [one["Sid"] for one in statements(called)] == ["s3", "organization"]


def test_permission_cannot_be_added_wrongly(called: World) -> None:
    """A statement id twice, principals that there are none of, unknown actions and functions: AWS's errors."""
    add(called)
    with refused("ResourceConflictException", r"The statement id \(s\) provided already exists"):
        add(called)
    unknown = (f"arn:aws:iam::{ACCOUNT}:role/none", f"arn:aws:iam::{ACCOUNT}:user/none", "somebody", "1234")
    for principal in unknown:
        with refused("InvalidParameterValueException", "The provided principal was invalid"):
            add(called, "new", principal)
    for action, code in (
        ("s3:GetObject", "ValidationException"),
        ("lambda:Fly", "InvalidParameterValueException"),
    ):
        with refused(code):
            add(called, "new", Action=action)
    with refused("ValidationException", "statementId"):
        add(called, "not an id")
    with refused("ResourceNotFoundException", "Function not found"):
        add(called, "new", FunctionName="none")
    with refused("ResourceNotFoundException", "Function not found"):
        add(called, "new", Qualifier="7")
    with refused("InvalidParameterValueException", "do not support adding policies for .LATEST"):
        add(called, "new", Qualifier="$LATEST")
    with refused("PreconditionFailedException"):
        add(called, "new", RevisionId="00000000-0000-0000-0000-000000000000")
    assert [one["Sid"] for one in statements(called)] == ["s"]
    add(called, "role", called.role("existing"))


def test_missing_policy_cannot_be_read(called: World) -> None:
    """Without a statement there is no policy, and none to remove."""
    calls: tuple[Callable[[], Any], ...] = (
        lambda: called.functions.get_policy(FunctionName="called"),
        lambda: called.functions.get_resource_policy(ResourceArn=FUNCTION),
        lambda: called.functions.delete_resource_policy(ResourceArn=FUNCTION),
        lambda: called.functions.remove_permission(FunctionName="called", StatementId="s"),
    )
    for call in calls:
        with refused("ResourceNotFoundException"):
            call()


def test_whole_policy_can_replace_added_permissions(called: World) -> None:
    """C10: PutResourcePolicy overwrites what AddPermission made; both APIs read the same policy."""
    add(called, "old")
    principal = {"AWS": role(called, "caller").arn}
    deny = {"Sid": "no", "Effect": "Deny", "Principal": principal, "Action": "lambda:*", "Resource": FUNCTION}
    put = called.functions.put_resource_policy(ResourceArn=FUNCTION, Policy=policy(deny))
    assert json.loads(put["Policy"])["Statement"] == [deny]
    assert statements(called) == [deny]
    read = called.functions.get_resource_policy(ResourceArn=FUNCTION)
    assert read["RevisionId"] == put["RevisionId"]
    add(called, "new")
    assert [one["Sid"] for one in statements(called)] == ["no", "new"]
    with refused("PreconditionFailedException"):
        called.functions.put_resource_policy(
            ResourceArn=FUNCTION, Policy=policy(deny), RevisionId=put["RevisionId"]
        )
    latest = called.functions.get_resource_policy(ResourceArn=FUNCTION)["RevisionId"]
    called.functions.delete_resource_policy(ResourceArn=FUNCTION, RevisionId=latest)
    with refused("ResourceNotFoundException"):
        called.functions.get_policy(FunctionName="called")


@pytest.mark.parametrize(
    "text",
    [
        "no policy",
        "{}",
        policy({"Effect": "Perhaps", "Principal": "*", "Action": ACTION, "Resource": FUNCTION}),
        policy({"Effect": "Allow", "Action": ACTION, "Resource": FUNCTION}),
        policy({"Effect": "Allow", "Principal": "*", "Action": "invoke", "Resource": FUNCTION}),
    ],
)
def test_malformed_policy_cannot_replace_one(called: World, text: str) -> None:
    """What is no policy is refused, and what was there stays."""
    add(called)
    with refused("InvalidParameterValueException", "malformed"):
        called.functions.put_resource_policy(ResourceArn=FUNCTION, Policy=text)
    assert [one["Sid"] for one in statements(called)] == ["s"]


def test_policy_cannot_grow_without_end(called: World) -> None:
    """20,480 bytes are the limit."""
    with refused("PolicyLengthExceededException", "bigger than the limit"):
        for number in range(100):
            add(called, f"{number:0100}", SourceArn=f"arn:aws:s3:::{'b' * 60}", SourceAccount=ACCOUNT)


def test_policies_of_qualifiers_cannot_mix(called: World) -> None:
    """Function, version and alias each have a policy of their own; a new function has none of its namesake's."""
    called.functions.publish_version(FunctionName="called")
    assert add(called, "one", Qualifier="1")["Resource"] == f"{FUNCTION}:1"
    add(called, "all")
    assert [one["Sid"] for one in statements(called, Qualifier="1")] == ["one"]
    assert [one["Sid"] for one in statements(called)] == ["all"]
    called.functions.delete_function(FunctionName="called")
    called.function("called", called.role("again", BASIC))
    with refused("ResourceNotFoundException"):
        called.functions.get_policy(FunctionName="called")
