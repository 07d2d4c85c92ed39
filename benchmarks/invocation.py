"""Cold and warm invocations over the API, side by side with the cheapest thing the same server can answer.

    .venv/bin/python benchmarks/invocation.py

One run, one cloud of its own, in turns: a health request (HTTP and the server alone), a warm invocation, a cold
one (each of a function that never ran), without and with a VpcConfig. Medians in milliseconds, and each as a
multiple of the health request, which is what can be compared between machines.
"""

import io
import json
import statistics
import tempfile
import time
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import requests

from vpclab.localcloud import daemon

ROUNDS = 25
WARM_PER_ROUND = 8
SILENT = "def handler(event, context):\n    return event\n"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as directory:
        started = time.perf_counter()
        status = daemon.start(0, Path(directory), lifeline=True)
        print(f"cloud start: {1000 * (time.perf_counter() - started):.0f} ms")
        try:
            measure(status.endpoint)
        finally:
            daemon.stop(Path(directory))


def measure(endpoint: str) -> None:
    """Make a VPC and functions, and time them in turns."""
    session = boto3.Session("test", "test", region_name="us-east-1")
    functions = session.client("lambda", endpoint_url=endpoint)
    network = vpc_config(session.client("ec2", endpoint_url=endpoint))
    role = session.client("iam", endpoint_url=endpoint)
    arn = role.create_role(RoleName="benchmark", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    for policy in ("AWSLambdaVPCAccessExecutionRole",):
        role.attach_role_policy(RoleName="benchmark", PolicyArn=f"arn:aws:iam::aws:policy/service-role/{policy}")
    plain = [function(functions, arn, f"plain-{number}", {}) for number in range(ROUNDS)]
    attached = [function(functions, arn, f"attached-{number}", network) for number in range(ROUNDS)]
    with requests.Session() as http:
        rows: dict[str, list[float]] = {}
        invoke(functions, plain[0])
        invoke(functions, attached[0])
        for number in range(1, ROUNDS):
            timed(rows, "health request", lambda: http.get(f"{endpoint}/_vpclab/health", timeout=10))
            for kind, names in (("no VPC", plain), ("VPC", attached)):
                timed(rows, f"cold, {kind}", partial(invoke, functions, names[number]))
                for _ in range(WARM_PER_ROUND):
                    timed(rows, f"warm, {kind}", partial(invoke, functions, names[number]))
    base = statistics.median(rows["health request"])
    for name, values in rows.items():
        middle = statistics.median(values)
        worst = sorted(values)[int(0.9 * len(values))]
        print(
            f"{name:16} median {middle:6.1f} ms   90 % {worst:6.1f} ms   {middle / base:5.1f} x   ({len(values)})"
        )


def timed(rows: dict[str, list[float]], name: str, call: Callable[[], object]) -> None:
    """Add the duration of one call in milliseconds."""
    started = time.perf_counter()
    call()
    rows.setdefault(name, []).append(1000 * (time.perf_counter() - started))


def invoke(functions: Any, name: str) -> None:  # noqa: ANN401 - botocore's clients have no static type
    """Invoke, and insist on an answer."""
    answer = functions.invoke(FunctionName=name, Payload=b"{}")
    if "FunctionError" in answer:
        raise SystemExit(answer["Payload"].read().decode())
    answer["Payload"].read()


def function(
    functions: Any,  # noqa: ANN401 - see above
    role: str,
    name: str,
    network: dict[str, Any],
    *,
    handler: str = SILENT,
) -> str:
    """Make a function with a trivial handler."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("trivial.py", handler)
    functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="trivial.handler",
        Role=role,
        Timeout=120,
        Code={"ZipFile": package.getvalue()},
        **network,
    )
    functions.get_waiter("function_active_v2").wait(
        FunctionName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    return name


def vpc_config(ec2: Any) -> dict[str, Any]:  # noqa: ANN401 - see above
    """Make a VPC with one subnet and one group."""
    vpc = ec2.create_vpc(CidrBlock="10.50.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.50.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(VpcId=vpc, GroupName="benchmark", Description="benchmark")["GroupId"]
    return {"VpcConfig": {"SubnetIds": [subnet], "SecurityGroupIds": [group]}}


if __name__ == "__main__":
    main()
