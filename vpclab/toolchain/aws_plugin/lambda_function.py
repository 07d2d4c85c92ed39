"""Row: Lambda functions. Name and package type are fixed; code and configuration change in place (Lambda API)."""

from collections.abc import Iterator, Mapping
from typing import Any

from vpclab.toolchain.aws_plugin.archive import zip_bytes
from vpclab.toolchain.aws_plugin.call import Call, given
from vpclab.toolchain.aws_plugin.errors import AwsPluginError
from vpclab.toolchain.aws_plugin.lambda_configuration import (
    DEFAULT_TIMEOUT_SECONDS,
    LOGGING_CONFIG,
    SMALLEST_MEMORY_MEGABYTES,
    UNRESERVED,
    VPC_CONFIG,
    parameters_of,
    read,
)
from vpclab.toolchain.aws_plugin.schema import (
    NUMBER,
    SET,
    SWITCH,
    TEXT,
    Input,
    Kind,
    ResourceType,
    computed,
    local,
    required,
)

LONGEST_NAME = 64


def _create(call: Call) -> str:
    call.client.create_function(
        FunctionName=call.inputs["name"],
        Code={"ZipFile": zip_bytes(call.inputs["code"])},
        PackageType=call.inputs["packageType"],
        Publish=call.inputs["publish"],
        Tags=dict(call.tags),
        **given(call.inputs, Architectures="architectures"),
        **parameters_of(call, call.inputs),
    )
    return str(call.inputs["name"])


def _settle(call: Call) -> None:
    _wait(call)
    reserved = call.inputs.get("reservedConcurrentExecutions", UNRESERVED)
    if reserved != UNRESERVED:
        call.client.put_function_concurrency(FunctionName=call.id, ReservedConcurrentExecutions=reserved)


def _wait(call: Call) -> None:
    """Wait until the function can be invoked and its last update is in force."""

    def decided() -> bool | None:
        found = call.client.get_function_configuration(FunctionName=call.id)
        state, update = found.get("State", "Active"), found.get("LastUpdateStatus", "Successful")
        if "Failed" in (state, update):
            told = found.get("StateReason") or found.get("LastUpdateStatusReason") or "no reason"
            raise AwsPluginError(f"{call.id} failed: {told}")
        return (state in ("Active", "Inactive") and update == "Successful") or None

    call.until(decided, f"{call.id} is active")


def _update(call: Call, changed: frozenset[str]) -> None:
    if changed - {"code", "architectures", "publish", "reservedConcurrentExecutions"}:
        call.client.update_function_configuration(FunctionName=call.id, **parameters_of(call, call.inputs))
        _wait(call)
    if changed & {"code", "architectures"}:
        call.client.update_function_code(
            FunctionName=call.id,
            ZipFile=zip_bytes(call.inputs["code"]),
            Publish=call.inputs["publish"],
            **given(call.inputs, Architectures="architectures"),
        )
        _wait(call)
    if "reservedConcurrentExecutions" in changed:
        reserved = call.inputs.get("reservedConcurrentExecutions", UNRESERVED)
        if reserved == UNRESERVED:
            call.client.delete_function_concurrency(FunctionName=call.id)
        else:
            call.client.put_function_concurrency(FunctionName=call.id, ReservedConcurrentExecutions=reserved)


def _tag(call: Call, wanted: dict[str, str], unwanted: list[str]) -> None:
    arn = call.state["arn"]
    if unwanted:
        call.client.untag_resource(Resource=arn, TagKeys=unwanted)
    if wanted:
        call.client.tag_resource(Resource=arn, Tags=wanted)


def _delete(call: Call) -> None:
    state = call.state
    if state.get("skipDestroy"):
        return
    vpc = state.get("vpcConfig")
    if vpc and state.get("replaceSecurityGroupsOnDestroy"):
        # The function's own groups are free at once, instead of when Lambda cleans its interfaces up.
        replacement = {
            "SubnetIds": vpc["subnetIds"],
            "SecurityGroupIds": state["replacementSecurityGroupIds"],
        }
        call.client.update_function_configuration(FunctionName=call.id, VpcConfig=replacement)
        _wait(call)
    call.client.delete_function(FunctionName=call.id)


def _problems(inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("code", "handler", "runtime"):
        if not inputs.get(name):
            yield name, f"{name} is required: the stand-in deploys functions from a zip archive only"
    if inputs.get("packageType", "Zip") != "Zip":
        yield "packageType", "the stand-in deploys functions from a zip archive only"
    if inputs.get("replaceSecurityGroupsOnDestroy") and not inputs.get("replacementSecurityGroupIds"):
        yield (
            "replacementSecurityGroupIds",
            "replacementSecurityGroupIds is required when replaceSecurityGroupsOnDestroy is true",
        )


FUNCTION = ResourceType(
    type_name="aws:lambda/function:Function",
    noun="Lambda Function",
    service="lambda",
    inputs={
        "name": Input(replaces=True, named=LONGEST_NAME),
        "role": required(TEXT),
        "code": Input(Kind.ARCHIVE),
        "packageType": Input(default="Zip", replaces=True),
        "architectures": Input(Kind.LIST, computed=True),
        "handler": TEXT,
        "runtime": TEXT,
        "description": TEXT,
        "timeout": Input(Kind.NUMBER, default=DEFAULT_TIMEOUT_SECONDS),
        "memorySize": Input(Kind.NUMBER, default=SMALLEST_MEMORY_MEGABYTES),
        "kmsKeyArn": TEXT,
        "layers": Input(Kind.LIST),
        "environment": Input(Kind.OBJECT, fields={"variables": Input(Kind.MAP)}),
        "vpcConfig": Input(Kind.OBJECT, fields=VPC_CONFIG),
        "loggingConfig": Input(Kind.OBJECT, computed=True, fields=LOGGING_CONFIG),
        "ephemeralStorage": Input(Kind.OBJECT, computed=True, fields={"size": computed(NUMBER)}),
        "tracingConfig": Input(Kind.OBJECT, computed=True, fields={"mode": required(TEXT)}),
        "reservedConcurrentExecutions": Input(Kind.NUMBER, default=UNRESERVED),
        "publish": local(SWITCH),
        "skipDestroy": local(SWITCH),
        "replaceSecurityGroupsOnDestroy": local(SWITCH),
        "replacementSecurityGroupIds": local(SET),
    },
    outputs=frozenset(
        {"arn", "codeSha256", "invokeArn", "lastModified", "qualifiedArn", "qualifiedInvokeArn", "sourceCodeHash"}
        | {"responseStreamingInvokeArn", "signingJobArn", "signingProfileVersionArn", "sourceCodeSize", "version"}
    ),
    create=_create,
    settle=_settle,
    read=read,
    update=_update,
    delete=_delete,
    tag=_tag,
    missing=frozenset({"ResourceNotFoundException"}),
    moving=frozenset({"codeSha256", "lastModified", "sourceCodeHash", "sourceCodeSize"}),
    problems=_problems,
)

ROWS = (FUNCTION,)
