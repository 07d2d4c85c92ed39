"""What the notes' sample of managed policies grants: C2 to C7."""

from vpclab.statements.capability import Capability
from vpclab.statements.catalogue import sources
from vpclab.statements.managed_policy import (
    BASIC,
    DYNAMODB,
    KINESIS,
    POLICIES_OF_SUBJECTS,
    SQS,
    VPC,
    XRAY,
    ManagedPolicy,
)
from vpclab.statements.opinion import Condition
from vpclab.statements.permission import delivered, of_subjects
from vpclab.statements.role import grants_what_is_documented, is_good_for
from vpclab.statements.statement import Case, Statement, Verdict
from vpclab.statements.trial_name import TraceTrial
from vpclab.statements.variant import DEFAULT


def _statement(
    identifier: str, policy: ManagedPolicy, sentence: str, documented: str, *more: Condition
) -> Statement:
    return Statement(
        id=identifier,
        sentence=f"{policy.name}: {sentence}",
        documented=documented,
        source=f"{sources.MANAGED_POLICIES}, {policy.name}",
        expects=Verdict.HOLDS,
        needs=frozenset({Capability.AUTHORIZATION}),
        cases={
            DEFAULT: Case(
                observed="the policy's default version, and calls by a role that has nothing but this policy",
                expected=f"exactly the documented actions; {', '.join(policy.refused)} denied",
                control="the same role is allowed what the policy is for",
                flip="attach another policy in its place, with an action more or less",
                conditions=(grants_what_is_documented(policy), *_good_for(policy), *more),
            )
        },
    )


def _good_for(policy: ManagedPolicy) -> tuple[Condition, ...]:
    """Ask of calls; those of a stream or a table need one that the deployment has."""
    conditions = is_good_for(policy)
    return tuple(map(of_subjects, conditions)) if policy in POLICIES_OF_SUBJECTS else conditions


STATEMENTS = (
    _statement(
        "C2",
        BASIC,
        "upload logs to CloudWatch.",
        "It grants making a log group and a stream and putting events, on everything; no reading.",
    ),
    _statement(
        "C3",
        KINESIS,
        "read from Kinesis.",
        "It grants reading streams, enhanced fan-out included, and the three actions for logs; no writing.",
    ),
    _statement(
        "C4",
        DYNAMODB,
        "read from DynamoDB Streams.",
        "It grants reading a table's stream, and the three actions for logs; the table itself stays closed.",
    ),
    _statement(
        "C5",
        SQS,
        "read from SQS.",
        "It grants receiving, which includes deleting what was received, and the three actions for logs; neither "
        "sending nor changing a message's visibility, and nothing of KMS.",
    ),
    _statement(
        "C6",
        VPC,
        "deploy a function in a VPC.",
        "It grants six actions of EC2, DescribeSubnets among them since 2024, and the three actions for logs. "
        "AWSLambdaENIManagementAccess is a narrower sibling without logs.",
    ),
    _statement(
        "C7",
        XRAY,
        "upload trace data to X-Ray.",
        "It grants putting segments and telemetry and reading sampling rules. It is the only one of the six "
        "without the actions for logs, and the only one outside the folder service-role.",
        of_subjects(delivered("a traced function's segment can be read", TraceTrial.BY_DAEMON)),
    ),
)
