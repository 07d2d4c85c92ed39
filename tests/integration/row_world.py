"""Builders for the rows that are replayed by plain boto3: each takes back what it made, in the background.

A row builds a network, has a function in it try something, and reads what the function saw. Undoing waits for
Lambda's lingering interfaces, so it is left to a few threads that are joined at the end of the session; whatever
they could not take back fails there.
"""

import io
import itertools
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from botocore.exceptions import ClientError

from tests.deadline import eventually
from tests.integration.row_cloud import REGION, Clients

Ask: TypeAlias = Sequence[object]

INTERNET_HOST = "198.51.100.7"
CHECKIP = "https://checkip.amazonaws.com/"
CONNECTED = "connected"
TIMED_OUT = "TimeoutError: timed out"
REFUSED = "ConnectionRefusedError: [Errno 111] Connection refused"
NO_SUCH_NAME = "gaierror: [Errno -2] Name or service not known"
NO_RESOLVER = "gaierror: [Errno -3] Temporary failure in name resolution"

IMPATIENT = {"RES_OPTIONS": "timeout:1 attempts:1"}
"""Variables for a function whose resolver is not going to answer (resolv.conf(5))."""

SERVICE_ROLES = "arn:aws:iam::aws:policy/service-role/"
VPC_ACCESS = f"{SERVICE_ROLES}AWSLambdaVPCAccessExecutionRole"
BASIC = f"{SERVICE_ROLES}AWSLambdaBasicExecutionRole"
EVERYTHING = "arn:aws:iam::aws:policy/AdministratorAccess"
"""So that only the network refuses what functions of rows call."""

FAR_BEYOND_ANY_WAIT = 60.0

PROBE = Path(__file__).with_name("row_probe.py").read_text()


def package(code: str, name: str = "probe.py") -> bytes:
    """A deployment package whose module is ``probe``, or a layer, readable for everybody."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = 0o644 << 16
        archive.writestr(entry, code)
    return buffer.getvalue()


@dataclass(frozen=True)
class Place:
    """Where a function can be: a subnet with a route table of its own, and a group that lets everything out."""

    vpc: str
    subnet: str
    table: str
    group: str


@dataclass(frozen=True)
class Gateway:
    """A NAT gateway with its public address and the route table of the subnet that it stands in."""

    id: str
    public_ip: str
    allocation: str
    subnet: str
    table: str


class RowWorld:
    """What one row builds. Every builder remembers how to take back what it made."""

    _numbers = itertools.count(1)

    def __init__(self, clients: Clients, role: str) -> None:
        self.clients = clients
        self.ec2 = clients("ec2")
        self.functions = clients("lambda")
        self.role = role
        self.undo = ExitStack()

    # Networks

    def vpc(self, cidr: str = "10.0.0.0/16", *, hostnames: bool = True, support: bool = True) -> str:
        vpc: str = self.ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
        self.later(self.ec2.delete_vpc, VpcId=vpc)
        if hostnames:
            self.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
        if not support:
            self.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": False})
        return vpc

    def subnet(self, vpc: str, cidr: str, zone: str = "a") -> str:
        made = self.ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=f"{REGION}{zone}")
        subnet: str = made["Subnet"]["SubnetId"]
        self.later(self.ec2.delete_subnet, SubnetId=subnet)
        return subnet

    def table(self, vpc: str, *subnets: str) -> str:
        table: str = self.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        self.later(self.ec2.delete_route_table, RouteTableId=table)
        for subnet in subnets:
            self.associate(table, subnet)
        return table

    def associate(self, table: str, subnet: str) -> str:
        made: str = self.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]
        self.later(self.ec2.disassociate_route_table, AssociationId=made)
        return made

    def route(self, table: str, destination: str = "0.0.0.0/0", **target: str) -> None:
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock=destination, **target)
        self.later(self.ec2.delete_route, RouteTableId=table, DestinationCidrBlock=destination)

    def gateway(self, vpc: str) -> str:
        gateway: str = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.later(self.ec2.delete_internet_gateway, InternetGatewayId=gateway)
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        self.later(self.ec2.detach_internet_gateway, InternetGatewayId=gateway, VpcId=vpc)
        return gateway

    def address(self) -> tuple[str, str]:
        """An Elastic IP: allocation and address."""
        made = self.ec2.allocate_address(Domain="vpc")
        self.later(self.ec2.release_address, AllocationId=made["AllocationId"])
        return made["AllocationId"], made["PublicIp"]

    def elastic(self, interface: str, allocation: str) -> str:
        made: str = self.ec2.associate_address(AllocationId=allocation, NetworkInterfaceId=interface)[
            "AssociationId"
        ]
        self.later(self.ec2.disassociate_address, AssociationId=made)
        return made

    def group(self, vpc: str, *, egress: bool = True) -> str:
        name = f"rows-{next(self._numbers)}"
        group: str = self.ec2.create_security_group(VpcId=vpc, GroupName=name, Description=name)["GroupId"]
        self.later(self.ec2.delete_security_group, GroupId=group)
        if not egress:
            everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
            self.ec2.revoke_security_group_egress(GroupId=group, IpPermissions=everything)
        return group

    def admit(self, group: str, source: str, port: int, *, egress: bool = False) -> list[dict[str, Any]]:
        """Let ``source`` (a group, a range or a prefix list) in, or out to it with ``egress``."""
        permission: dict[str, Any] = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port}
        if source.startswith("sg-"):
            permission["UserIdGroupPairs"] = [{"GroupId": source}]
        elif source.startswith("pl-"):
            permission["PrefixListIds"] = [{"PrefixListId": source}]
        else:
            permission["IpRanges"] = [{"CidrIp": source}]
        way = "egress" if egress else "ingress"
        getattr(self.ec2, f"authorize_security_group_{way}")(GroupId=group, IpPermissions=[permission])
        self.later(getattr(self.ec2, f"revoke_security_group_{way}"), GroupId=group, IpPermissions=[permission])
        return [permission]

    def isolated(self, cidr: str = "10.0.0.0/16", *, hostnames: bool = True) -> Place:
        """A VPC with one subnet (…1.0/24) whose table has the local route alone."""
        vpc = self.vpc(cidr, hostnames=hostnames)
        subnet = self.subnet(vpc, self.within(cidr, 1))
        return Place(vpc, subnet, self.table(vpc, subnet), self.group(vpc))

    @staticmethod
    def within(cidr: str, third: int) -> str:
        """The /24 of that number in a /16."""
        first, second, *_ = cidr.split(".")
        return f"{first}.{second}.{third}.0/24"

    def public(self, cidr: str = "10.0.0.0/16") -> tuple[Place, str]:
        """A place that routes to an internet gateway and would give instances public addresses."""
        place = self.isolated(cidr)
        self.ec2.modify_subnet_attribute(SubnetId=place.subnet, MapPublicIpOnLaunch={"Value": True})
        gateway = self.gateway(place.vpc)
        self.route(place.table, GatewayId=gateway)
        return place, gateway

    def private(self, cidr: str = "10.0.0.0/16") -> tuple[Place, Gateway]:
        """A place that routes to a NAT gateway in a public subnet (…100.0/24) of its VPC."""
        place = self.isolated(cidr)
        public = self.subnet(place.vpc, self.within(cidr, 100))
        table = self.table(place.vpc, public)
        self.route(table, GatewayId=self.gateway(place.vpc))
        nat = self.nat(public, table)
        self.route(place.table, NatGatewayId=nat.id)
        return place, nat

    def nat(self, subnet: str, table: str = "") -> Gateway:
        allocation, public_ip = self.address()
        made = self.ec2.create_nat_gateway(SubnetId=subnet, AllocationId=allocation)
        identifier: str = made["NatGateway"]["NatGatewayId"]
        self.later(self.delete_nat, identifier)
        self.ec2.get_waiter("nat_gateway_available").wait(NatGatewayIds=[identifier])
        return Gateway(identifier, public_ip, allocation, subnet, table)

    def delete_nat(self, identifier: str) -> None:
        self.ec2.delete_nat_gateway(NatGatewayId=identifier)
        self.ec2.get_waiter("nat_gateway_deleted").wait(NatGatewayIds=[identifier])

    # Endpoints

    def endpoint(
        self, place: Place, service: str, *groups: str, subnets: Sequence[str] = (), private_dns: bool = True
    ) -> dict[str, Any]:
        """An interface endpoint, in the place's subnet unless others are named; returns its description."""
        made: dict[str, Any] = self.ec2.create_vpc_endpoint(
            VpcId=place.vpc,
            ServiceName=f"com.amazonaws.{REGION}.{service}",
            VpcEndpointType="Interface",
            SubnetIds=list(subnets or [place.subnet]),
            SecurityGroupIds=list(groups),
            PrivateDnsEnabled=private_dns,
        )["VpcEndpoint"]
        self.later(self.delete_endpoint, made["VpcEndpointId"])
        return made

    def open_endpoint(self, place: Place, service: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
        """An interface endpoint that the place's group may reach on 443."""
        group = self.group(place.vpc)
        self.admit(group, place.group, 443)
        return self.endpoint(place, service, group, **more)

    def gateway_endpoint(self, place: Place, service: str, *tables: str) -> str:
        made = self.ec2.create_vpc_endpoint(
            VpcId=place.vpc,
            ServiceName=f"com.amazonaws.{REGION}.{service}",
            VpcEndpointType="Gateway",
            RouteTableIds=list(tables),
        )
        identifier: str = made["VpcEndpoint"]["VpcEndpointId"]
        self.later(self.delete_endpoint, identifier)
        return identifier

    def delete_endpoint(self, identifier: str) -> None:
        if not self.ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-endpoint-id", "Values": [identifier]}])[
            "VpcEndpoints"
        ]:
            return
        failed = self.ec2.delete_vpc_endpoints(VpcEndpointIds=[identifier])["Unsuccessful"]
        assert not failed, failed

    # Functions

    def iam_role(self, *managed: str, allows: Sequence[str] = ()) -> str:
        """An execution role with these managed policies and an inline one that allows these actions."""
        iam, name = self.clients("iam"), f"rows-{next(self._numbers)}"
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
        arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        self.later(iam.delete_role, RoleName=name)
        for policy in managed:
            iam.attach_role_policy(RoleName=name, PolicyArn=policy)
            self.later(iam.detach_role_policy, RoleName=name, PolicyArn=policy)
        if allows:
            statement = {"Effect": "Allow", "Action": list(allows), "Resource": "*"}
            document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document)
            self.later(iam.delete_role_policy, RoleName=name, PolicyName="own")
        return arn

    def function(  # noqa: PLR0913 - what CreateFunction can be told
        self,
        place: Place | None = None,
        *,
        subnets: Sequence[str] = (),
        groups: Sequence[str] = (),
        role: str | None = None,
        code: str = PROBE,
        timeout: int = 60,
        environment: Mapping[str, str] | None = None,
    ) -> str:
        """A function with the probe, in the place, or elsewhere in its VPC, or in no VPC; Active."""
        name = f"rows-{next(self._numbers)}"
        network: dict[str, Any] = {}
        if place is not None:
            network["VpcConfig"] = {
                "SubnetIds": list(subnets or [place.subnet]),
                "SecurityGroupIds": list(groups or [place.group]),
            }
        self.functions.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="probe.handler",
            Role=role or self.role,
            Code={"ZipFile": package(code)},
            Timeout=timeout,
            Environment={"Variables": dict(environment or {})},
            **network,
        )
        self.later(self._delete_function, name)
        self.functions.get_waiter("function_active_v2").wait(
            FunctionName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )
        return name

    def ask(self, function: str, *asks: Ask) -> list[Any]:
        """What the function answers to each, all tried at the same time."""
        answer = self.invoke(function, asks)
        assert isinstance(answer, list), answer
        return answer

    def ask_one(self, function: str, *ask: object) -> Any:  # noqa: ANN401 - JSON
        return self.ask(function, ask)[0]

    def invoke(self, function: str, event: object) -> Any:  # noqa: ANN401 - JSON
        answer = self.functions.invoke(FunctionName=function, Payload=json.dumps(event).encode())
        return json.loads(answer["Payload"].read())

    def interface_of(self, place: Place) -> dict[str, Any]:
        """Lambda's interface in the place."""
        (found,) = self.interfaces(**{"interface-type": "lambda", "subnet-id": place.subnet})
        return found

    def interfaces(self, **filters: str) -> list[dict[str, Any]]:
        given = [{"Name": name, "Values": [value]} for name, value in filters.items()]
        found: list[dict[str, Any]] = self.ec2.describe_network_interfaces(Filters=given)["NetworkInterfaces"]
        return found

    def printed(self, function: str, text: str) -> bool:
        """Whether the function's log group has the text now."""
        try:
            found = self.clients("logs").filter_log_events(
                logGroupName=f"/aws/lambda/{function}", filterPattern=f'"{text}"'
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return False
            raise
        return bool(found["events"])

    def _delete_function(self, name: str) -> None:
        self.functions.delete_function(FunctionName=name)
        self._ignoring_absence(self.clients("logs").delete_log_group, {"logGroupName": f"/aws/lambda/{name}"})

    # Undoing

    def later(self, call: Callable[..., object], *args: object, **given: object) -> None:
        """Undo with that call: absence is fine, and what is still in use is waited for."""

        def undo() -> None:
            eventually(
                lambda: self._ignoring_absence(call, given, *args),
                FAR_BEYOND_ANY_WAIT,
                f"{getattr(call, '__name__', call)} {args} {given}",
            )

        self.undo.callback(undo)

    @staticmethod
    def _ignoring_absence(call: Callable[..., object], given: Mapping[str, Any], *args: object) -> bool:
        """Whether it is done: False while something else still uses it."""
        try:
            call(*args, **given)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if "NotFound" in code or code in {"NoSuchEntity", "Gateway.NotAttached"}:
                return True
            if code in {"DependencyViolation", "ResourceInUseException"}:
                return False
            raise
        return True
