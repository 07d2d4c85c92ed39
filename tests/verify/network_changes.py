"""Changes of one thing in the network of an attached function, each made with boto3 and undone in the end."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from tests.verify.changes import ANYWHERE, Outputs, delete_nat_gateway, wait_for_nat_gateway, without_rules
from vpclab.statements.target import Target

HTTPS = 443
LAST_PRIVILEGED_PORT, FIRST_EPHEMERAL_PORT, LAST_PORT = 1023, 1024, 65535
TCP = "6"


@contextmanager
def nat_gateway_in_subnet(target: Target, outputs: Outputs, subnet: str) -> Iterator[str]:
    """Have the function's default routes lead to a NAT gateway in that subnet; yields its id.

    A gateway cannot be moved: as on AWS another is made, which has an Elastic IP address of its own.
    """
    ec2 = target.client("ec2")
    with ExitStack() as undo:
        address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        undo.callback(ec2.release_address, AllocationId=address)
        made = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
        undo.callback(delete_nat_gateway, ec2, made)
        wait_for_nat_gateway(ec2, made)
        for table in ec2.describe_route_tables(RouteTableIds=outputs["function_route_table_ids"])["RouteTables"]:
            (route,) = (row for row in table["Routes"] if row.get("DestinationCidrBlock") == ANYWHERE)
            identity = {"RouteTableId": table["RouteTableId"], "DestinationCidrBlock": ANYWHERE}
            ec2.replace_route(**identity, NatGatewayId=made)
            undo.callback(ec2.replace_route, **identity, NatGatewayId=route["NatGatewayId"])
        yield made


def route_table_of(target: Target, subnet: str) -> dict[str, Any]:
    """Return the route table that holds for a subnet: its own, or the VPC's main one."""
    ec2 = target.client("ec2")
    own = ec2.describe_route_tables(Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])["RouteTables"]
    if own:
        return dict(own[0])
    (described,) = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"]
    main = [
        {"Name": "vpc-id", "Values": [described["VpcId"]]},
        {"Name": "association.main", "Values": ["true"]},
    ]
    return dict(ec2.describe_route_tables(Filters=main)["RouteTables"][0])


def database_subnets(target: Target, outputs: Outputs) -> list[str]:
    """Return the subnets of the VPC whose tables lead nowhere but within it: neither the function's nor public."""
    in_vpc = [{"Name": "vpc-id", "Values": [outputs["vpc_id"]]}]
    return [
        subnet["SubnetId"]
        for subnet in target.client("ec2").describe_subnets(Filters=in_vpc)["Subnets"]
        if {route.get("GatewayId") for route in route_table_of(target, subnet["SubnetId"])["Routes"]} == {"local"}
    ]


@contextmanager
def without_gateway_endpoint_routes(target: Target, outputs: Outputs, service: str) -> Iterator[None]:
    """Take the tables of the function's subnets off a gateway endpoint."""
    ec2, endpoint = target.client("ec2"), outputs["endpoint_ids"][service]
    tables = list(outputs["function_route_table_ids"])
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, RemoveRouteTableIds=tables)
    try:
        yield
    finally:
        ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddRouteTableIds=tables)


@contextmanager
def without_https_to_the_endpoints(target: Target, outputs: Outputs) -> Iterator[str]:
    """Revoke port 443 from the interface endpoints' group; yields the group."""
    ec2 = target.client("ec2")
    (endpoint,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[outputs["endpoint_ids"]["sts"]])["VpcEndpoints"]
    (group,) = (group["GroupId"] for group in endpoint["Groups"])
    with without_rules(target, group, port=HTTPS):
        yield group


@contextmanager
def without_private_dns(target: Target, outputs: Outputs, service: str) -> Iterator[None]:
    """Turn private DNS off at an interface endpoint."""
    ec2, endpoint = target.client("ec2"), outputs["endpoint_ids"][service]
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, PrivateDnsEnabled=False)
    try:
        yield
    finally:
        ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, PrivateDnsEnabled=True)


@contextmanager
def without_egress_rules(target: Target, outputs: Outputs) -> Iterator[str]:
    """Revoke every egress rule of the function's group; yields the group."""
    (group,) = outputs["function_security_group_ids"]
    with without_rules(target, group, egress=True):
        yield group


@contextmanager
def acl_without_ephemeral_ports(target: Target, outputs: Outputs) -> Iterator[str]:
    """Put the function's subnets behind a network ACL that admits TCP up to port 1023 only; yields its id.

    It lets everything out. What is missing are the ports that answers come back to.
    """
    ec2, subnets = target.client("ec2"), set(outputs["function_subnet_ids"])
    with ExitStack() as undo:
        acl = ec2.create_network_acl(VpcId=outputs["vpc_id"])["NetworkAcl"]["NetworkAclId"]
        undo.callback(ec2.delete_network_acl, NetworkAclId=acl)
        entry = {"NetworkAclId": acl, "RuleNumber": 100, "RuleAction": "allow", "CidrBlock": ANYWHERE}
        ec2.create_network_acl_entry(**entry, Protocol="-1", Egress=True)
        ports = {"From": 0, "To": LAST_PRIVILEGED_PORT}
        ec2.create_network_acl_entry(**entry, Protocol=TCP, PortRange=ports, Egress=False)
        filters = [{"Name": "association.subnet-id", "Values": sorted(subnets)}]
        for described in ec2.describe_network_acls(Filters=filters)["NetworkAcls"]:
            for association in described["Associations"]:
                if association["SubnetId"] in subnets:
                    replaced = ec2.replace_network_acl_association(
                        AssociationId=association["NetworkAclAssociationId"], NetworkAclId=acl
                    )
                    undo.callback(
                        ec2.replace_network_acl_association,
                        AssociationId=replaced["NewAssociationId"],
                        NetworkAclId=described["NetworkAclId"],
                    )
        yield acl


def add_ephemeral_ports(target: Target, acl: str) -> None:
    """Have a network ACL admit the ports that answers come back to."""
    target.client("ec2").create_network_acl_entry(
        NetworkAclId=acl,
        RuleNumber=110,
        Protocol=TCP,
        RuleAction="allow",
        Egress=False,
        CidrBlock=ANYWHERE,
        PortRange={"From": FIRST_EPHEMERAL_PORT, "To": LAST_PORT},
    )
