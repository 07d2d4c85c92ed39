"""One Lambda function in the placement that the stack's settings name, beside a private PostgreSQL database."""

import pulumi

from infra import region as regions
from infra import settings as stack_settings
from infra.database import DATABASE_NAME, Database, DatabaseArgs
from infra.function import Function, FunctionArgs
from infra.network import SubnetTier, SubnetTierArgs, Vpc, VpcArgs
from infra.security_groups import SecurityGroups, SecurityGroupsArgs
from infra.variants import VARIANTS, Site, attachment

settings = stack_settings.read(pulumi.Config())
variant, prefix = VARIANTS[settings.variant], f"{pulumi.get_project()}-{pulumi.get_stack()}"
region = regions.choose(settings)

vpc_args = VpcArgs(cidr_block=settings.vpc_cidr, prefix=prefix, internet_gateway=variant.internet_gateway)
vpc = Vpc("vpc", vpc_args, region.options)
groups_args = SecurityGroupsArgs(vpc_id=vpc.vpc_id, prefix=prefix, function_attached=variant.attached)
groups = SecurityGroups("security-groups", groups_args, region.options)
tier_args = SubnetTierArgs(
    vpc_id=vpc.vpc_id, prefix=prefix, availability_zones=region.zones, cidr_blocks=settings.database_cidrs
)
database_args = DatabaseArgs(
    prefix=prefix,
    vpc=vpc.vpc,
    subnet_ids=SubnetTier("database", tier_args, region.options).subnet_ids,
    security_group_id=groups.database_id,
    instance_class=settings.database_instance_class,
    engine_version=settings.database_engine_version,
)
database = Database("database", database_args, region.options)
site = Site(settings=settings, prefix=prefix, region=region, vpc=vpc, groups=groups)
placement = variant.place(site)
probe_args = FunctionArgs.of(settings, prefix=prefix, attachment=attachment(placement, site))
after = pulumi.ResourceOptions(depends_on=[*placement.ways, *groups.rules])
probe = Function("probe", probe_args, pulumi.ResourceOptions.merge(region.options, after))

for name, value in {
    "variant": settings.variant.value,
    "function_name": probe.function.name,
    "function_arn": probe.function.arn,
    "role_name": probe.role.name,
    "log_group_name": probe.log_group.name,
    "vpc_id": vpc.vpc_id,
    "function_subnet_ids": list(placement.subnet_ids),
    "function_security_group_ids": [groups.function_id] if groups.function_id else [],
    "database_security_group_id": groups.database_id,
    "database_endpoint": database.address,
    "database_port": database.port,
    "database_name": DATABASE_NAME,
    "database_secret_arn": database.secret_arn,
    "nat_public_ips": list(placement.nat_public_ips),
    "nat_gateway_ids": list(placement.nat_gateway_ids),
    "endpoint_ids": dict(placement.endpoint_ids),
    "function_route_table_ids": list(placement.route_table_ids),
}.items():
    pulumi.export(name, value)
