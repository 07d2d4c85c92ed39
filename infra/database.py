"""The PostgreSQL database that three of the four functions can query."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

DATABASE_NAME = "app"
MASTER_USER = "dbadmin"
ALLOCATED_GIGABYTES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseArgs:
    """``subnet_ids``: private subnets in two zones or more; ``security_group_id``: the group that guards it.

    ``vpc``: what the subnets are in. A DB subnet group cannot go from one VPC to another, nor can an instance have
    security groups of another VPC: both are new where the VPC is.
    """

    prefix: str
    vpc: pulumi.Resource
    subnet_ids: Sequence[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    instance_class: str
    engine_version: str


class Database(pulumi.ComponentResource):
    """A private, encrypted RDS instance whose master password RDS makes and keeps in Secrets Manager.

    With ``manage_master_user_password`` no password passes through the program or its state (RDS user guide,
    "Password management with Amazon RDS and AWS Secrets Manager"). Not publicly accessible: its name resolves to a
    private address, for everybody. There is nothing in it worth keeping, so it is deleted without a last snapshot
    and without protection; turn ``deletion_protection`` on where that is not so.
    """

    address: pulumi.Output[str]
    port: pulumi.Output[int]
    secret_arn: pulumi.Output[str]

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("vpclab:database:Database", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self, replace_with=[args.vpc])
        subnets = aws.rds.SubnetGroup(
            name, description="Private subnets of the database", subnet_ids=list(args.subnet_ids), opts=child
        )
        instance = aws.rds.Instance(
            name,
            engine="postgres",
            engine_version=args.engine_version,
            instance_class=args.instance_class,
            allocated_storage=ALLOCATED_GIGABYTES,
            storage_type="gp3",
            storage_encrypted=True,
            db_name=DATABASE_NAME,
            username=MASTER_USER,
            manage_master_user_password=True,
            db_subnet_group_name=subnets.name,
            vpc_security_group_ids=[args.security_group_id],
            publicly_accessible=False,
            multi_az=False,
            backup_retention_period=0,
            deletion_protection=False,
            skip_final_snapshot=True,
            apply_immediately=True,
            tags={"Name": f"{args.prefix}-{name}"},
            opts=child,
        )
        self.address = instance.address
        self.port = instance.port
        # What only resembles RDS may keep no such password; the rest of the stack is of use without it.
        self.secret_arn = instance.master_user_secrets.apply(
            lambda secrets: (secrets[0].secret_arn or "") if secrets else ""
        )
        self.register_outputs({"address": self.address, "port": self.port, "secret_arn": self.secret_arn})
