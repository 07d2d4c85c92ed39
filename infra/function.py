"""The Lambda function, its execution role, and the log group that it writes to."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import pulumi
import pulumi_aws as aws

from infra import package
from infra.settings import Settings

MANAGED_POLICIES = {
    "logs": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
    "vpc": "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole",
    "sqs": "arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole",
    "kinesis": "arn:aws:iam::aws:policy/service-role/AWSLambdaKinesisExecutionRole",
    "dynamodb": "arn:aws:iam::aws:policy/service-role/AWSLambdaDynamoDBExecutionRole",
    "tracing": "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess",  # not under service-role/, unlike the others
}
"""AWS managed policies for execution roles. All of them include writing logs, except the one for tracing."""

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}

PROBED_CALLS = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:ListAllMyBuckets", "secretsmanager:ListSecrets", "logs:DescribeLogGroups"],
            "Resource": "*",  # none of the three lists can be narrowed to a resource
        },
    ],
}
"""What the probe asks AWS APIs for. sts:GetCallerIdentity needs no permission."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VpcAttachment:
    """Where a function's interfaces are: one per subnet and set of groups.

    The VPC itself is no input: Lambda finds it from the subnets (developer guide, "Giving Lambda functions
    access to resources in an Amazon VPC"). ``replacement_security_group_ids``: groups that take over when the
    function is deleted, so that its own can be deleted without waiting for Lambda to clean up the interfaces.
    """

    subnet_ids: Sequence[pulumi.Input[str]]
    security_group_ids: Sequence[pulumi.Input[str]]
    replacement_security_group_ids: Sequence[pulumi.Input[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionArgs:
    """``attachment`` is None for a function that runs in Lambda's own VPC.

    ``policies``: names of the :data:`MANAGED_POLICIES` that its role has; an attachment adds the one for it.
    ``inline_policy``: a policy document of the role's own. ``traced``: X-Ray samples its invocations.
    """

    prefix: str
    description: str
    runtime: str
    timeout_seconds: int
    memory_megabytes: int
    log_retention_days: int
    attachment: VpcAttachment | None
    policies: Sequence[str] = ("logs",)
    inline_policy: Mapping[str, Any] | None = None
    traced: bool = False

    @classmethod
    def probe(cls, settings: Settings, *, prefix: str, attachment: VpcAttachment | None) -> Self:
        """Describe the probe: what the stack's settings say of it, and what it may ask AWS APIs for."""
        return cls(
            prefix=prefix,
            description="Tries the internet, AWS APIs, the database and CloudWatch Logs from where it stands",
            inline_policy=PROBED_CALLS,
            runtime=settings.function_runtime,
            timeout_seconds=settings.function_timeout_seconds,
            memory_megabytes=settings.function_memory_megabytes,
            log_retention_days=settings.log_retention_days,
            attachment=attachment,
        )


class Function(pulumi.ComponentResource):
    """A function with a role of its own and a log group that exists, with a retention, before it first runs.

    Without that group Lambda would make one at the first invocation, which keeps logs for ever and which nobody
    deletes (developer guide, "Sending Lambda function logs to CloudWatch Logs").
    The managed policy for VPC access is used when the interfaces are made and deleted, not for invoking; Lambda
    checks it when the function is created, and needs it until the interfaces are gone. Hence the dependency on the
    attachments: made before the function, removed after it.
    """

    function: aws.lambda_.Function
    role: aws.iam.Role
    log_group: aws.cloudwatch.LogGroup

    def __init__(self, name: str, args: FunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("vpclab:function:Function", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        function_name = f"{args.prefix}-{name}"
        self.log_group = aws.cloudwatch.LogGroup(
            name, name=f"/aws/lambda/{function_name}", retention_in_days=args.log_retention_days, opts=child
        )
        self.role = aws.iam.Role(
            name,
            description=f"Execution role of {function_name} alone",
            assume_role_policy=json.dumps(TRUST),
            opts=child,
        )
        permissions: list[pulumi.Resource] = [
            aws.iam.RolePolicyAttachment(
                f"{name}-{policy}", role=self.role.name, policy_arn=MANAGED_POLICIES[policy], opts=child
            )
            for policy in (*args.policies, *(("vpc",) if args.attachment else ()))
        ]
        if args.inline_policy:
            text = json.dumps(args.inline_policy)
            permissions.append(aws.iam.RolePolicy(f"{name}-calls", role=self.role.name, policy=text, opts=child))
        attachment = args.attachment
        self.function = aws.lambda_.Function(
            name,
            name=function_name,
            description=args.description,
            role=self.role.arn,
            runtime=args.runtime,
            handler=package.HANDLER,
            code=package.code(),
            timeout=args.timeout_seconds,
            memory_size=args.memory_megabytes,
            vpc_config=attachment
            and aws.lambda_.FunctionVpcConfigArgs(
                subnet_ids=list(attachment.subnet_ids), security_group_ids=list(attachment.security_group_ids)
            ),
            tracing_config=aws.lambda_.FunctionTracingConfigArgs(mode="Active") if args.traced else None,
            replace_security_groups_on_destroy=True if attachment else None,
            replacement_security_group_ids=list(attachment.replacement_security_group_ids) if attachment else None,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.log_group, *permissions]),
        )
        self.register_outputs({"function_arn": self.function.arn, "role_name": self.role.name})

    @property
    def outputs(self) -> dict[str, pulumi.Output[str]]:
        """What a reader of the stack's outputs needs to find the function, its role and its log group."""
        return {
            "function_name": self.function.name,
            "function_arn": self.function.arn,
            "role_name": self.role.name,
            "role_arn": self.role.arn,
            "log_group_name": self.log_group.name,
        }
