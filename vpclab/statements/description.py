"""Reads a deployment's facts by describe calls."""

from collections.abc import Iterable
from typing import Any

from vpclab.statements.deployment import Deployment
from vpclab.statements.facts import FunctionAttachment, FunctionInterface, NetworkFacts
from vpclab.statements.target import Target


def describe(target: Target, deployment: Deployment) -> NetworkFacts:
    """Return the facts as the API has them now; boto3's errors pass through."""
    ec2 = target.client("ec2")
    attachment = attachment_of(target, deployment.function_name)
    in_vpc = [{"Name": "vpc-id", "Values": [deployment.vpc_id]}]
    subnets: list[Any] = []
    if attachment.subnet_ids:
        subnets = ec2.describe_subnets(SubnetIds=list(attachment.subnet_ids))["Subnets"]
    interface_endpoints, gateway_endpoints = _endpoints(ec2, in_vpc)
    nat_gateways = [
        gateway
        for gateway in ec2.describe_nat_gateways(Filter=in_vpc)["NatGateways"]
        if gateway["State"] not in ("deleted", "deleting", "failed")
    ]
    return NetworkFacts(
        attachment=attachment,
        interfaces=lambda_interfaces(target, deployment.vpc_id),
        subnet_vpc_ids=frozenset(subnet["VpcId"] for subnet in subnets),
        own_public_ips=frozenset(address["PublicIp"] for address in ec2.describe_addresses()["Addresses"]),
        nat_gateway_ids=tuple(gateway["NatGatewayId"] for gateway in nat_gateways),
        nat_private_ips=frozenset(
            address["PrivateIp"]
            for gateway in nat_gateways
            for address in gateway["NatGatewayAddresses"]
            if address.get("PrivateIp")
        ),
        endpoint_addresses=interface_endpoints,
        gateway_endpoint_ids=gateway_endpoints,
        database_status=_database_status(target, deployment.database_endpoint),
    )


def attachment_of(target: Target, function_name: str) -> FunctionAttachment:
    """Return ``VpcConfig`` of a function."""
    configuration = target.client("lambda").get_function_configuration(FunctionName=function_name)
    attached = configuration.get("VpcConfig") or {}
    return FunctionAttachment(
        vpc_id=attached.get("VpcId") or "",
        subnet_ids=tuple(sorted(attached.get("SubnetIds") or ())),
        security_group_ids=tuple(sorted(attached.get("SecurityGroupIds") or ())),
    )


def function_roles(target: Target, names: Iterable[str]) -> dict[str, str]:
    """Return the execution role's ARN of each of these functions."""
    service = target.client("lambda")
    return {name: str(service.get_function_configuration(FunctionName=name)["Role"]) for name in names}


def lambda_interfaces(target: Target, vpc_id: str) -> tuple[FunctionInterface, ...]:
    """Return all interfaces of type ``lambda`` in a VPC.

    The type is the key: their description names one of the functions that share them, and their
    ``RequesterManaged`` is false.
    """
    filters = [{"Name": "vpc-id", "Values": [vpc_id]}, {"Name": "interface-type", "Values": ["lambda"]}]
    pages = target.client("ec2").get_paginator("describe_network_interfaces").paginate(Filters=filters)
    return tuple(
        FunctionInterface(
            id=interface["NetworkInterfaceId"],
            subnet_id=interface["SubnetId"],
            private_ip=interface["PrivateIpAddress"],
            security_group_ids=tuple(sorted(group["GroupId"] for group in interface["Groups"])),
            public_ip=(interface.get("Association") or {}).get("PublicIp"),
        )
        for page in pages
        for interface in page["NetworkInterfaces"]
    )


def security_groups(target: Target, vpc_id: str) -> dict[str, str]:
    """Return the ids and names of all security groups of a VPC."""
    filters = [{"Name": "vpc-id", "Values": [vpc_id]}]
    groups = target.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]
    return {group["GroupId"]: group["GroupName"] for group in groups}


def _endpoints(
    ec2: Any,  # noqa: ANN401 - boto3 has no types
    in_vpc: list[dict[str, Any]],
) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """Return addresses of interface endpoints with the endpoint's id, and gateway endpoints by service."""
    endpoints = ec2.describe_vpc_endpoints(Filters=in_vpc)["VpcEndpoints"]
    owners = {
        interface: endpoint["VpcEndpointId"]
        for endpoint in endpoints
        for interface in endpoint.get("NetworkInterfaceIds") or ()
    }
    addresses: list[tuple[str, str]] = []
    if owners:
        described = ec2.describe_network_interfaces(NetworkInterfaceIds=list(owners))["NetworkInterfaces"]
        addresses = [
            (interface["PrivateIpAddress"], owners[interface["NetworkInterfaceId"]]) for interface in described
        ]
    gateways = [
        (endpoint["ServiceName"].rpartition(".")[2], endpoint["VpcEndpointId"])
        for endpoint in endpoints
        if endpoint["VpcEndpointType"] == "Gateway"
    ]
    return tuple(sorted(addresses)), tuple(sorted(gateways))


def _database_status(target: Target, endpoint: str) -> str:
    """Return what RDS says of the instance with that endpoint, empty where it knows none."""
    for page in target.client("rds").get_paginator("describe_db_instances").paginate():
        for instance in page["DBInstances"]:
            if (instance.get("Endpoint") or {}).get("Address") == endpoint:
                return str(instance["DBInstanceStatus"])
    return ""
