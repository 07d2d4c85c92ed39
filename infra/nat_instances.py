"""NAT instances: an alternative to NAT gateways, for less money and more care."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
import pulumi_aws as aws

from infra.network import ANYWHERE, NatTarget
from infra.settings import NatGatewayCount

IMAGE_OWNER = "568608671756"
IMAGE_NAME = "fck-nat-al2023-hvm-1.3.0-*"
"""A public image that translates addresses from its first start on (https://fck-nat.dev); AWS maintains none any
more (VPC user guide, "NAT instances"). Of one version, so that a newer image replaces nothing unasked."""

ARCHITECTURE = "arm64"
INSTANCE_TYPE = "t4g.nano"


@dataclass(frozen=True, slots=True, kw_only=True)
class NatInstancesArgs:
    """``public_subnet_ids``: one per zone. ``private_cidrs``: the ranges whose traffic they take.

    ``internet_route``: the public subnets' way to the internet gateway.
    """

    prefix: str
    count: NatGatewayCount
    vpc_id: pulumi.Input[str]
    public_subnet_ids: Sequence[pulumi.Input[str]]
    private_cidrs: Sequence[IPv4Network]
    internet_route: Sequence[pulumi.Resource]


class NatInstances(pulumi.ComponentResource):
    """Instances with public addresses that translate; ``targets`` are what private tables may lead to.

    Two things that a NAT gateway does not ask for (VPC user guide, "NAT instances"): the source/destination check
    has to be off, or EC2 drops what is neither from nor for the instance; and its security group has to admit the
    private subnets. A group that is named in a rule elsewhere does not know what comes through a NAT instance.
    """

    public_ips: list[pulumi.Output[str]]
    targets: list[NatTarget]
    rules: list[pulumi.Resource]
    outputs: list[Mapping[str, pulumi.Output[str]]]

    def __init__(self, name: str, args: NatInstancesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("vpclab:network:NatInstances", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        image = aws.ec2.get_ami_output(
            most_recent=True,
            owners=[IMAGE_OWNER],
            filters=[
                aws.ec2.GetAmiFilterArgs(name="name", values=[IMAGE_NAME]),
                aws.ec2.GetAmiFilterArgs(name="architecture", values=[ARCHITECTURE]),
            ],
            opts=pulumi.InvokeOptions(parent=self),
        )
        group = aws.ec2.SecurityGroup(
            name,
            description="The NAT instances",
            vpc_id=args.vpc_id,
            tags={"Name": f"{args.prefix}-{name}"},
            opts=child,
        )
        self.rules = [
            aws.vpc.SecurityGroupEgressRule(
                f"{name}-internet",
                security_group_id=group.id,
                description="Everything that private subnets send to the internet",
                cidr_ipv4=ANYWHERE,
                ip_protocol="-1",
                opts=child,
            )
        ]
        self.rules += [
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-{number}",
                security_group_id=group.id,
                description="Everything from a private subnet",
                cidr_ipv4=str(cidr),
                ip_protocol="-1",
                opts=child,
            )
            for number, cidr in enumerate(args.private_cidrs)
        ]
        subnets = (
            args.public_subnet_ids if args.count is NatGatewayCount.ONE_PER_ZONE else args.public_subnet_ids[:1]
        )
        instances = [
            aws.ec2.Instance(
                f"{name}-{number}",
                ami=image.id,
                instance_type=INSTANCE_TYPE,
                subnet_id=subnet_id,
                vpc_security_group_ids=[group.id],
                associate_public_ip_address=True,
                source_dest_check=False,
                tags={"Name": f"{args.prefix}-{name}-{number}"},
                # While it has a public address, the internet gateway cannot be detached.
                opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.internet_route)),
            )
            for number, subnet_id in enumerate(subnets)
        ]
        self.targets = [NatTarget(network_interface_id=one.primary_network_interface_id) for one in instances]
        self.public_ips = [one.public_ip for one in instances]
        self.outputs = [
            {
                "instance_id": one.id,
                "interface_id": one.primary_network_interface_id,
                "public_ip": one.public_ip,
                "security_group_id": group.id,
            }
            for one in instances
        ]
        self.register_outputs({"instances": self.outputs})
