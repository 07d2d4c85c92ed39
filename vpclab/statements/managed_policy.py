"""The managed policies that the notes name, as AWS documents them."""

from collections.abc import Mapping
from dataclasses import dataclass

LOGS = frozenset({"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedPolicy:
    """One managed policy: which actions it allows, and calls that show what it is good for.

    ``arn`` is where it stands (five of them in the folder ``service-role``, X-Ray's not). ``allowed`` and
    ``refused`` are actions that a role with nothing but this policy tries.
    """

    arn: str
    actions: frozenset[str]
    allowed: tuple[str, ...]
    refused: tuple[str, ...]

    @property
    def name(self) -> str:
        """The policy's name, the last part of its ARN."""
        return self.arn.rpartition("/")[2]

    def trial(self, action: str) -> str:
        """Return the name of the trial of ``action`` by a role with this policy."""
        return f"{self.name}/{action}"


BASIC = ManagedPolicy(
    arn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
    actions=LOGS,
    allowed=("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"),
    refused=("logs:DescribeLogStreams", "sqs:ReceiveMessage"),
)
KINESIS = ManagedPolicy(
    arn="arn:aws:iam::aws:policy/service-role/AWSLambdaKinesisExecutionRole",
    actions=LOGS
    | {
        "kinesis:DescribeStream",
        "kinesis:DescribeStreamSummary",
        "kinesis:GetRecords",
        "kinesis:GetShardIterator",
        "kinesis:ListShards",
        "kinesis:ListStreams",
        "kinesis:SubscribeToShard",
    },
    allowed=(
        "kinesis:DescribeStreamSummary",
        "kinesis:ListShards",
        "kinesis:GetShardIterator",
        "kinesis:GetRecords",
    ),
    refused=("kinesis:PutRecord",),
)
DYNAMODB = ManagedPolicy(
    arn="arn:aws:iam::aws:policy/service-role/AWSLambdaDynamoDBExecutionRole",
    actions=LOGS
    | {"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"},
    allowed=("dynamodb:DescribeStream", "dynamodb:GetShardIterator", "dynamodb:GetRecords"),
    refused=("dynamodb:GetItem", "dynamodb:Scan"),
)
SQS = ManagedPolicy(
    arn="arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole",
    actions=LOGS | {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"},
    allowed=("sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:DeleteMessage"),
    refused=("sqs:SendMessage", "sqs:ChangeMessageVisibility"),
)
VPC = ManagedPolicy(
    arn="arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole",
    actions=LOGS
    | {
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
    },
    allowed=("ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:CreateNetworkInterface"),
    refused=("ec2:DescribeInstances", "ec2:CreateSecurityGroup"),
)
XRAY = ManagedPolicy(
    arn="arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess",
    actions=frozenset(
        {
            "xray:GetSamplingRules",
            "xray:GetSamplingStatisticSummaries",
            "xray:GetSamplingTargets",
            "xray:PutTelemetryRecords",
            "xray:PutTraceSegments",
        }
    ),
    allowed=("xray:PutTraceSegments", "xray:GetSamplingRules"),
    refused=("xray:BatchGetTraces", "logs:CreateLogGroup"),
)

MANAGED_POLICIES: Mapping[str, ManagedPolicy] = {
    policy.name: policy for policy in (BASIC, KINESIS, DYNAMODB, SQS, VPC, XRAY)
}

POLICIES_OF_SUBJECTS = (KINESIS, DYNAMODB)
"""What they allow is tried on a stream and a table of the deployment."""
