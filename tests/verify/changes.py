"""The changes of configuration that flip verdicts, each made with boto3 and undone in the end."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

from tests.deadline import eventually
from vpclab.statements.deployment import Deployment, NatInstance
from vpclab.statements.description import lambda_interfaces
from vpclab.statements.target import Target
from vpclab.statements.variant import PRIVATE_NAT_INSTANCE

ANYWHERE = "0.0.0.0/0"
LOGS_POLICY = "nothing-for-logs"
INTERFACES_POLICY = "network-interfaces"
SECONDS = 30

Outputs = Mapping[str, Any]


@contextmanager
def without_nat_route(target: Target, outputs: Outputs) -> Iterator[None]:
    """Delete the default route from the tables of the function's subnets."""
    ec2 = target.client("ec2")
    with ExitStack() as undo:
        tables = ec2.describe_route_tables(RouteTableIds=outputs["function_route_table_ids"])["RouteTables"]
        for table in tables:
            (route,) = (row for row in table["Routes"] if row.get("DestinationCidrBlock") == ANYWHERE)
            identity = {"RouteTableId": table["RouteTableId"], "DestinationCidrBlock": ANYWHERE}
            ec2.delete_route(**identity)
            undo.callback(ec2.create_route, **identity, NatGatewayId=route["NatGatewayId"])
        yield


@contextmanager
def without_database_rule(target: Target, outputs: Outputs) -> Iterator[None]:
    """Revoke the rules of the database's group."""
    with without_rules(target, outputs["database_security_group_id"]):
        yield


@contextmanager
def without_rules(target: Target, group: str, *, egress: bool = False, port: int | None = None) -> Iterator[None]:
    """Revoke everything that a security group admits, or lets out; or only what is for one port."""
    ec2 = target.client("ec2")
    (described,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    found = described["IpPermissionsEgress" if egress else "IpPermissions"]
    if port is not None:
        found = [rule for rule in found if rule.get("FromPort") == rule.get("ToPort") == port]
    rules = {"GroupId": group, "IpPermissions": found}
    if egress:
        revoke, authorize = ec2.revoke_security_group_egress, ec2.authorize_security_group_egress
    else:
        revoke, authorize = ec2.revoke_security_group_ingress, ec2.authorize_security_group_ingress
    revoke(**rules)
    try:
        yield
    finally:
        authorize(**rules)


@contextmanager
def nat_instances(
    wrong: Callable[[Any, NatInstance], AbstractContextManager[None]], target: Target, outputs: Outputs
) -> Iterator[None]:
    """Configure the NAT instances wrong."""
    deployment = Deployment.from_outputs(PRIVATE_NAT_INSTANCE, outputs)
    with ExitStack() as undo:
        for instance in deployment.nat_instances:
            undo.enter_context(wrong(target.client("ec2"), instance))
        yield


@contextmanager
def without_managed_policies(target: Target, outputs: Outputs) -> Iterator[None]:
    """Detach the managed policies from the execution role; they hold its permissions for CloudWatch Logs."""
    iam, role = target.client("iam"), outputs["role_name"]
    with ExitStack() as undo:
        for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
            identity = {"RoleName": role, "PolicyArn": policy["PolicyArn"]}
            iam.detach_role_policy(**identity)
            undo.callback(iam.attach_role_policy, **identity)
        yield


@contextmanager
def denying_log_delivery(target: Target, outputs: Outputs) -> Iterator[None]:
    """Add an inline policy to the execution role that denies everything of CloudWatch Logs."""
    iam, identity = target.client("iam"), {"RoleName": outputs["role_name"], "PolicyName": LOGS_POLICY}
    statement = {"Effect": "Deny", "Action": "logs:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(**identity, PolicyDocument=document)
    try:
        yield
    finally:
        iam.delete_role_policy(**identity)


@contextmanager
def elastic_addresses_on_the_function(target: Target, outputs: Outputs) -> Iterator[list[str]]:
    """Associate an Elastic IP address with each of the function's interfaces; yields the addresses."""
    ec2 = target.client("ec2")
    with ExitStack() as undo:
        addresses = []
        for interface in lambda_interfaces(target, outputs["vpc_id"]):
            allocated = ec2.allocate_address(Domain="vpc")
            undo.callback(ec2.release_address, AllocationId=allocated["AllocationId"])
            associated = ec2.associate_address(
                AllocationId=allocated["AllocationId"], NetworkInterfaceId=interface.id
            )
            undo.callback(ec2.disassociate_address, AssociationId=associated["AssociationId"])
            addresses.append(allocated["PublicIp"])
        yield addresses


@contextmanager
def logs_endpoint(target: Target, outputs: Outputs) -> Iterator[str]:
    """Add an interface endpoint for CloudWatch Logs, like the one for STS; yields its id."""
    ec2 = target.client("ec2")
    (like,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[outputs["endpoint_ids"]["sts"]])["VpcEndpoints"]
    endpoint = ec2.create_vpc_endpoint(
        VpcId=outputs["vpc_id"],
        VpcEndpointType="Interface",
        ServiceName=like["ServiceName"].replace(".sts", ".logs"),
        SubnetIds=like["SubnetIds"],
        SecurityGroupIds=[group["GroupId"] for group in like["Groups"]],
        PrivateDnsEnabled=True,
    )["VpcEndpoint"]["VpcEndpointId"]
    try:
        yield endpoint
    finally:
        ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])


@contextmanager
def nat_gateway_for(target: Target, outputs: Outputs, cidr_block: str) -> Iterator[str]:
    """Give isolated subnets a way out: internet gateway, public subnet, NAT gateway and routes; yields its IP."""
    ec2, vpc = target.client("ec2"), outputs["vpc_id"]
    with ExitStack() as undo:
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        undo.callback(ec2.delete_internet_gateway, InternetGatewayId=gateway)
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        undo.callback(ec2.detach_internet_gateway, InternetGatewayId=gateway, VpcId=vpc)
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=cidr_block)["Subnet"]["SubnetId"]
        undo.callback(ec2.delete_subnet, SubnetId=subnet)
        table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        undo.callback(ec2.delete_route_table, RouteTableId=table)
        association = ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]
        undo.callback(ec2.disassociate_route_table, AssociationId=association)
        ec2.create_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE, GatewayId=gateway)
        address = ec2.allocate_address(Domain="vpc")
        undo.callback(ec2.release_address, AllocationId=address["AllocationId"])
        nat = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address["AllocationId"])
        nat_id = nat["NatGateway"]["NatGatewayId"]
        undo.callback(delete_nat_gateway, ec2, nat_id)
        wait_for_nat_gateway(ec2, nat_id)
        for own in outputs["function_route_table_ids"]:
            ec2.create_route(RouteTableId=own, DestinationCidrBlock=ANYWHERE, NatGatewayId=nat_id)
            undo.callback(ec2.delete_route, RouteTableId=own, DestinationCidrBlock=ANYWHERE)
        yield address["PublicIp"]


@contextmanager
def attached_to_the_vpc(target: Target, outputs: Outputs) -> Iterator[list[str]]:
    """Attach the default variant's function to the database's subnets, admitted; yields the subnets."""
    ec2, iam, vpc = target.client("ec2"), target.client("iam"), outputs["vpc_id"]
    with ExitStack() as undo:
        policy = {"RoleName": outputs["role_name"], "PolicyName": INTERFACES_POLICY}
        statement = {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_role_policy(**policy, PolicyDocument=document)
        undo.callback(iam.delete_role_policy, **policy)
        group = ec2.create_security_group(GroupName="attached", Description="for a moment", VpcId=vpc)["GroupId"]
        undo.callback(ec2.delete_security_group, GroupId=group)
        rules = {
            "GroupId": outputs["database_security_group_id"],
            "IpPermissions": [
                {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "UserIdGroupPairs": [{"GroupId": group}]}
            ],
        }
        ec2.authorize_security_group_ingress(**rules)
        undo.callback(ec2.revoke_security_group_ingress, **rules)
        subnets = [
            subnet["SubnetId"]
            for subnet in ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
        ]
        undo.callback(
            eventually, lambda: not lambda_interfaces(target, vpc), SECONDS, "the function's interfaces are gone"
        )
        undo.enter_context(configured(target, outputs, SubnetIds=subnets, SecurityGroupIds=[group]))
        yield subnets


@contextmanager
def configured(target: Target, outputs: Outputs, **vpc_config: list[str]) -> Iterator[None]:
    """Give the function another VpcConfig for a while."""
    service, name = target.client("lambda"), outputs["function_name"]
    before = service.get_function_configuration(FunctionName=name).get("VpcConfig") or {}
    back = {key: before.get(key) or [] for key in ("SubnetIds", "SecurityGroupIds")}

    def settled() -> bool:
        return bool(
            service.get_function_configuration(FunctionName=name).get("LastUpdateStatus") in ("Successful", None)
        )

    service.update_function_configuration(FunctionName=name, VpcConfig={**back, **vpc_config})
    try:
        eventually(settled, SECONDS, f"{name} is updated")
        yield
    finally:
        service.update_function_configuration(FunctionName=name, VpcConfig=back)
        eventually(settled, SECONDS, f"{name} is back")


def wait_for_nat_gateway(ec2: Any, identifier: str) -> None:  # noqa: ANN401 - boto3 has no types
    """Wait until a NAT gateway is available."""

    def available() -> bool:
        (gateway,) = ec2.describe_nat_gateways(NatGatewayIds=[identifier])["NatGateways"]
        return bool(gateway["State"] == "available")

    eventually(available, SECONDS, f"{identifier} is available")


def delete_nat_gateway(ec2: Any, identifier: str) -> None:  # noqa: ANN401 - boto3 has no types
    """Delete a NAT gateway, and wait until it is gone."""
    ec2.delete_nat_gateway(NatGatewayId=identifier)

    def gone() -> bool:
        found = ec2.describe_nat_gateways(Filter=[{"Name": "nat-gateway-id", "Values": [identifier]}])
        return all(gateway["State"] == "deleted" for gateway in found["NatGateways"])

    eventually(gone, SECONDS, f"{identifier} is deleted")


Change = Callable[[Target, Outputs], Any]
