"""Row: statements of functions' resource-based policies. Nothing of one changes in place (AddPermission)."""

import json
from typing import Any

from vpclab.toolchain.aws_plugin.call import Call, given
from vpclab.toolchain.aws_plugin.schema import TEXT, Input, ResourceType, fixed, required

LONGEST_STATEMENT_ID = 100
PARAMETERS = {
    "StatementId": "statementId",
    "Action": "action",
    "FunctionName": "function",
    "Principal": "principal",
    "SourceArn": "sourceArn",
    "SourceAccount": "sourceAccount",
    "PrincipalOrgID": "principalOrgId",
    "EventSourceToken": "eventSourceToken",
    "FunctionUrlAuthType": "functionUrlAuthType",
    "Qualifier": "qualifier",
}
CONDITIONS = {
    "sourceArn": "aws:sourcearn",
    "sourceAccount": "aws:sourceaccount",
    "principalOrgId": "aws:principalorgid",
    "eventSourceToken": "lambda:eventsourcetoken",
    "functionUrlAuthType": "lambda:functionurlauthtype",
}
"""The condition key that an input becomes, in lower case."""


def _create(call: Call) -> str:
    call.client.add_permission(**given(call.inputs, **PARAMETERS))
    return str(call.inputs["statementId"])


def _said(call: Call, name: str) -> str:
    return str(call.inputs.get(name) or call.state.get(name) or "")


def _read(call: Call) -> dict[str, Any] | None:
    function, qualifier = _said(call, "function"), _said(call, "qualifier")
    answer = call.client.get_policy(FunctionName=function, **({"Qualifier": qualifier} if qualifier else {}))
    for statement in json.loads(answer["Policy"])["Statement"]:
        if statement.get("Sid") == call.id:
            conditions = {
                key.lower(): value
                for tested in statement.get("Condition", {}).values()
                for key, value in tested.items()
            }
            return {
                "statementId": call.id,
                "action": statement["Action"],
                "function": function,
                "qualifier": qualifier,
                "principal": _principal(statement["Principal"], _said(call, "principal")),
                **{name: conditions.get(key, "") for name, key in CONDITIONS.items()},
            }
    return None


def _principal(found: Any, said: str) -> str:  # noqa: ANN401 - JSON
    """Return the principal as the program said it, where Lambda wrote an account's number as its root's ARN."""
    name = str(next(iter(found.values()))) if isinstance(found, dict) else str(found)
    return said if name == f"arn:aws:iam::{said}:root" else name


def _delete(call: Call) -> None:
    qualifier = call.state.get("qualifier")
    call.client.remove_permission(
        FunctionName=call.state["function"],
        StatementId=call.id,
        **({"Qualifier": qualifier} if qualifier else {}),
    )


PERMISSION = ResourceType(
    type_name="aws:lambda/permission:Permission",
    noun="Lambda Permission",
    service="lambda",
    inputs={
        **dict.fromkeys(PARAMETERS.values(), fixed(TEXT)),
        **dict.fromkeys(("action", "function", "principal"), fixed(required(TEXT))),
        "statementId": Input(replaces=True, named=LONGEST_STATEMENT_ID),
    },
    outputs=frozenset(),
    create=_create,
    read=_read,
    delete=_delete,
    missing=frozenset({"ResourceNotFoundException"}),
)

ROWS = (PERMISSION,)
