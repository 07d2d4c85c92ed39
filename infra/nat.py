"""NAT gateways: the way from private subnets to the internet, through public ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.network import NatTarget
from infra.settings import NatGatewayCount


@dataclass(frozen=True, slots=True, kw_only=True)
class NatGatewaysArgs:
    """``public_subnet_ids``: one per zone.

    ``internet_route``: the public subnets' way to the internet gateway, without which a NAT gateway would come up
    and lead nowhere, or fail: "Network vpc-… has no internet gateway attached" (VPC user guide, "Troubleshoot NAT
    gateways").
    """

    prefix: str
    count: NatGatewayCount
    public_subnet_ids: Sequence[pulumi.Input[str]]
    internet_route: Sequence[pulumi.Resource]


class NatGateways(pulumi.ComponentResource):
    """Public NAT gateways, each with an Elastic IP; ``targets`` are what private tables may lead to.

    A zonal NAT gateway lives in a *public* subnet: it translates to its own private address, and the internet
    gateway translates that to the Elastic IP (VPC user guide, "NAT gateway basics"). With one per zone each zone
    keeps its own way out, and no traffic is billed for crossing zones.
    """

    gateway_ids: list[pulumi.Output[str]]
    public_ips: list[pulumi.Output[str]]
    targets: list[NatTarget]

    def __init__(self, name: str, args: NatGatewaysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("vpclab:network:NatGateways", name, {}, opts)
        self.gateway_ids, self.public_ips = [], []
        subnets = (
            args.public_subnet_ids if args.count is NatGatewayCount.ONE_PER_ZONE else args.public_subnet_ids[:1]
        )
        # Without an internet gateway a NAT gateway fails; while one has a public address, that cannot be detached.
        child = pulumi.ResourceOptions(parent=self, depends_on=list(args.internet_route))
        for number, subnet_id in enumerate(subnets):
            tags = {"Name": f"{args.prefix}-{name}-{number}"}
            address = aws.ec2.Eip(f"{name}-{number}", domain="vpc", tags=tags, opts=child)
            gateway = aws.ec2.NatGateway(
                f"{name}-{number}",
                allocation_id=address.allocation_id,
                connectivity_type="public",
                subnet_id=subnet_id,
                tags=tags,
                # An Elastic IP serves one gateway at a time: the old one has to let go of it first.
                opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(delete_before_replace=True)),
            )
            self.gateway_ids.append(gateway.id)
            self.public_ips.append(address.public_ip)
        self.targets = [NatTarget(nat_gateway_id=id_) for id_ in self.gateway_ids]
        self.register_outputs({"gateway_ids": self.gateway_ids, "public_ips": self.public_ips})
