"""The rows about a function's life on a whole cloud: as its own caller, its code, layers, aliases, logs."""

import base64
import hashlib
import json
from typing import Any
from urllib.request import urlopen

from tests.deadline import eventually
from tests.integration.row_cloud import Clients, refused
from tests.integration.row_world import BASIC, RowWorld, package

SECONDS = 30.0

ITSELF = """
import base64, hashlib, json, os, urllib.request
import boto3

def handler(event, context):
    functions = boto3.client("lambda")
    if event == "code":
        told = functions.get_function(FunctionName=context.function_name)
        content = urllib.request.urlopen(told["Code"]["Location"], timeout=10).read()
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        return [digest == told["Configuration"]["CodeSha256"], told["Code"]["Location"].split("/")[2]]
    if event == 0:
        return [context.aws_request_id]
    answer = functions.invoke(FunctionName=context.function_name, Payload=json.dumps(event - 1))
    return [context.aws_request_id, *json.load(answer["Payload"])]
"""


def test_function_can_invoke_itself(world: RowWorld) -> None:
    """Recursion by Invoke is not a loop that Lambda detects; each level has an environment and a request id."""
    role = world.iam_role(BASIC, allows=["lambda:InvokeFunction", "lambda:GetFunction"])
    function = world.function(role=role, code=ITSELF)
    assert len(set(world.invoke(function, 4))) == 5
    is_same, host = world.invoke(function, "code")
    assert is_same
    assert host == "awslambda-us-east-1-tasks.s3.us-east-1.amazonaws.com"
    told = world.functions.get_function(FunctionName=function)
    with urlopen(told["Code"]["Location"], timeout=10) as response:  # noqa: S310 - the cloud's own
        digest = base64.b64encode(hashlib.sha256(response.read()).digest()).decode()
    assert digest == told["Configuration"]["CodeSha256"]


VERSIONED = """
import logging, os

def handler(event, context):
    import shared
    logging.getLogger().warning("told %s", event)
    if event == "binary":
        os.write(1, bytes(range(256)) + b"\\n")
        return bytes(range(256))
    if event == "set":
        return {1}
    return [context.function_version, context.invoked_function_arn.rpartition(":")[2], shared.COLOUR]
"""


def _layer(world: RowWorld, colour: str) -> str:
    text = f"COLOUR = {colour!r}"
    content = package(text, name="python/shared.py")
    made = world.functions.publish_layer_version(LayerName="rows-shared", Content={"ZipFile": content})
    world.later(world.functions.delete_layer_version, LayerName="rows-shared", VersionNumber=made["Version"])
    arn: str = made["LayerVersionArn"]
    return arn


def test_function_can_be_replaced_behind_its_alias(world: RowWorld) -> None:
    """A version keeps its layers and settings when $LATEST gets others; an alias moves between them."""
    function = world.function(code=VERSIONED)
    functions = world.functions
    for colour in ("red", "blue"):
        functions.update_function_configuration(FunctionName=function, Layers=[_layer(world, colour)])
        functions.publish_version(FunctionName=function)
    functions.create_alias(FunctionName=function, Name="live", FunctionVersion="1")
    assert world.invoke(f"{function}:live", None) == ["1", "live", "red"]
    functions.update_alias(
        FunctionName=function, Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 1.0}}
    )
    assert world.invoke(f"{function}:live", None) == ["2", "live", "blue"]
    functions.delete_alias(FunctionName=function, Name="live")
    with refused("ResourceNotFoundException"):
        functions.invoke(FunctionName=f"{function}:live")


def test_function_can_say_what_is_no_text(world: RowWorld, clients: Clients) -> None:
    """Bytes are an answer as they are, a set is none (Runtime.MarshalError); any bytes can be printed."""
    function = world.function(code=VERSIONED)
    world.functions.update_function_configuration(
        FunctionName=function,
        Layers=[_layer(world, "green")],
        LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": "DEBUG", "LogGroup": f"/aws/lambda/{function}"},
    )
    binary = world.functions.invoke(FunctionName=function, Payload=b'"binary"')["Payload"].read()
    assert binary == bytes(range(256))
    assert world.invoke(function, "set")["errorType"] == "Runtime.MarshalError"

    def events() -> list[str]:
        found = clients("logs").filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
        return [one["message"] for one in found]

    eventually(lambda: any('"status": "error"' in line for line in events()), SECONDS, "the report in the log")
    objects: list[dict[str, Any]] = [json.loads(line) for line in events() if line.startswith('{"')]
    assert {one["message"] for one in objects if one.get("level") == "WARNING"} == {"told binary", "told set"}
    _, report = [one for one in objects if one.get("type") == "platform.report"]
    assert report["record"]["status"] == "error"
    assert any("ABCDEFG" in line and not line.startswith("{") for line in events())
