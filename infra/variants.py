"""The four placements of a function: a row each, and a short function that builds what the row says."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from infra.function import VpcAttachment
from infra.nat import NatGateways, NatGatewaysArgs
from infra.nat_instances import NatInstances, NatInstancesArgs
from infra.network import NatTarget, SubnetTier, SubnetTierArgs, Vpc, route_to_internet, route_to_nat
from infra.region import Region
from infra.security_groups import SecurityGroups
from infra.settings import NatKind, Settings, VariantName
from infra.vpc_endpoints import VpcEndpoints, VpcEndpointsArgs

GATEWAY_SERVICES = ("s3",)
INTERFACE_SERVICES = ("sts", "secretsmanager")
"""None for CloudWatch Logs: what a function prints reaches it without one; what it sends itself does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What is there before a function is placed."""

    settings: Settings
    prefix: str
    region: Region
    vpc: Vpc
    groups: SecurityGroups


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where the function stands, and what leads out of there. ``ways``: what has to exist before it is used."""

    subnet_ids: Sequence[pulumi.Output[str]] = ()
    route_table_ids: Sequence[pulumi.Output[str]] = ()
    nat_gateway_ids: Sequence[pulumi.Output[str]] = ()
    nat_public_ips: Sequence[pulumi.Output[str]] = ()
    nat_instances: Sequence[Mapping[str, pulumi.Output[str]]] = ()
    endpoint_ids: Mapping[str, pulumi.Output[str]] = field(default_factory=dict)
    ways: Sequence[pulumi.Resource] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """``attached``: has a VpcConfig. ``internet_gateway``: some subnet of the VPC is public."""

    place: Callable[[Site], Placement]
    attached: bool
    internet_gateway: bool


def outside_the_vpc(_: Site) -> Placement:
    """No VpcConfig: the function runs in a VPC that the Lambda service owns."""
    return Placement()


def behind_a_nat(site: Site) -> Placement:
    """Private subnets, whose default route is a NAT gateway or instance in a public subnet."""
    public = _public_tier(site)
    internet_route = [*_internet_routes(site, public), *public.associations]
    private = _function_tier(site, "private")
    if site.settings.nat is NatKind.INSTANCE:
        instances = NatInstances(
            "nat",
            NatInstancesArgs(
                prefix=site.prefix,
                count=site.settings.nat_gateways,
                vpc_id=site.vpc.vpc_id,
                public_subnet_ids=public.subnet_ids,
                private_cidrs=site.settings.function_cidrs,
                internet_route=internet_route,
            ),
            site.region.options,
        )
        return Placement(
            subnet_ids=private.subnet_ids,
            route_table_ids=private.route_table_ids,
            nat_public_ips=instances.public_ips,
            nat_instances=instances.outputs,
            ways=[*_nat_routes(site, private, instances.targets), *instances.rules, *private.associations],
        )
    gateways = NatGateways(
        "nat",
        NatGatewaysArgs(
            prefix=site.prefix,
            count=site.settings.nat_gateways,
            public_subnet_ids=public.subnet_ids,
            internet_route=internet_route,
        ),
        site.region.options,
    )
    return Placement(
        subnet_ids=private.subnet_ids,
        route_table_ids=private.route_table_ids,
        nat_gateway_ids=gateways.gateway_ids,
        nat_public_ips=gateways.public_ips,
        ways=[*_nat_routes(site, private, gateways.targets), *private.associations],
    )


def in_public_subnets(site: Site) -> Placement:
    """Public subnets, where a function gets no public address and so the internet gateway drops what it sends."""
    public = _public_tier(site)
    routes = _internet_routes(site, public)
    return Placement(
        subnet_ids=public.subnet_ids,
        route_table_ids=public.route_table_ids,
        ways=[*routes, *public.associations],
    )


def beside_vpc_endpoints(site: Site) -> Placement:
    """Isolated subnets, whose tables know the VPC and the S3 gateway endpoint, beside two interface endpoints."""
    isolated = _function_tier(site, "isolated")
    if site.groups.function_id is None:
        raise ValueError("endpoints admit the function's security group: this variant needs one")
    endpoints = VpcEndpoints(
        "endpoints",
        VpcEndpointsArgs(
            vpc_id=site.vpc.vpc_id,
            region=site.region.name,
            prefix=site.prefix,
            gateway_services=GATEWAY_SERVICES,
            interface_services=INTERFACE_SERVICES,
            route_table_ids=isolated.route_table_ids,
            subnet_ids=isolated.subnet_ids,
            client_security_group_id=site.groups.function_id,
        ),
        site.region.options,
    )
    return Placement(
        subnet_ids=isolated.subnet_ids,
        route_table_ids=isolated.route_table_ids,
        endpoint_ids=endpoints.endpoint_ids,
        ways=isolated.associations,
    )


VARIANTS: Mapping[VariantName, Variant] = {
    VariantName.DEFAULT: Variant(place=outside_the_vpc, attached=False, internet_gateway=False),
    VariantName.PRIVATE_NAT: Variant(place=behind_a_nat, attached=True, internet_gateway=True),
    VariantName.PUBLIC: Variant(place=in_public_subnets, attached=True, internet_gateway=True),
    VariantName.ENDPOINTS: Variant(place=beside_vpc_endpoints, attached=True, internet_gateway=False),
}


def attachment(placement: Placement, site: Site) -> VpcAttachment | None:
    """Return the function's VpcConfig for ``placement``, or None where it has no subnets to stand in."""
    if site.groups.function_id is None:
        return None
    return VpcAttachment(
        subnet_ids=placement.subnet_ids,
        security_group_ids=[site.groups.function_id],
        replacement_security_group_ids=[site.vpc.default_security_group_id],
    )


def _public_tier(site: Site) -> SubnetTier:
    return SubnetTier(
        "public",
        SubnetTierArgs(
            vpc_id=site.vpc.vpc_id,
            prefix=site.prefix,
            availability_zones=site.region.zones,
            cidr_blocks=site.settings.public_cidrs,
            map_public_ip_on_launch=True,
        ),
        site.region.options,
    )


def _function_tier(site: Site, name: str) -> SubnetTier:
    return SubnetTier(
        name,
        SubnetTierArgs(
            vpc_id=site.vpc.vpc_id,
            prefix=site.prefix,
            availability_zones=site.region.zones,
            cidr_blocks=site.settings.function_cidrs,
            table_per_zone=True,
        ),
        site.region.options,
    )


def _internet_routes(site: Site, public: SubnetTier) -> list[pulumi.Resource]:
    if site.vpc.internet_gateway is None:
        raise ValueError("public subnets need an internet gateway: this variant has none")
    options = pulumi.ResourceOptions.merge(site.region.options, pulumi.ResourceOptions(parent=public))
    return [*route_to_internet(public, site.vpc.internet_gateway, options)]


def _nat_routes(site: Site, private: SubnetTier, targets: Sequence[NatTarget]) -> list[pulumi.Resource]:
    options = pulumi.ResourceOptions.merge(site.region.options, pulumi.ResourceOptions(parent=private))
    return [*route_to_nat(private, targets, options)]
