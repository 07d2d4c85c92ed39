"""Who may invoke a function: C10, C11 and C12."""

from vpclab.statements.capability import Capability
from vpclab.statements.catalogue import sources
from vpclab.statements.denial import IDENTITY, RESOURCE
from vpclab.statements.permission import denied, done
from vpclab.statements.statement import Case, Statement, Verdict
from vpclab.statements.trial_name import BucketTrial, InvokeTrial
from vpclab.statements.variant import DEFAULT

_NEEDS = frozenset({Capability.INVOCATION, Capability.AUTHORIZATION})

STATEMENTS = (
    Statement(
        id="C10",
        sentence="Resource-based policies give other accounts and AWS services permission to use a function.",
        documented=(
            "They do. Since 2026 a function can also be given a whole policy, with Deny and global condition "
            "keys: PutResourcePolicy replaces what AddPermission had added."
        ),
        source=f"{sources.LAMBDA_GRANTING_ACCESS}; {sources.LAMBDA_CROSS_ACCOUNT}",
        expects=Verdict.HOLDS,
        needs=_NEEDS | {Capability.NOTIFICATIONS},
        cases={
            DEFAULT: Case(
                observed="invocations from another account, a bucket's notification, a whole policy that is put",
                expected="allowed and accepted with the policy, refused without it; the added statement is gone",
                control="the same caller and the same bucket, before the policy said so",
                flip="put a permissions boundary on the other account's role that leaves out InvokeFunction",
                conditions=(
                    done("another account invokes it with its policy", InvokeTrial.CROSS_BOTH),
                    denied(
                        "not without", InvokeTrial.CROSS_IDENTITY, by=RESOURCE, controls=[InvokeTrial.CROSS_BOTH]
                    ),
                    done("S3 may invoke it with its policy", BucketTrial.PERMITTED),
                    done(
                        "a whole policy replaces added statements",
                        InvokeTrial.WHOLE_POLICY,
                        InvokeTrial.OVERWRITTEN,
                    ),
                    denied(
                        "and may deny",
                        InvokeTrial.SAME_RESOURCE_DENY,
                        by=RESOURCE,
                        explicitly=True,
                        controls=[InvokeTrial.SAME_IDENTITY],
                    ),
                ),
            )
        },
    ),
    Statement(
        id="C11",
        sentence="A principal can invoke a function if its IAM policy allows it OR the resource policy does.",
        documented=(
            "Within one account either is enough, and an explicit deny in any policy wins. Across accounts it is "
            "not so: see C12."
        ),
        source=sources.IAM_EVALUATION,
        expects=Verdict.HOLDS,
        needs=_NEEDS,
        cases={
            DEFAULT: Case(
                observed="invocations by roles of the function's account, in every combination of both policies",
                expected="denied with neither, allowed with either or both, denied by a deny in either",
                control="each denied call differs in one policy from one that is allowed",
                flip="put a permissions boundary on the callers that leaves out InvokeFunction",
                conditions=(
                    denied(
                        "with neither denied",
                        InvokeTrial.SAME_NEITHER,
                        by=IDENTITY,
                        controls=[InvokeTrial.SAME_IDENTITY],
                    ),
                    done(
                        "with either or both allowed",
                        InvokeTrial.SAME_IDENTITY,
                        InvokeTrial.SAME_RESOURCE,
                        InvokeTrial.SAME_BOTH,
                    ),
                    denied(
                        "an explicit deny wins",
                        InvokeTrial.SAME_IDENTITY_DENY,
                        by=IDENTITY,
                        explicitly=True,
                        controls=[InvokeTrial.SAME_RESOURCE],
                    ),
                    denied(
                        "on both sides",
                        InvokeTrial.SAME_RESOURCE_DENY,
                        by=RESOURCE,
                        explicitly=True,
                        controls=[InvokeTrial.SAME_IDENTITY],
                    ),
                ),
            )
        },
    ),
    Statement(
        id="C12",
        sentence="(Unsaid:) across accounts, too, one of the two policies is enough.",
        documented=(
            "Across accounts both are needed: an identity-based policy in the caller's account and a "
            "resource-based policy on the function."
        ),
        source=sources.IAM_CROSS_ACCOUNT,
        expects=Verdict.REFUTED,
        needs=_NEEDS,
        cases={
            DEFAULT: Case(
                observed="invocations by roles of another account, in every combination of both policies",
                expected="denied with either alone, allowed with both",
                control="the same call with both policies is allowed",
                flip="take callers from the function's own account",
                conditions=(
                    done("with both allowed", InvokeTrial.CROSS_BOTH),
                    denied(
                        "with the identity policy alone denied",
                        InvokeTrial.CROSS_IDENTITY,
                        by=RESOURCE,
                        controls=[InvokeTrial.CROSS_BOTH],
                    ),
                    denied(
                        "with the resource policy alone denied",
                        InvokeTrial.CROSS_RESOURCE,
                        by=IDENTITY,
                        controls=[InvokeTrial.CROSS_BOTH],
                    ),
                ),
            )
        },
    ),
)
