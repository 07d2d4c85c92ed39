"""What an execution role is, and what its permissions are asked for: C1, C9, C14 and C19."""

from vpclab.statements.attachment import service_deletes_its_interfaces
from vpclab.statements.capability import Capability
from vpclab.statements.catalogue import sources
from vpclab.statements.denial import IDENTITY
from vpclab.statements.permission import delivered, denied, done, rejected
from vpclab.statements.role import is_its_role, shares_no_role
from vpclab.statements.statement import Case, Statement, Verdict
from vpclab.statements.trial_name import InterfaceTrial, LogPolicyTrial, RoleTrial
from vpclab.statements.variant import ATTACHED, DEFAULT, ENDPOINTS, PRIVATE_NAT, VARIANTS

_IDENTITY = Case(
    observed="who STS says that the function is",
    expected="a session of its execution role, named after the function",
    control="STS's answer is the positive; in the default variant calls without a grant are denied",
    flip="give the function another role than the deployment did",
    conditions=(is_its_role,),
)

STATEMENTS = (
    Statement(
        id="C1",
        sentence="The execution role grants the function permissions to AWS services and resources.",
        documented=(
            "Code runs with temporary credentials of the role, and may do what the role may at the time of each "
            "call. A deny with lambda:SourceFunctionArn binds the code alone, and not the service."
        ),
        source=f"{sources.LAMBDA_EXECUTION_ROLE}; {sources.LAMBDA_VPC}",
        expects=Verdict.HOLDS,
        needs=frozenset({Capability.INVOCATION, Capability.AUTHORIZATION}),
        cases={
            DEFAULT: Case(
                observed="who STS says that the function is; a call before and after its role is granted it",
                expected="the role's session; denied, then allowed, then denied again",
                control="the same call by the same function with the grant",
                flip="put a permissions boundary on the role that leaves the granted action out",
                conditions=(
                    is_its_role,
                    denied("a call is denied", RoleTrial.BEFORE, by=IDENTITY, controls=[RoleTrial.GRANTED]),
                    done("allowed once the role grants it", RoleTrial.GRANTED),
                    denied(
                        "denied once it does not", RoleTrial.REVOKED, by=IDENTITY, controls=[RoleTrial.GRANTED]
                    ),
                    denied(
                        "a deny for its code alone denies its code alone",
                        RoleTrial.ONLY_CODE_DENIED,
                        by=IDENTITY,
                        explicitly=True,
                        controls=[RoleTrial.GRANTED, RoleTrial.NOT_CODE],
                    ),
                ),
            ),
            PRIVATE_NAT: _IDENTITY,
            ENDPOINTS: _IDENTITY,
        },
    ),
    Statement(
        id="C9",
        sentence="Best practice: one execution role per function.",
        documented=(
            "Advice, no rule: it follows from granting each function no more than it needs. This program does so."
        ),
        source=sources.LAMBDA_EXECUTION_ROLE,
        expects=Verdict.HOLDS,
        cases=dict.fromkeys(
            VARIANTS,
            Case(
                observed="the execution roles of all functions of the deployment",
                expected="as many roles as functions",
                control="the deployment has several functions, so that one could be shared",
                flip="give one function another one's role",
                conditions=(shares_no_role,),
            ),
        ),
    ),
    Statement(
        id="C14",
        sentence="A function may write to CloudWatch Logs with the policy as the notes print it.",
        documented=(
            "The printed text has spaces in action names and in the ARN: IAM refuses it. Without them it is "
            "sufficient; DescribeLogStreams is not needed."
        ),
        source=f"{sources.IAM_POLICY_GRAMMAR}; {sources.MANAGED_POLICIES}, AWSLambdaBasicExecutionRole",
        expects=Verdict.REFUTED,
        needs=frozenset(
            {
                Capability.POLICY_GRAMMAR,
                Capability.INVOCATION,
                Capability.AUTHORIZATION,
                Capability.LOG_DELIVERY,
            }
        ),
        cases={
            DEFAULT: Case(
                observed="CreatePolicy with the text as typed and corrected; a line printed with three actions",
                expected="MalformedPolicyDocument, then accepted; the line arrives",
                control="the corrected text is accepted by the same call",
                flip="type the text without the spaces",
                conditions=(
                    rejected(
                        "as typed it is malformed",
                        LogPolicyTrial.AS_TYPED,
                        "MalformedPolicyDocument",
                        controls=[LogPolicyTrial.CORRECTED],
                    ),
                    done("without the spaces it is accepted", LogPolicyTrial.CORRECTED),
                    delivered("three of its actions deliver a printed line", LogPolicyTrial.DELIVERED),
                ),
            )
        },
    ),
    Statement(
        id="C19",
        sentence="A function in a VPC needs AWSLambdaVPCAccessExecutionRole, or its permissions.",
        documented=(
            "The role's permissions are asked for when interfaces are made, synchronously, and when the service "
            "deletes them; not when the function is invoked."
        ),
        source=sources.LAMBDA_VPC,
        expects=Verdict.HOLDS,
        needs=frozenset({Capability.INVOCATION, Capability.ATTACHMENT, Capability.AUTHORIZATION}),
        cases=dict.fromkeys(
            ATTACHED,
            Case(
                observed=(
                    "CreateFunction with a role for logs only, then with the policy; an invocation without; the "
                    "interfaces after a function that had some of its own was deleted"
                ),
                expected="refused for CreateNetworkInterface, then made; invoked without; deleted by the service",
                control="the same call with the managed policy makes the function",
                flip="give the role AWSLambdaENIManagementAccess, a narrower policy",
                conditions=(
                    rejected(
                        "with a role for logs only it is refused",
                        InterfaceTrial.WITHOUT,
                        "InvalidParameterValueException",
                        saying="CreateNetworkInterface on EC2",
                        controls=[InterfaceTrial.WITH],
                    ),
                    done("with the policy made", InterfaceTrial.WITH),
                    done("invoked although the policy is gone", InterfaceTrial.INVOKED),
                    service_deletes_its_interfaces,
                ),
            ),
        ),
    ),
)
