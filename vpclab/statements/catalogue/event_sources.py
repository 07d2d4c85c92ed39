"""Who feeds a function, and with whose permission: C8 and C13."""

from vpclab.statements.capability import Capability
from vpclab.statements.catalogue import sources
from vpclab.statements.permission import absent, delivered, done, of_subjects, rejected
from vpclab.statements.statement import Case, Statement, Verdict
from vpclab.statements.trial_name import BucketTrial, FeedTrial, MappingTrial, UploadTrial
from vpclab.statements.variant import ATTACHED, DEFAULT

_NEEDS = frozenset({Capability.INVOCATION, Capability.AUTHORIZATION, Capability.LOG_DELIVERY})

_FED = (
    of_subjects(delivered("fed from SQS", FeedTrial.SQS)),
    of_subjects(delivered("from Kinesis", FeedTrial.KINESIS)),
    of_subjects(delivered("from DynamoDB Streams", FeedTrial.DYNAMODB)),
)

_FED_IN_THE_VPC = Case(
    observed="a record put into the queue, the stream and the table, searched for in the consumer's log group",
    expected="found, wherever the consumer stands: the poller is the service",
    control="the delivered records are the positives; in the default variant a role without the policy is refused",
    flip="detach the event source's managed policy from the consumer's role",
    conditions=_FED,
)

_UPLOADED = Case(
    observed="an object put into the deployment's bucket, searched for in its function's log group",
    expected="found",
    control="the upload itself is accepted",
    flip="remove the permission from the function's resource policy",
    conditions=(of_subjects(delivered("an upload invoked the function", UploadTrial.DELIVERED)),),
)

STATEMENTS = (
    Statement(
        id="C8",
        sentence="An event source mapping reads events with the function's execution role.",
        documented=(
            "The service polls with the role, and asks when the mapping is made whether the role may. The poller "
            "is no part of the function's VPC: a function in an isolated subnet is fed too."
        ),
        source=sources.LAMBDA_EVENT_SOURCES,
        expects=Verdict.HOLDS,
        needs=_NEEDS | {Capability.EVENT_SOURCES},
        cases={
            DEFAULT: Case(
                observed="a mapping offered before and after the role may read; records put into the sources",
                expected="refused before, made after; each record is printed by its consumer",
                control="the same call for the same role with the managed policy",
                flip="detach the event source's managed policy from the consumer's role",
                conditions=(
                    rejected(
                        "without its policy the mapping is refused",
                        MappingTrial.REFUSED,
                        "InvalidParameterValueException",
                        saying="ReceiveMessage",
                        controls=[MappingTrial.CREATED],
                    ),
                    done("with it made", MappingTrial.CREATED),
                    *_FED,
                ),
            ),
            **dict.fromkeys(ATTACHED, _FED_IN_THE_VPC),
        },
    ),
    Statement(
        id="C13",
        sentence="S3 invokes a function with the permission of the function's resource-based policy.",
        documented=(
            "For a service that calls, only the resource policy counts. It should name the bucket and the account "
            "that owns it; S3 asks when notifications are configured, and stays silent when it may not deliver."
        ),
        source=f"{sources.LAMBDA_GRANTING_ACCESS}; {sources.LAMBDA_S3}",
        expects=Verdict.HOLDS,
        needs=_NEEDS | {Capability.NOTIFICATIONS},
        cases={
            DEFAULT: Case(
                observed="notifications configured under four resource policies; uploads under two of them",
                expected="refused without, or bound to another bucket or account; else accepted and delivered",
                control="the same configuration with the bucket's own permission",
                flip="remove the permission from the function's resource policy",
                conditions=(
                    *(
                        rejected(text, name, "InvalidArgument", saying="Unable to validate", controls=controls)
                        for text, name, controls in (
                            ("refused without permission", BucketTrial.UNPERMITTED, [BucketTrial.PERMITTED]),
                            ("bound to another bucket", BucketTrial.OTHER_BUCKET, [BucketTrial.PERMITTED]),
                            ("or account", BucketTrial.OTHER_ACCOUNT, [BucketTrial.PERMITTED]),
                        )
                    ),
                    done("accepted with its own", BucketTrial.PERMITTED),
                    delivered("and delivered", BucketTrial.DELIVERED),
                    absent("silence once it is removed", BucketTrial.REMOVED, controls=[BucketTrial.DELIVERED]),
                    *_UPLOADED.conditions,
                ),
            ),
            **dict.fromkeys(ATTACHED, _UPLOADED),
        },
    ),
)
