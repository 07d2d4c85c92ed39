"""What the examples build with: boto3 calls that take back what they made, in reverse order.

Nothing here knows which cloud answers. `AWS_ENDPOINT_URL` says where it is; the credentials are LocalStack's
convention, any key and secret do.
"""

import io
import json
import os
import time
import zipfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import boto3
from botocore.exceptions import ClientError

ENDPOINT = os.environ.get("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
MANAGED = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"


def _readable(name: str) -> zipfile.ZipInfo:
    """Name a file of a package that everybody may read: the zip file's default, 0600, Lambda's user may not."""
    entry = zipfile.ZipInfo(name)
    entry.external_attr = 0o644 << 16
    return entry


class Workbench:
    """Makes resources, remembers how to unmake each, and does so at the end."""

    def __init__(self) -> None:
        session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
        self.ec2 = session.client("ec2", endpoint_url=ENDPOINT)
        self.rds = session.client("rds", endpoint_url=ENDPOINT)
        self.iam = session.client("iam", endpoint_url=ENDPOINT)
        self.functions = session.client("lambda", endpoint_url=ENDPOINT)
        self.logs = session.client("logs", endpoint_url=ENDPOINT)
        self._undo = ExitStack()

    def __enter__(self) -> Self:
        """Nothing is made yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Unmake everything, the newest first."""
        self._undo.close()

    def vpc(self, cidr: str, *, dns_hostnames: bool = False) -> str:
        """Make a VPC."""
        vpc = self.ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
        self._later(lambda: self.ec2.delete_vpc(VpcId=vpc))
        if dns_hostnames:
            self.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
        return str(vpc)

    def subnet(self, vpc: str, cidr: str, zone: str, *, public: bool = False) -> str:
        """Make a subnet; ``public`` only switches MapPublicIpOnLaunch on."""
        subnet = self.ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=zone)["Subnet"]["SubnetId"]
        self._later(lambda: self.ec2.delete_subnet(SubnetId=subnet))
        if public:
            self.ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
        return str(subnet)

    def internet_gateway(self, vpc: str) -> str:
        """Make an internet gateway and attach it."""
        gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self._later(lambda: self.ec2.delete_internet_gateway(InternetGatewayId=gateway))
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        self._later(lambda: self.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc))
        return str(gateway)

    def route_table(self, vpc: str, subnets: Sequence[str]) -> str:
        """Make a route table and associate it with the subnets."""
        table = self.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        self._later(lambda: self.ec2.delete_route_table(RouteTableId=table))
        for subnet in subnets:
            association = self.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]
            self._later(lambda one=association: self.ec2.disassociate_route_table(AssociationId=one))
        return str(table)

    def route(self, table: str, destination: str = "0.0.0.0/0", **target: str) -> None:
        """Add a route."""
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock=destination, **target)
        self._later(lambda: self.ec2.delete_route(RouteTableId=table, DestinationCidrBlock=destination))

    def security_group(self, vpc: str, name: str) -> str:
        """Make a security group: nothing in, everything out."""
        group = self.ec2.create_security_group(VpcId=vpc, GroupName=name, Description=name)["GroupId"]
        self._later(lambda: self.ec2.delete_security_group(GroupId=group))
        return str(group)

    def admit(self, group: str, source: str, port: int) -> None:
        """Let members of ``source`` reach members of ``group`` on one TCP port."""
        pairs = [{"GroupId": source, "Description": "the function of the example"}]
        permission = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "UserIdGroupPairs": pairs}
        self.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
        self._later(lambda: self.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[permission]))

    def elastic_ip_on(self, interface: str) -> str:
        """Allocate an Elastic IP and associate it with an interface."""
        allocation = self.ec2.allocate_address(Domain="vpc")
        self._later(lambda: self.ec2.release_address(AllocationId=allocation["AllocationId"]))
        association = self.ec2.associate_address(
            AllocationId=allocation["AllocationId"], NetworkInterfaceId=interface
        )["AssociationId"]
        self._later(lambda: self.ec2.disassociate_address(AssociationId=association))
        return str(allocation["PublicIp"])

    def interface_of(self, subnet: str, group: str) -> str:
        """Return the function's interface in that subnet with that group."""
        found = self.ec2.describe_network_interfaces(
            Filters=[
                {"Name": "interface-type", "Values": ["lambda"]},
                {"Name": "subnet-id", "Values": [subnet]},
                {"Name": "group-id", "Values": [group]},
            ]
        )["NetworkInterfaces"]
        return str(found[0]["NetworkInterfaceId"])

    def interface_endpoint(self, vpc: str, service: str, subnets: Sequence[str], group: str) -> str:
        """Make an interface endpoint with private DNS."""
        endpoint = self.ec2.create_vpc_endpoint(
            VpcId=vpc,
            ServiceName=f"com.amazonaws.us-east-1.{service}",
            VpcEndpointType="Interface",
            SubnetIds=list(subnets),
            SecurityGroupIds=[group],
            PrivateDnsEnabled=True,
        )["VpcEndpoint"]["VpcEndpointId"]
        self._later(lambda: self.ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint]))
        return str(endpoint)

    def database(self, name: str, subnets: Sequence[str], group: str) -> tuple[str, int]:
        """Make a private PostgreSQL instance; return its host name and port."""
        self.rds.create_db_subnet_group(
            DBSubnetGroupName=name, DBSubnetGroupDescription=name, SubnetIds=list(subnets)
        )
        self._later(lambda: self.rds.delete_db_subnet_group(DBSubnetGroupName=name))
        self.rds.create_db_instance(
            DBInstanceIdentifier=name,
            Engine="postgres",
            DBInstanceClass="db.t4g.micro",
            AllocatedStorage=20,
            MasterUsername="example",
            ManageMasterUserPassword=True,
            DBSubnetGroupName=name,
            VpcSecurityGroupIds=[group],
            PubliclyAccessible=False,
        )
        self._later(lambda: self._delete_database(name))
        self.rds.get_waiter("db_instance_available").wait(
            DBInstanceIdentifier=name, WaiterConfig={"Delay": 1, "MaxAttempts": 900}
        )
        endpoint = self.rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]["Endpoint"]
        return str(endpoint["Address"]), int(endpoint["Port"])

    def function(
        self,
        name: str,
        code: str,
        subnets: Sequence[str] = (),
        groups: Sequence[str] = (),
        timeout: int = 10,
    ) -> str:
        """Make a role and a function with it, in the subnets if there are any; wait until it is active."""
        role = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        self._later(lambda: self.iam.delete_role(RoleName=name))
        self.iam.attach_role_policy(RoleName=name, PolicyArn=MANAGED)
        self._later(lambda: self.iam.detach_role_policy(RoleName=name, PolicyArn=MANAGED))
        self._later(self._interfaces_gone(subnets, groups))
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as archive:
            archive.writestr(_readable("example.py"), code)
        network = {"VpcConfig": {"SubnetIds": list(subnets), "SecurityGroupIds": list(groups)}} if subnets else {}
        self.functions.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="example.handler",
            Role=role,
            Code={"ZipFile": package.getvalue()},
            Timeout=timeout,
            **network,
        )
        self._later(lambda: self.functions.delete_function(FunctionName=name))
        self.functions.get_waiter("function_active_v2").wait(
            FunctionName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 300}
        )
        return name

    def invoke(self, name: str, event: dict[str, Any]) -> dict[str, str]:
        """Invoke a function and return its answer; an error of the function ends the example."""
        answer = self.functions.invoke(FunctionName=name, Payload=json.dumps(event).encode())
        payload = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise SystemExit(f"{name} failed: {payload}")
        return dict(payload)

    def printed(self, name: str, text: str, seconds: float = 30) -> bool:
        """Look for a printed line in the function's log group until it is there or the time is up."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = self.logs.filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern=f'"{text}"')
            if found["events"]:
                return True
            time.sleep(0.5)
        return False

    def _later(self, unmake: Callable[[], object]) -> None:
        self._undo.callback(unmake)

    def _delete_database(self, name: str) -> None:
        self.rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
        self.rds.get_waiter("db_instance_deleted").wait(
            DBInstanceIdentifier=name, WaiterConfig={"Delay": 1, "MaxAttempts": 900}
        )

    def _interfaces_gone(self, subnets: Sequence[str], groups: Sequence[str]) -> Callable[[], None]:
        """Wait for Lambda to give the function's interfaces back: on AWS that takes up to 20 minutes."""

        def wait(seconds: float = 1800) -> None:
            filters = [
                {"Name": "interface-type", "Values": ["lambda"]},
                {"Name": "subnet-id", "Values": list(subnets)},
                {"Name": "group-id", "Values": list(groups)},
            ]
            deadline = time.monotonic() + seconds
            while subnets and time.monotonic() < deadline:
                try:
                    if not self.ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]:
                        return
                except ClientError as refusal:
                    raise SystemExit(f"cannot list the function's interfaces: {refusal}") from refusal
                time.sleep(0.5)

        return wait
