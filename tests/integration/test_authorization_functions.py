"""Who may invoke a function: by their own policies, by the function's, in and across accounts (C10 to C12)."""

# ruff: noqa: ANN401 - boto3 has no type information

import json
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.authorization_world import (
    DENIED,
    NO_IDENTITY,
    NO_RESOURCE,
    OTHER,
    Caller,
    Statement,
    allow,
    check,
    deny,
    role,
    user,
)
from tests.integration.control_plane_world import ACCOUNT, BASIC, REGION, World, package, policy, refused

ACTION = "lambda:InvokeFunction"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:called"
RESOURCE_DENIAL = DENIED.format(article="a", kind="resource-based")
IDENTITY_LACKS, RESOURCE_LACKS = NO_IDENTITY.format(action=ACTION), NO_RESOURCE.format(action=ACTION)

MATRIX = [
    # account, identity, resource, what the refusal says
    (ACCOUNT, None, None, IDENTITY_LACKS),
    (ACCOUNT, None, "Allow", None),
    (ACCOUNT, None, "Deny", RESOURCE_DENIAL),
    (ACCOUNT, "Allow", None, None),
    (ACCOUNT, "Allow", "Allow", None),
    (ACCOUNT, "Allow", "Deny", RESOURCE_DENIAL),
    (ACCOUNT, "Deny", "Allow", DENIED.format(article="an", kind="identity-based")),
    (OTHER, None, None, IDENTITY_LACKS),
    (OTHER, None, "Allow", IDENTITY_LACKS),
    (OTHER, None, "Deny", RESOURCE_DENIAL),
    (OTHER, "Allow", None, RESOURCE_LACKS),
    (OTHER, "Allow", "Allow", None),
    (OTHER, "Allow", "Deny", RESOURCE_DENIAL),
    (OTHER, "Deny", "Allow", DENIED.format(article="an", kind="identity-based")),
]


@pytest.fixture
def called(here: World) -> World:
    here.function("called", here.role("called", BASIC))
    return here


def put(here: World, *statements: Statement) -> None:
    here.functions.put_resource_policy(ResourceArn=FUNCTION, Policy=policy(*statements))


def invoke(caller: Caller, name: str = FUNCTION, **more: str) -> Any:
    return caller("lambda").invoke(FunctionName=name, Payload=b"1", **more)


@pytest.mark.parametrize(("account", "identity", "resource", "refusal"), MATRIX)
@pytest.mark.parametrize("kind", [role, user])
def test_function_can_be_invoked_by_whom_policies_let(  # noqa: PLR0913, PLR0917 - the matrix's columns
    called: World, kind: Any, account: str, identity: str | None, resource: str | None, refusal: str | None
) -> None:
    """In one account either kind of policy is enough, across accounts both are needed; an explicit deny wins."""
    statements = {"Allow": allow(ACTION, FUNCTION), "Deny": deny(ACTION, FUNCTION)}
    caller = kind(called, "caller", *([statements[identity]] if identity else []), account=account)
    if resource:
        named = {"Effect": resource, "Principal": {"AWS": caller.arn}, "Action": ACTION, "Resource": FUNCTION}
        put(called, named)
    check(lambda: invoke(caller), "AccessDeniedException", refusal)
    assert len(called.effects.invocations) == (0 if refusal else 1)


def test_refusal_can_name_caller_action_and_resource(called: World) -> None:
    """The text names the session, the action and the ARN; the status is 403."""
    caller = role(called, "caller")
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/caller/session"
    text = f"User: {arn} is not authorized to perform: {ACTION} on resource: {FUNCTION} {IDENTITY_LACKS}$"
    with refused("AccessDeniedException", text) as got:
        invoke(caller, "called")
    assert got.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_change_of_a_policy_can_hold_for_the_next_call(called: World) -> None:
    """C1: a role's policy that was changed decides the next call."""
    caller = role(called, "caller")
    check(lambda: invoke(caller), "AccessDeniedException", IDENTITY_LACKS)
    iam = called.client("iam")
    iam.put_role_policy(RoleName="caller", PolicyName="new", PolicyDocument=policy(allow(ACTION, FUNCTION)))
    invoke(caller)
    iam.delete_role_policy(RoleName="caller", PolicyName="new")
    check(lambda: invoke(caller), "AccessDeniedException", IDENTITY_LACKS)


def test_account_named_by_a_function_cannot_replace_its_principals_policies(called: World) -> None:
    """An account as principal delegates: the account's own principals still need their policies."""
    for account in (ACCOUNT, OTHER):
        called.functions.add_permission(
            FunctionName="called", StatementId=f"a{account}", Action=ACTION, Principal=account
        )
    for account in (ACCOUNT, OTHER):
        check(partial(invoke, role(called, "no", account=account)), "AccessDeniedException", IDENTITY_LACKS)
        invoke(role(called, "yes", allow(ACTION), account=account))


def test_administrator_of_another_account_cannot_invoke_without_the_functions_consent(called: World) -> None:
    """Deploy credentials are an administrator's: of their own account only."""
    client = called.client("lambda", key=OTHER)
    with refused("AccessDeniedException", RESOURCE_LACKS):
        client.invoke(FunctionName=FUNCTION)
    with refused("AccessDeniedException", RESOURCE_LACKS):
        client.invoke(FunctionName=f"{FUNCTION}-that-does-not-exist")
    called.functions.add_permission(FunctionName="called", StatementId="a", Action=ACTION, Principal=OTHER)
    client.invoke(FunctionName=FUNCTION)
    [invocation] = called.effects.invocations
    assert invocation.function_arn == FUNCTION


def test_administrator_cannot_pass_an_explicit_deny_of_a_function(called: World) -> None:
    """An explicit deny of the resource binds administrators too; the policy itself can be taken away."""
    put(called, {"Effect": "Deny", "Principal": "*", "Action": ACTION, "Resource": FUNCTION})
    with refused("AccessDeniedException", RESOURCE_DENIAL):
        called.functions.invoke(FunctionName="called")
    called.functions.delete_resource_policy(ResourceArn=FUNCTION)
    called.functions.invoke(FunctionName="called")


def test_permission_of_an_alias_cannot_serve_the_function(called: World) -> None:
    """A policy of a qualifier holds for that qualifier's ARN alone."""
    called.functions.publish_version(FunctionName="called")
    called.functions.create_alias(FunctionName="called", Name="live", FunctionVersion="1")
    caller = role(called, "caller")
    called.functions.add_permission(
        FunctionName="called", Qualifier="live", StatementId="a", Action=ACTION, Principal=caller.arn
    )
    invoke(caller, Qualifier="live")
    invoke(caller, f"{FUNCTION}:live")
    given: tuple[dict[str, str], ...] = ({}, {"Qualifier": "1"})
    for more in given:
        check(partial(invoke, caller, **more), "AccessDeniedException", IDENTITY_LACKS)


def test_payload_cannot_pass_for_the_name_of_the_function(called: World) -> None:
    """What is allowed is decided by the path, whatever the event says."""
    called.function("other", called.role("other", BASIC))
    caller = role(called, "caller", allow(ACTION, FUNCTION))
    event = json.dumps({"FunctionName": "called", "Qualifier": "live"}).encode()
    with refused("AccessDeniedException", IDENTITY_LACKS):
        caller("lambda").invoke(FunctionName="other", Payload=event)


def test_role_cannot_be_passed_but_to_the_service_that_is_named(called: World) -> None:
    """CreateFunction needs iam:PassRole for the role, bound to the service by iam:PassedToService."""
    execution = called.role("execution", BASIC)
    create = allow("lambda:CreateFunction")
    given = {
        "Role": execution,
        "Runtime": "python3.12",
        "Handler": "index.handler",
        "Code": {"ZipFile": package()},
    }
    passing = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    wrong = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    text = f"iam:PassRole on resource: {execution} {NO_IDENTITY.format(action='iam:PassRole')}"
    for number, statements in enumerate(([create], [create, allow("iam:PassRole", execution, Condition=wrong)])):
        caller = role(called, f"no{number}", *statements)
        with refused("AccessDeniedException", text):
            caller("lambda").create_function(FunctionName="new", **given)
    caller = role(called, "yes", create, allow("iam:PassRole", execution, Condition=passing))
    assert caller("lambda").create_function(FunctionName="new", **given)["Role"] == execution


def test_role_of_another_account_cannot_be_passed(called: World) -> None:
    """A function runs with a role of its own account, whoever makes it."""
    foreign = role(called, "foreign", account=OTHER).arn
    given = {"Runtime": "python3.12", "Handler": "index.handler", "Code": {"ZipFile": package()}}
    with pytest.raises(ClientError, match="Cross-account pass role is not allowed") as caught:
        called.functions.create_function(FunctionName="new", Role=foreign, **given)
    answer = caught.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (
        "AccessDeniedException",
        403,
    )
