"""A function's configuration: what the API takes for it, and what the API says of it."""

from collections.abc import Mapping
from typing import Any

from vpclab.toolchain.aws_plugin.call import Call, given
from vpclab.toolchain.aws_plugin.schema import SET, SWITCH, TEXT, computed, required

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


def parameters_of(call: Call, inputs: Mapping[str, Any]) -> dict[str, Any]:
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


def read(call: Call) -> dict[str, Any] | None:
    """Return the official properties of what GetFunction says."""
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
