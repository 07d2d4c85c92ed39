"""A VPC, and tiers of subnets: one subnet per zone, with the route tables that serve them."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
import pulumi_aws as aws

ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True, slots=True, kw_only=True)
class VpcArgs:
    """``cidr_block``: the VPC's range. ``prefix``: what the names in the console begin with."""

    cidr_block: IPv4Network
    prefix: str
    internet_gateway: bool = False


class Vpc(pulumi.ComponentResource):
    """A VPC, with an internet gateway where something in it needs one.

    Both DNS attributes are on, because private DNS of interface endpoints asks for both (VPC user guide, "DNS
    attributes for your VPC"; AWS PrivateLink guide, "Access an AWS service using an interface VPC endpoint").
    """

    vpc: aws.ec2.Vpc
    vpc_id: pulumi.Output[str]
    default_security_group_id: pulumi.Output[str]
    internet_gateway: aws.ec2.InternetGateway | None

    def __init__(self, name: str, args: VpcArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("vpclab:network:Vpc", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.vpc = vpc = aws.ec2.Vpc(
            name,
            cidr_block=str(args.cidr_block),
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags={"Name": args.prefix},
            opts=child,
        )
        self.vpc_id = vpc.id
        self.default_security_group_id = vpc.default_security_group_id
        self.internet_gateway = None
        if args.internet_gateway:
            self.internet_gateway = aws.ec2.InternetGateway(
                f"{name}-internet",
                vpc_id=vpc.id,
                tags={"Name": args.prefix},
                # It could be moved, but only after everything with a public address has left the old VPC.
                opts=pulumi.ResourceOptions(parent=self, replace_with=[vpc]),
            )
        self.register_outputs({"vpc_id": self.vpc_id, "default_security_group_id": self.default_security_group_id})


@dataclass(frozen=True, slots=True, kw_only=True)
class SubnetTierArgs:
    """``cidr_blocks``: one range per zone, in the order of ``availability_zones``.

    ``table_per_zone``: give each subnet a route table of its own, for routes that differ by zone; otherwise one
    table serves them all. ``map_public_ip_on_launch`` is what makes EC2 hand out public addresses; Lambda
    ignores it.
    """

    vpc_id: pulumi.Input[str]
    prefix: str
    availability_zones: Sequence[str]
    cidr_blocks: Sequence[IPv4Network]
    table_per_zone: bool = False
    map_public_ip_on_launch: bool = False


class SubnetTier(pulumi.ComponentResource):
    """Subnets that play one part, one per zone, with explicit route tables that hold only the local route.

    Explicit, because a subnet without an association follows the VPC's main table, and so does whatever somebody
    adds to that (VPC user guide, "Subnet route tables"). What makes a subnet public, private or isolated is a
    route, and is added by whoever owns the target of it.
    """

    subnet_ids: list[pulumi.Output[str]]
    route_table_ids: list[pulumi.Output[str]]
    associations: list[aws.ec2.RouteTableAssociation]

    def __init__(self, name: str, args: SubnetTierArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("vpclab:network:SubnetTier", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.subnet_ids, self.route_table_ids, self.associations = [], [], []
        for number, (zone, cidr) in enumerate(zip(args.availability_zones, args.cidr_blocks, strict=True)):
            if args.table_per_zone or number == 0:
                which = f"{name}-{number}" if args.table_per_zone else name
                table = aws.ec2.RouteTable(
                    which, vpc_id=args.vpc_id, tags={"Name": f"{args.prefix}-{which}"}, opts=child
                )
                self.route_table_ids.append(table.id)
            subnet = aws.ec2.Subnet(
                f"{name}-{number}",
                vpc_id=args.vpc_id,
                cidr_block=str(cidr),
                availability_zone=zone,
                map_public_ip_on_launch=args.map_public_ip_on_launch,
                tags={"Name": f"{args.prefix}-{name}-{zone}"},
                opts=child,
            )
            self.subnet_ids.append(subnet.id)
            self.associations.append(
                aws.ec2.RouteTableAssociation(
                    f"{name}-{number}", subnet_id=subnet.id, route_table_id=self.route_table_ids[-1], opts=child
                )
            )
        self.register_outputs({"subnet_ids": self.subnet_ids, "route_table_ids": self.route_table_ids})


def route_to_internet(
    tier: SubnetTier, gateway: aws.ec2.InternetGateway, opts: pulumi.ResourceOptions
) -> list[aws.ec2.Route]:
    """Make ``tier`` public: its tables lead everything that is not local to the internet gateway."""
    return [
        aws.ec2.Route(
            f"internet-{number}",
            route_table_id=table_id,
            destination_cidr_block=ANYWHERE,
            gateway_id=gateway.id,
            opts=opts,
        )
        for number, table_id in enumerate(tier.route_table_ids)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class NatTarget:
    """What a private table's default route leads to: a NAT gateway, or the interface of a NAT instance."""

    nat_gateway_id: pulumi.Input[str] | None = None
    network_interface_id: pulumi.Input[str] | None = None


def route_to_nat(
    tier: SubnetTier, targets: Sequence[NatTarget], opts: pulumi.ResourceOptions
) -> list[aws.ec2.Route]:
    """Give ``tier`` a way out: one target for all zones, or one for each.

    The routes belong to neither kind of target. So exchanging one for the other changes each route in place, and
    does not make a second one of the same destination, which EC2 refuses: RouteAlreadyExists.
    """
    routes = []
    for number, table_id in enumerate(tier.route_table_ids):
        target = targets[number % len(targets)]
        routes.append(
            aws.ec2.Route(
                f"nat-{number}",
                route_table_id=table_id,
                destination_cidr_block=ANYWHERE,
                nat_gateway_id=target.nat_gateway_id,
                network_interface_id=target.network_interface_id,
                opts=opts,
            )
        )
    return routes
