"""VPC endpoints: AWS services without a way to the internet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.security_groups import HTTPS


@dataclass(frozen=True, slots=True, kw_only=True)
class VpcEndpointsArgs:
    """Which services get an endpoint, and for whom.

    ``gateway_services`` (``s3``, ``dynamodb``) are reached by routes in ``route_table_ids``;
    ``interface_services`` (``sts``, ``secretsmanager``, …) through an interface in each of ``subnet_ids``.
    """

    vpc_id: pulumi.Input[str]
    region: str
    prefix: str
    gateway_services: Sequence[str]
    interface_services: Sequence[str]
    route_table_ids: Sequence[pulumi.Input[str]]
    subnet_ids: Sequence[pulumi.Input[str]]
    client_security_group_id: pulumi.Input[str]


class VpcEndpoints(pulumi.ComponentResource):
    """Gateway and interface endpoints for the clients that carry one security group.

    A gateway endpoint adds a route for the service's prefix list to each associated table, costs nothing, and the
    service's names go on resolving to public addresses (AWS PrivateLink guide, "Gateway endpoints"). An interface
    endpoint is an interface with a private address; its own group has to admit the clients on 443; private DNS
    makes the service's regional name resolve to it in the whole VPC ("Access an AWS service using an interface
    VPC endpoint"). Global names, such as sts.amazonaws.com, are not covered.
    """

    endpoint_ids: Mapping[str, pulumi.Output[str]]
    security_group_id: pulumi.Output[str]

    def __init__(self, name: str, args: VpcEndpointsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("vpclab:network:VpcEndpoints", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        group = aws.ec2.SecurityGroup(
            name,
            description="The interface endpoints",
            vpc_id=args.vpc_id,
            tags={"Name": f"{args.prefix}-{name}"},
            opts=child,
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-https",
            security_group_id=group.id,
            description="HTTPS from the function",
            referenced_security_group_id=args.client_security_group_id,
            ip_protocol="tcp",
            from_port=HTTPS,
            to_port=HTTPS,
            opts=child,
        )
        endpoints: dict[str, aws.ec2.VpcEndpoint] = {}
        for service in args.gateway_services:
            endpoints[service] = aws.ec2.VpcEndpoint(
                service,
                vpc_id=args.vpc_id,
                service_name=f"com.amazonaws.{args.region}.{service}",
                vpc_endpoint_type="Gateway",
                route_table_ids=list(args.route_table_ids),
                tags={"Name": f"{args.prefix}-{service}"},
                opts=child,
            )
        for service in args.interface_services:
            endpoints[service] = aws.ec2.VpcEndpoint(
                service,
                vpc_id=args.vpc_id,
                service_name=f"com.amazonaws.{args.region}.{service}",
                vpc_endpoint_type="Interface",
                subnet_ids=list(args.subnet_ids),
                security_group_ids=[group.id],
                private_dns_enabled=True,
                tags={"Name": f"{args.prefix}-{service}"},
                opts=child,
            )
        self.endpoint_ids = {service: endpoint.id for service, endpoint in endpoints.items()}
        self.security_group_id = group.id
        self.register_outputs({"endpoint_ids": self.endpoint_ids, "security_group_id": group.id})
