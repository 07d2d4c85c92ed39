"""Row: Lambda functions. Name and package type are fixed; code and configuration change in place (Lambda API)."""

from collections.abc import Iterator, Mapping
from typing import Any

from vpclab.toolchain.aws_plugin.archive import zip_bytes
from vpclab.toolchain.aws_plugin.call import Call, given
from vpclab.toolchain.aws_plugin.errors import AwsPluginError
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
SMALLEST_MEMORY_MEGABYTES = 128
DEFAULT_TIMEOUT_SECONDS = 3
SMALLEST_STORAGE_MEGABYTES = 512
UNRESERVED = -1

VPC_CONFIG = {
    "subnetIds": required(SET),
    "securityGroupIds": required(SET),
    "ipv6AllowedForDualStack": SWITCH,
    "vpcId": computed(TEXT),
}
LOGGING_CONFIG = {
    "logFormat": required(TEXT),
    "logGroup": computed(TEXT),
    "applicationLogLevel": TEXT,
    "systemLogLevel": TEXT,
}
CONFIGURATION = {
    "role": "Role",
    "handler": "Handler",
    "runtime": "Runtime",
    "description": "Description",
    "timeout": "Timeout",
    "memorySize": "MemorySize",
    "kmsKeyArn": "KMSKeyArn",
    "layers": "Layers",
}


def _configuration(call: Call, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return what CreateFunction and UpdateFunctionConfiguration both take. Empty values undo earlier ones."""
    vpc, logging = inputs.get("vpcConfig") or {}, inputs.get("loggingConfig")
    parameters = given(inputs, **{parameter: name for name, parameter in CONFIGURATION.items()})
    parameters["Environment"] = {"Variables": (inputs.get("environment") or {}).get("variables") or {}}
    if vpc or call.state.get("vpcConfig"):
        parameters["VpcConfig"] = {
            "SubnetIds": vpc.get("subnetIds", []),
            "SecurityGroupIds": vpc.get("securityGroupIds", []),
            "Ipv6AllowedForDualStack": vpc.get("ipv6AllowedForDualStack", False),
        }
    if logging:
        parameters["LoggingConfig"] = given(
            logging,
            LogFormat="logFormat",
            LogGroup="logGroup",
            ApplicationLogLevel="applicationLogLevel",
            SystemLogLevel="systemLogLevel",
        )
    if inputs.get("ephemeralStorage"):
        parameters["EphemeralStorage"] = {"Size": inputs["ephemeralStorage"]["size"]}
    if inputs.get("tracingConfig"):
        parameters["TracingConfig"] = {"Mode": inputs["tracingConfig"]["mode"]}
    return parameters


def _create(call: Call) -> str:
    call.client.create_function(
        FunctionName=call.inputs["name"],
        Code={"ZipFile": zip_bytes(call.inputs["code"])},
        PackageType=call.inputs["packageType"],
        Publish=call.inputs["publish"],
        Tags=dict(call.tags),
        **given(call.inputs, Architectures="architectures"),
        **_configuration(call, call.inputs),
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


def _read(call: Call) -> dict[str, Any] | None:
    answer = call.client.get_function(FunctionName=call.id)
    found, region = answer["Configuration"], call.region
    arn = found["FunctionArn"]
    gateway = f"arn:aws:apigateway:{region}:lambda:path"
    invoke = f"{gateway}/2015-03-31/functions"
    vpc, logging = found.get("VpcConfig") or {}, found.get("LoggingConfig") or {}
    version = found["Version"]
    return {
        "arn": arn,
        "name": found["FunctionName"],
        "invokeArn": f"{invoke}/{arn}/invocations",
        "qualifiedArn": f"{arn}:{version}",
        "qualifiedInvokeArn": f"{invoke}/{arn}:{version}/invocations",
        "responseStreamingInvokeArn": f"{gateway}/2021-11-15/functions/{arn}/response-streaming-invocations",
        "lastModified": found["LastModified"],
        "version": version,
        "codeSha256": found["CodeSha256"],
        "sourceCodeSize": found["CodeSize"],
        "signingJobArn": found.get("SigningJobArn", ""),
        "signingProfileVersionArn": found.get("SigningProfileVersionArn", ""),
        "architectures": found.get("Architectures", ["x86_64"]),
        "packageType": found.get("PackageType", "Zip"),
        "role": found["Role"],
        "handler": found.get("Handler"),
        "runtime": found.get("Runtime"),
        "description": found.get("Description", ""),
        "timeout": found.get("Timeout", DEFAULT_TIMEOUT_SECONDS),
        "memorySize": found.get("MemorySize", SMALLEST_MEMORY_MEGABYTES),
        "kmsKeyArn": found.get("KMSKeyArn", ""),
        "layers": [layer["Arn"] for layer in found.get("Layers", [])],
        "environment": {"variables": variables}
        if (variables := found.get("Environment", {}).get("Variables"))
        else None,
        "vpcConfig": {
            "subnetIds": sorted(vpc["SubnetIds"]),
            "securityGroupIds": sorted(vpc["SecurityGroupIds"]),
            "ipv6AllowedForDualStack": vpc.get("Ipv6AllowedForDualStack", False),
            "vpcId": vpc.get("VpcId", ""),
        }
        if vpc.get("SubnetIds")
        else None,
        "loggingConfig": {
            "logFormat": logging.get("LogFormat", "Text"),
            "logGroup": logging.get("LogGroup") or f"/aws/lambda/{call.id}",
            "applicationLogLevel": logging.get("ApplicationLogLevel", ""),
            "systemLogLevel": logging.get("SystemLogLevel", ""),
        },
        "ephemeralStorage": {"size": found.get("EphemeralStorage", {}).get("Size", SMALLEST_STORAGE_MEGABYTES)},
        "tracingConfig": {"mode": found.get("TracingConfig", {}).get("Mode", "PassThrough")},
        "reservedConcurrentExecutions": answer.get("Concurrency", {}).get(
            "ReservedConcurrentExecutions", UNRESERVED
        ),
        "tagsAll": answer.get("Tags", {}),
    }


def _update(call: Call, changed: frozenset[str]) -> None:
    if changed - {"code", "architectures", "publish", "reservedConcurrentExecutions"}:
        call.client.update_function_configuration(FunctionName=call.id, **_configuration(call, call.inputs))
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
    read=_read,
    update=_update,
    delete=_delete,
    tag=_tag,
    missing=frozenset({"ResourceNotFoundException"}),
    moving=frozenset({"codeSha256", "lastModified", "sourceCodeHash", "sourceCodeSize"}),
    problems=_problems,
)

ROWS = (FUNCTION,)
