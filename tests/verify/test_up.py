"""`up` mends what was changed behind its back, as much as it is. Read last: it makes some things anew."""

from collections.abc import Mapping
from typing import Any

from tests.verify.conftest import Deployed
from vpclab.statements.report import EXIT_FALSE, EXIT_OK
from vpclab.statements.runner import verify
from vpclab.statements.target import Target
from vpclab.statements.variant import ENDPOINTS, PRIVATE_NAT
from vpclab.toolchain import deployment
from vpclab.toolchain.project import Project

ANYWHERE = "0.0.0.0/0"


def test_up_can_mend_many_things_that_were_changed_by_hand(
    target: Target, deployed: Deployed, endpoint: str, project: Project
) -> None:
    """Routes, rules, policies, endpoints, mappings, functions and a NAT gateway, of two stacks at once."""
    private, isolated = deployed.outputs[PRIVATE_NAT], deployed.outputs[ENDPOINTS]
    break_network(target.client("ec2"), private, isolated)
    break_role(target.client("iam"), private["role_name"])
    break_functions(target, private, isolated)
    stacks = (PRIVATE_NAT, ENDPOINTS)
    broken = verify({stack: deployed.outputs[stack] for stack in stacks}, target)
    assert broken.exit_code == EXIT_FALSE
    environment = deployment.prepare(endpoint, project=project)
    for stack in stacks:
        deployment.up(stack, environment, lambda _: None, refresh=True, root=project.root)
        deployed.outputs[stack] = deployment.outputs(stack, environment, root=project.root)
    mended = verify({stack: deployed.outputs[stack] for stack in stacks}, target)
    assert mended.exit_code == EXIT_OK, {row.statement: row.observed for row in mended.unexpected}


def break_network(ec2: Any, private: Mapping[str, Any], isolated: Mapping[str, Any]) -> None:  # noqa: ANN401
    """Take away routes, rules, a NAT gateway and endpoints, and turn private DNS off."""
    first, second = private["function_route_table_ids"]
    ec2.delete_route(RouteTableId=first, DestinationCidrBlock=ANYWHERE)
    (table,) = ec2.describe_route_tables(RouteTableIds=[second])["RouteTables"]
    ec2.disassociate_route_table(AssociationId=table["Associations"][0]["RouteTableAssociationId"])
    ec2.delete_nat_gateway(NatGatewayId=private["nat_gateway_ids"][0])
    for stack in (private, isolated):
        revoke_all_rules(ec2, stack["vpc_id"])
    endpoints = isolated["endpoint_ids"]
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoints["sts"]])
    ec2.modify_vpc_endpoint(
        VpcEndpointId=endpoints["s3"], RemoveRouteTableIds=isolated["function_route_table_ids"]
    )
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoints["secretsmanager"], PrivateDnsEnabled=False)


def revoke_all_rules(ec2: Any, vpc: str) -> None:  # noqa: ANN401 - boto3 has no types
    """Leave the VPC's groups without a rule.

    Also those that other tests revoked and authorized again: a rule made by hand has another id than the one that
    Pulumi made, which `up` would miss, and could not make beside its double.
    """
    for group in ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"]:
        if group["GroupName"] == "default":  # nobody's
            continue
        if group["IpPermissions"]:
            ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])
        if group["IpPermissionsEgress"]:
            ec2.revoke_security_group_egress(GroupId=group["GroupId"], IpPermissions=group["IpPermissionsEgress"])


def break_role(iam: Any, role: str) -> None:  # noqa: ANN401 - boto3 has no types
    """Take all policies from a role."""
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        iam.delete_role_policy(RoleName=role, PolicyName=name)


def break_functions(target: Target, private: Mapping[str, Any], isolated: Mapping[str, Any]) -> None:
    """Configure one function otherwise, delete another, a log group, a queue, a mapping and notifications."""
    service = target.client("lambda")
    service.update_function_configuration(FunctionName=private["function_name"], Timeout=3)
    service.delete_function(FunctionName=isolated["function_name"])
    service.delete_event_source_mapping(UUID=private["consumers"]["kinesis"]["mapping_uuid"])
    target.client("logs").delete_log_group(logGroupName=private["log_group_name"])
    target.client("sqs").delete_queue(QueueUrl=private["consumers"]["sqs"]["queue_url"])
    target.client("s3").put_bucket_notification_configuration(
        Bucket=isolated["bucket"]["bucket_name"], NotificationConfiguration={}
    )
