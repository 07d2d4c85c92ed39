"""The table: every resource type that the stand-in models, by its token."""

from collections.abc import Mapping

from vpclab.toolchain.aws_plugin import (
    ec2_addresses,
    ec2_associations,
    ec2_endpoints,
    ec2_routing,
    ec2_security_groups,
    ec2_vpc,
    iam,
    lambda_function,
    logs,
    rds,
    rds_instance,
)
from vpclab.toolchain.aws_plugin.schema import ResourceType

_SERVICES = (
    *(ec2_vpc, ec2_routing, ec2_associations, ec2_addresses, ec2_security_groups, ec2_endpoints),
    *(iam, logs, rds, rds_instance, lambda_function),
)

RESOURCE_TYPES: Mapping[str, ResourceType] = {row.type_name: row for service in _SERVICES for row in service.ROWS}
