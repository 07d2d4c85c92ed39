"""The forms in which a function can be named, and what it is called in answers."""

from typing import Any

import pytest

from tests.integration.control_plane_world import ACCOUNT, REGION, World, package, refused

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"
FORMS = ("f", "function:f", f"{ACCOUNT}:function:f", f"{REGION}:{ACCOUNT}:function:f", f"{ARN}f")


@pytest.fixture
def named(here: World) -> World:
    here.function("f", here.role())
    here.functions.publish_version(FunctionName="f")
    here.functions.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    here.functions.put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=1)
    return here


@pytest.mark.parametrize(
    ("operation", "given"),
    [
        ("get_function", {}),
        ("get_function_configuration", {}),
        ("get_function_concurrency", {}),
        ("get_function_event_invoke_config", {}),
        ("get_function_recursion_config", {}),
        ("get_alias", {"Name": "live"}),
        ("list_aliases", {}),
        ("list_versions_by_function", {}),
        ("update_function_configuration", {"Timeout": 9}),
        ("update_function_code", {"ZipFile": package("handler = print")}),
        ("publish_version", {}),
        ("update_alias", {"Name": "live"}),
        ("put_function_concurrency", {"ReservedConcurrentExecutions": 5}),
        ("delete_function_concurrency", {}),
        ("add_permission", {"StatementId": "s", "Action": "lambda:Invoke*", "Principal": "s3.amazonaws.com"}),
        ("invoke", {"InvocationType": "DryRun"}),
        ("delete_function", {}),
    ],
)
def test_function_can_be_named_in_every_form(named: World, operation: str, given: dict[str, Any]) -> None:
    """Plain, as a part of its ARN from the account or the Region on, and by the whole of it."""
    given = {**given, "Action": "lambda:InvokeFunction"} if operation == "add_permission" else given
    for number, form in enumerate(FORMS):
        more = {**given, "StatementId": f"s{number}"} if operation == "add_permission" else given
        getattr(named.functions, operation)(FunctionName=form, **more)
        if operation == "delete_function":
            named.function("f", f"arn:aws:iam::{ACCOUNT}:role/r")


def test_answer_can_have_the_qualifier_that_was_asked_for(named: World) -> None:
    """An alias's ARN, and the version that it points to."""
    named.functions.create_alias(FunctionName="f", Name="newest", FunctionVersion="$LATEST")
    for qualifier, version in (("live", "1"), ("1", "1"), ("$LATEST", "$LATEST"), ("newest", "$LATEST")):
        for asked in (
            {"FunctionName": f"f:{qualifier}"},
            {"FunctionName": "f", "Qualifier": qualifier},
            {"FunctionName": f"{ARN}f:{qualifier}", "Qualifier": qualifier},
        ):
            whole = named.functions.get_function(**asked)["Configuration"]
            told = named.functions.get_function_configuration(**asked)
            for one in (whole, told):
                assert (one["FunctionArn"], one["Version"]) == (f"{ARN}f:{qualifier}", version), asked
    assert named.functions.get_function_configuration(FunctionName="f")["FunctionArn"] == f"{ARN}f"


def test_function_cannot_be_named_ambiguously(named: World) -> None:
    """By two qualifiers, or in another Region than the request's; made with a qualifier, or elsewhere."""
    for operation in ("get_function", "invoke"):
        call = getattr(named.functions, operation)
        with refused("InvalidParameterValueException", "derived qualifier .* does not match the specified"):
            call(FunctionName="f:live", Qualifier="1")
        with refused("ResourceNotFoundException", r"Functions from 'eu-west-1' are not reachable in this region"):
            call(FunctionName=f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f")
    given = {"Role": f"arn:aws:iam::{ACCOUNT}:role/r", "Runtime": "python3.12", "Handler": "index.handler"}
    code = {"ZipFile": package()}
    with refused("InvalidParameterValueException", "with a qualifier"):
        named.functions.create_function(FunctionName="g:1", Code=code, **given)
    with refused("ResourceNotFoundException", "not reachable in this region"):
        named.functions.create_function(
            FunctionName=f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:g", Code=code, **given
        )
    made = named.functions.create_function(FunctionName=f"{ARN}g", Code=code, **given)
    assert (made["FunctionName"], made["FunctionArn"]) == ("g", f"{ARN}g")
    assert "Layers" not in made
    assert made["RuntimeVersionConfig"]["RuntimeVersionArn"].startswith(f"arn:aws:lambda:{REGION}::runtime:")
