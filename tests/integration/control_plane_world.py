"""A control plane on a free port of loopback, with nothing of the kernel behind it, and boto3 clients for it."""

# ruff: noqa: ANN401 - boto3 has no type information

import io
import json
import socket
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import botocore.config
import pytest
from botocore.exceptions import ClientError

from vpclab.localcloud.control_plane import ControlPlane, Settings
from vpclab.localcloud.control_plane.server import WsgiServer
from vpclab.localcloud.lambda_runtime.invocation import Invocation, InvocationResult

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

REGION, ACCOUNT = "us-east-1", "123456789012"
VPC_ACCESS = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
_ONCE = botocore.config.Config(retries={"total_max_attempts": 1}, max_pool_connections=50)


class Recorded:
    """Effects that only remember; ``answer`` is what functions do."""

    def __init__(self) -> None:
        self.invocations: list[Invocation] = []
        self.network_changes = 0
        self.changed_functions: list[str] = []
        self.answer: Callable[[Invocation], InvocationResult] = lambda one: InvocationResult(
            200, one.payload, None, b"tail", one.version
        )

    def network_changed(self) -> None:
        self.network_changes += 1

    def invoke(self, invocation: Invocation) -> InvocationResult:
        self.invocations.append(invocation)
        return self.answer(invocation)

    def function_changed(self, function_arn: str) -> None:
        self.changed_functions.append(function_arn)

    def admin(self, path: str, query: dict[str, str]) -> dict[str, object] | None:
        float(query.get("since", "0"))  # raises ValueError, as the cloud's does
        return {"asked": query} if path == "/_vpclab/health" else None


class World:
    """The plane, its effects, its clients, and a few things that every test would build."""

    def __init__(self, plane: ControlPlane, effects: Recorded) -> None:
        self.plane, self.effects = plane, effects

    def client(
        self,
        service: str,
        region: str = REGION,
        key: str = "test",
        token: str | None = None,
        secret: str | None = None,
    ) -> Any:
        return _client(service, region, key, token, secret or "test")

    def client_of(self, service: str, credentials: Mapping[str, Any]) -> Any:
        """A client with what STS or CreateAccessKey handed out."""
        given = credentials["AccessKeyId"], credentials.get("SessionToken"), credentials["SecretAccessKey"]
        return self.client(service, REGION, *given)

    def user(self, name: str, *statements: Mapping[str, Any], account: str = "test") -> Any:
        """A user with these statements as its only policy; returns its access key."""
        iam = self.client("iam", key=account)
        iam.create_user(UserName=name)
        if statements:
            iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(*statements))
        return iam.create_access_key(UserName=name)["AccessKey"]

    @property
    def ec2(self) -> Any:
        return self.client("ec2")

    @property
    def functions(self) -> Any:
        return self.client("lambda")

    def vpc(self, cidr: str = "10.0.0.0/16", *, internet: bool = False) -> str:
        vpc_id: str = self.ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
        if internet:
            self.gateway(vpc_id)
        return vpc_id

    def gateway(self, vpc_id: str) -> str:
        gateway: str = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc_id)
        return gateway

    def subnet(self, vpc_id: str, cidr: str = "10.0.0.0/24", zone: str = "a") -> str:
        made = self.ec2.create_subnet(VpcId=vpc_id, CidrBlock=cidr, AvailabilityZone=f"{REGION}{zone}")
        subnet_id: str = made["Subnet"]["SubnetId"]
        return subnet_id

    def group(self, vpc_id: str, name: str = "f") -> str:
        group_id: str = self.ec2.create_security_group(GroupName=name, Description="test", VpcId=vpc_id)["GroupId"]
        return group_id

    def table(self, vpc_id: str) -> str:
        table_id: str = self.ec2.create_route_table(VpcId=vpc_id)["RouteTable"]["RouteTableId"]
        return table_id

    def address(self) -> tuple[str, str]:
        made = self.ec2.allocate_address(Domain="vpc")
        return made["AllocationId"], made["PublicIp"]

    def role(self, name: str = "r", *policies: str, service: str = "lambda.amazonaws.com") -> str:
        trust = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}],
        }
        iam = self.client("iam")
        arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        for policy in policies:
            iam.attach_role_policy(RoleName=name, PolicyArn=policy)
        return arn

    def function(
        self, name: str, role: str, subnets: list[str] | None = None, groups: list[str] | None = None
    ) -> Any:
        given: dict[str, Any] = {
            "FunctionName": name,
            "Role": role,
            "Runtime": "python3.12",
            "Handler": "index.handler",
            "Code": {"ZipFile": package()},
        }
        if subnets is not None or groups is not None:
            given["VpcConfig"] = {"SubnetIds": subnets or [], "SecurityGroupIds": groups or []}
        return self.functions.create_function(**given)

    def database(self, name: str, group_name: str, security_groups: list[str], **more: Any) -> Any:
        usual: dict[str, Any] = {
            "DBInstanceClass": "db.t4g.micro",
            "Engine": "postgres",
            "AllocatedStorage": 20,
            "MasterUsername": "chief",
            "ManageMasterUserPassword": True,
            "DBSubnetGroupName": group_name,
            "VpcSecurityGroupIds": security_groups,
        }
        return self.client("rds").create_db_instance(DBInstanceIdentifier=name, **(usual | more))["DBInstance"]

    def interfaces(self, **filters: str) -> list[Any]:
        given = [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in filters.items()]
        found: list[Any] = self.ec2.describe_network_interfaces(Filters=given)["NetworkInterfaces"]
        return found


def policy(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def package(text: str = "def handler(event, context): return event") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", text)
    return buffer.getvalue()


def refused(code: str, text: str = "") -> Any:
    """A ClientError with this code, whose message holds ``text``."""
    return pytest.raises(ClientError, match=rf"\({code}\).*{text}")


@contextmanager
def world(linger_seconds: float = 0.2) -> Iterator[World]:
    effects = Recorded()
    with ControlPlane(effects, Settings(interface_linger_seconds=linger_seconds)) as plane:
        yield World(plane, effects)


@cache
def endpoint() -> str:
    """One server for all worlds, so that clients (0.2 s each to make) can be used by all of them."""
    server = WsgiServer(socket.create_server(("127.0.0.1", 0)), _application)
    return f"http://127.0.0.1:{server.start().address[1]}"


def _application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    assert ControlPlane.current is not None, "no world is open"
    return ControlPlane.current.application(environ, start_response)


@cache
def _client(service: str, region: str, key: str, token: str | None, secret: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=endpoint(),
        region_name=region,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=_ONCE,
    )
