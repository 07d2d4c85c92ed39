"""Security groups: the database's, and the one that a function in the VPC carries.

Rules are resources of their own, each with a description, as the EC2 API has them (VPC user guide, "Security
group rules"). EC2 gives every new group an egress rule for everything, which Pulumi takes away again.
"""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.network import ANYWHERE

HTTPS = 443
POSTGRESQL = 5432


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityGroupsArgs:
    """``function_attached``: whether a function stands in the VPC, and so needs a group and may query."""

    vpc_id: pulumi.Input[str]
    prefix: str
    function_attached: bool


class SecurityGroups(pulumi.ComponentResource):
    """The database's group, which admits the function's group on PostgreSQL's port and nobody else.

    A rule that names a group means the private addresses of whatever carries it, so it stays right when subnets
    are added or interfaces change (VPC user guide, "Security group referencing"). Groups are stateful: neither
    side needs a rule for answers. The function's group has no inbound rule, for nothing can connect to a function.
    Its outbound rules are the same in every placement, so that what differs between the variants is the network.
    """

    database_id: pulumi.Output[str]
    function_id: pulumi.Output[str] | None
    rules: list[pulumi.Resource]

    def __init__(self, name: str, args: SecurityGroupsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("vpclab:network:SecurityGroups", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        database = aws.ec2.SecurityGroup(
            "database",
            description="The PostgreSQL database",
            vpc_id=args.vpc_id,
            tags={"Name": f"{args.prefix}-database"},
            opts=child,
        )
        self.database_id = database.id
        self.function_id = None
        self.rules = []
        if args.function_attached:
            function = aws.ec2.SecurityGroup(
                "function",
                description="The Lambda function",
                vpc_id=args.vpc_id,
                tags={"Name": f"{args.prefix}-function"},
                opts=child,
            )
            self.function_id = function.id
            self.rules = [
                aws.vpc.SecurityGroupEgressRule(
                    "function-https",
                    security_group_id=function.id,
                    description="HTTPS to AWS services and the internet, as far as the routes lead",
                    cidr_ipv4=ANYWHERE,
                    ip_protocol="tcp",
                    from_port=HTTPS,
                    to_port=HTTPS,
                    opts=child,
                ),
                aws.vpc.SecurityGroupEgressRule(
                    "function-postgresql",
                    security_group_id=function.id,
                    description="PostgreSQL to the database",
                    referenced_security_group_id=database.id,
                    ip_protocol="tcp",
                    from_port=POSTGRESQL,
                    to_port=POSTGRESQL,
                    opts=child,
                ),
                aws.vpc.SecurityGroupIngressRule(
                    "database-postgresql",
                    security_group_id=database.id,
                    description="PostgreSQL from the function",
                    referenced_security_group_id=function.id,
                    ip_protocol="tcp",
                    from_port=POSTGRESQL,
                    to_port=POSTGRESQL,
                    opts=child,
                ),
            ]
        self.register_outputs({"database_id": self.database_id, "function_id": self.function_id})
