"""Traces of functions in the whole cloud: the daemon beside the function needs no way out of its subnet (C7)."""

import json
import time
from typing import Any

import pytest

from tests.deadline import eventually
from tests.integration.row_cloud import Clients
from tests.integration.row_world import TIMED_OUT, VPC_ACCESS, RowWorld

TRACING = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"
SECONDS = 30.0
NO_ANSWER = 3.0
SENDING = f"""
import json, os, socket, time

def handler(event, context):
    header = dict(part.split("=") for part in os.environ["_X_AMZN_TRACE_ID"].split(";"))
    host, _, port = os.environ["AWS_XRAY_DAEMON_ADDRESS"].partition(":")
    document = {{
        "id": "70de5b6f19ff9a0a", "name": "work", "type": "subsegment", "trace_id": header["Root"],
        "parent_id": header["Parent"], "start_time": time.time(), "end_time": time.time(),
    }}
    text = json.dumps({{"format": "json", "version": 1}}) + "\\n" + json.dumps(document)
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(text.encode(), (host, int(port)))
    try:
        socket.create_connection(("xray.us-east-1.amazonaws.com", 443), timeout={NO_ANSWER}).close()
        api = "connected"
    except OSError as error:
        api = f"{{type(error).__name__}}: {{error}}"
    return {{"trace": header["Root"], "api": api}}
"""


def names(clients: Clients, trace_id: str) -> list[str]:
    """The segments of a trace, by name, as X-Ray has them now."""
    found = clients("xray").batch_get_traces(TraceIds=[trace_id])["Traces"]
    return [json.loads(one["Document"])["name"] for trace in found for one in trace["Segments"]]


def traced(world: RowWorld, clients: Clients, **more: Any) -> tuple[str, str]:  # noqa: ANN401 - of RowWorld.function
    """A function with active tracing, and its role's name."""
    role = world.iam_role(VPC_ACCESS, TRACING)
    function = world.function(role=role, code=SENDING, **more)
    clients("lambda").update_function_configuration(FunctionName=function, TracingConfig={"Mode": "Active"})
    return function, role.rpartition("/")[2]


@pytest.mark.parametrize("isolated", [True, False], ids=["isolated", "no VPC"])
def test_function_can_be_traced_wherever_it_runs(world: RowWorld, clients: Clients, *, isolated: bool) -> None:
    """C7: an isolated function cannot reach X-Ray's API, and its trace arrives, as that of one without a VPC."""
    function, _ = traced(world, clients, place=world.isolated() if isolated else None)
    answer = world.invoke(function, {})
    assert answer["api"] == (TIMED_OUT if isolated else "connected")
    eventually(lambda: "work" in names(clients, answer["trace"]), SECONDS, "the function's segment in its trace")
    assert sorted(names(clients, answer["trace"])) == sorted([function, function, "work"])
    now = time.time()
    found = clients("xray").get_trace_summaries(StartTime=now - 600, EndTime=now + 5)["TraceSummaries"]
    assert answer["trace"] in {one["Id"] for one in found}


def test_function_cannot_be_traced_once_its_role_may_not(world: RowWorld, clients: Clients) -> None:
    """C7: what the role loses holds for the next invocation, which runs all the same."""
    function, role = traced(world, clients)
    first = world.invoke(function, {})
    clients("iam").detach_role_policy(RoleName=role, PolicyArn=TRACING)
    second = world.invoke(function, {})
    assert names(clients, first["trace"]) != []
    assert names(clients, second["trace"]) == []
