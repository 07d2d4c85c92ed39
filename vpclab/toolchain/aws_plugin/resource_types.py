"""The table: every resource type that the stand-in models, by its token."""

from collections.abc import Mapping

from vpclab.toolchain.aws_plugin import (
    dynamodb,
    ec2_addresses,
    ec2_associations,
    ec2_endpoints,
    ec2_instances,
    ec2_routing,
    ec2_security_groups,
    ec2_vpc,
    elasticache,
    elasticache_replication_group,
    iam,
    kinesis,
    lambda_function,
    lambda_mapping,
    lambda_permission,
    lb,
    lb_target_group,
    logs,
    rds,
    rds_instance,
    s3,
    sqs,
)
from vpclab.toolchain.aws_plugin.schema import ResourceType

_SERVICES = (
    *(ec2_vpc, ec2_routing, ec2_associations, ec2_addresses, ec2_security_groups, ec2_endpoints, ec2_instances),
    *(iam, logs, rds, rds_instance, elasticache, elasticache_replication_group, lb, lb_target_group),
    *(lambda_function, lambda_permission, lambda_mapping, sqs, kinesis, dynamodb, s3),
)

RESOURCE_TYPES: Mapping[str, ResourceType] = {row.type_name: row for service in _SERVICES for row in service.ROWS}
