"""An ordinary emulator on loopback: moto, which keeps no packets apart and runs no functions."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import requests
from moto.server import ThreadedMotoServer

from vpclab.localcloud.control_plane import moto_process
from vpclab.statements.target import Target

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


@pytest.fixture(scope="session")
def moto_endpoint() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with requests.Session() as session:
        session.trust_env = False
        session.get(f"http://{host}:{port}/nothing", timeout=60)  # the first answer takes seconds: it loads moto
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def emulator(moto_endpoint: str) -> Iterator[Target]:
    """Give an empty emulator."""
    moto_process.reset()
    _post(moto_endpoint, "moto-api/config", {"lambda": {"use_docker": False}})
    yield Target.local(moto_endpoint)
    _post(moto_endpoint, "moto-api/config", {"lambda": {"use_docker": True}})  # of the whole process, as it was
    moto_process.reset()


@pytest.fixture
def answering(moto_endpoint: str) -> Callable[..., None]:
    """Have the emulator answer the next invocations so, in this order."""

    def prepare(*answers: Mapping[str, Any]) -> None:
        results = [json.dumps(answer) for answer in answers]
        _post(
            moto_endpoint,
            "moto-api/static/lambda-simple/response",
            {"results": results, "region": "us-east-1"},
        )

    return prepare


@pytest.fixture
def role(emulator: Target) -> str:
    made = emulator.client("iam").create_role(RoleName="probe", AssumeRolePolicyDocument=json.dumps(TRUST))
    return str(made["Role"]["Arn"])


@pytest.fixture
def outputs(emulator: Target, role: str) -> dict[str, Any]:
    """Give what the default variant's stack would export, with a function and a secret behind it."""
    emulator.client("lambda").create_function(
        FunctionName="probe", Runtime="python3.13", Role=role, Handler="probe.handler", Code={"ZipFile": b"none"}
    )
    secret = emulator.client("secretsmanager").create_secret(
        Name="database", SecretString=json.dumps({"username": "admin", "password": "invented"})
    )
    vpc = emulator.client("ec2").create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    return {
        "function_name": "probe",
        "role_name": "probe",
        "log_group_name": "/aws/lambda/probe",
        "vpc_id": vpc,
        "function_security_group_ids": [],
        "database_security_group_id": "sg-database",
        "database_endpoint": "database.example.com",
        "database_port": 5432,
        "database_name": "app",
        "database_secret_arn": secret["ARN"],
        "nat_public_ips": [],
    }


def _post(endpoint: str, path: str, body: Mapping[str, Any] | None = None) -> None:
    with requests.Session() as session:
        session.trust_env = False
        session.post(f"{endpoint}/{path}", json=body, timeout=10).raise_for_status()
