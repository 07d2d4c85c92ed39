"""One Lambda function in the placement that the stack's settings name, beside a private PostgreSQL database."""

import pulumi

from infra import permission_subjects, targets
from infra import region as regions
from infra import settings as stack_settings
from infra.function import Function, FunctionArgs
from infra.network import Vpc, VpcArgs
from infra.security_groups import SecurityGroups, SecurityGroupsArgs
from infra.variants import VARIANTS, Site, attachment

settings = stack_settings.read(pulumi.Config())
variant, prefix = VARIANTS[settings.variant], f"{pulumi.get_project()}-{pulumi.get_stack()}"
region = regions.choose(settings)

vpc_args = VpcArgs(cidr_block=settings.vpc_cidr, prefix=prefix, internet_gateway=variant.internet_gateway)
vpc = Vpc("vpc", vpc_args, region.options)
groups_args = SecurityGroupsArgs(
    vpc_id=vpc.vpc_id, prefix=prefix, targets=targets.chosen(settings), function_attached=variant.attached
)
groups = SecurityGroups("security-groups", groups_args, region.options)
site = Site(settings=settings, prefix=prefix, region=region, vpc=vpc, groups=groups)
reached = targets.declare(site)
placement = variant.place(site)
probe_args = FunctionArgs.probe(settings, prefix=prefix, attachment=attachment(placement, site))
after = pulumi.ResourceOptions.merge(
    region.options, pulumi.ResourceOptions(depends_on=[*placement.ways, *groups.rules])
)
probe = Function("probe", probe_args, after)
subjects = permission_subjects.declare(region, probe_args, after) if settings.permission_subjects else {}

for name, value in {
    "variant": settings.variant.value,
    **{name: probe.outputs[name] for name in ("function_name", "function_arn", "role_name", "log_group_name")},
    "vpc_id": vpc.vpc_id,
    "function_subnet_ids": list(placement.subnet_ids),
    "function_security_group_ids": [groups.function_id] if groups.function_id else [],
    **reached,
    "nat_public_ips": list(placement.nat_public_ips),
    "nat_gateway_ids": list(placement.nat_gateway_ids),
    "nat_instances": list(placement.nat_instances),
    "endpoint_ids": dict(placement.endpoint_ids),
    "function_route_table_ids": list(placement.route_table_ids),
    **{name: subjects.get(name, {}) for name in permission_subjects.OUTPUTS},
}.items():
    pulumi.export(name, value)
