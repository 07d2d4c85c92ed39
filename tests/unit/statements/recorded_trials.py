"""Trials as a faithful target ends them, recorded once."""

from collections.abc import Iterable

from vpclab.statements.denial import EXPLICIT, IDENTITY, IMPLICIT, RESOURCE
from vpclab.statements.ending import Ending
from vpclab.statements.managed_policy import MANAGED_POLICIES
from vpclab.statements.observation import Refusal
from vpclab.statements.trial import Trial
from vpclab.statements.trial_name import (
    BucketTrial,
    FeedTrial,
    InterfaceTrial,
    InvokeTrial,
    LogPolicyTrial,
    MappingTrial,
    NatInstanceTrial,
    RoleTrial,
    TraceTrial,
    UploadTrial,
)
from vpclab.statements.variant import ATTACHED, DEFAULT, PRIVATE_NAT_INSTANCE

CALLER, FUNCTION = "role/caller", "arn:aws:lambda:us-east-1:123456789012:function:f"
NO_CHECK = Refusal("address", "eni-nat", "ENI_SOURCE_DEST_CHECK_RESTRICTION", "neither from nor to itself")
CLOSED_GROUP = Refusal("security-group", "sg-nat", "SG_HAS_NO_RULES", "no rule")


def done(*names: str) -> dict[str, Trial]:
    return {name: Trial(name.partition("/")[2], Ending.DONE) for name in names}


def denied(name: str, kind: str = IDENTITY, code: str = IMPLICIT) -> dict[str, Trial]:
    refusal = Refusal(kind, FUNCTION if kind == RESOURCE else CALLER, code, "no policy allows it")
    what = name.partition("/")[2]
    return {name: Trial(what, Ending.DENIED, "AccessDeniedException", "not authorized", refusal)}


def rejected(name: str, code: str, message: str = "") -> dict[str, Trial]:
    return {name: Trial(name.partition("/")[2], Ending.REJECTED, code, message)}


def absent(name: str, refused_by: Refusal | None = None) -> dict[str, Trial]:
    return {name: Trial(name.partition("/")[2], Ending.ABSENT, refused_by=refused_by)}


def _merged(trials: Iterable[dict[str, Trial]]) -> dict[str, Trial]:
    return {name: trial for some in trials for name, trial in some.items()}


NO_VALIDATION = "Unable to validate the following destination configurations"

_OF_THE_ACCOUNT = {
    **denied(RoleTrial.BEFORE),
    **done(RoleTrial.GRANTED, RoleTrial.NOT_CODE),
    **denied(RoleTrial.REVOKED),
    **denied(RoleTrial.ONLY_CODE_DENIED, code=EXPLICIT),
    **rejected(LogPolicyTrial.AS_TYPED, "MalformedPolicyDocument", "The policy failed legacy parsing"),
    **done(LogPolicyTrial.CORRECTED, LogPolicyTrial.DELIVERED, TraceTrial.BY_DAEMON),
    **_merged(done(*map(policy.trial, policy.allowed)) for policy in MANAGED_POLICIES.values()),
    **_merged(denied(policy.trial(action)) for policy in MANAGED_POLICIES.values() for action in policy.refused),
    **rejected(
        MappingTrial.REFUSED,
        "InvalidParameterValueException",
        "The function execution role does not have permissions to call ReceiveMessage on SQS",
    ),
    **done(MappingTrial.CREATED),
    **denied(InvokeTrial.SAME_NEITHER),
    **done(InvokeTrial.SAME_IDENTITY, InvokeTrial.SAME_RESOURCE, InvokeTrial.SAME_BOTH),
    **denied(InvokeTrial.SAME_IDENTITY_DENY, code=EXPLICIT),
    **denied(InvokeTrial.SAME_RESOURCE_DENY, RESOURCE, EXPLICIT),
    **denied(InvokeTrial.CROSS_NEITHER),
    **denied(InvokeTrial.CROSS_IDENTITY, RESOURCE),
    **denied(InvokeTrial.CROSS_RESOURCE),
    **done(InvokeTrial.CROSS_BOTH, InvokeTrial.WHOLE_POLICY, InvokeTrial.OVERWRITTEN),
    **rejected(BucketTrial.UNPERMITTED, "InvalidArgument", NO_VALIDATION),
    **rejected(BucketTrial.OTHER_BUCKET, "InvalidArgument", NO_VALIDATION),
    **rejected(BucketTrial.OTHER_ACCOUNT, "InvalidArgument", NO_VALIDATION),
    **done(BucketTrial.PERMITTED, BucketTrial.DELIVERED),
    **absent(BucketTrial.REMOVED),
}

_OF_A_STACK = done(*FeedTrial, *UploadTrial)

_OF_AN_ATTACHED_FUNCTION = {
    **rejected(
        InterfaceTrial.WITHOUT,
        "InvalidParameterValueException",
        "The provided execution role does not have permissions to call CreateNetworkInterface on EC2",
    ),
    **done(InterfaceTrial.WITH, InterfaceTrial.INVOKED),
}

_OF_A_NAT_INSTANCE = {
    **absent(NatInstanceTrial.CHECKED, NO_CHECK),
    **absent(NatInstanceTrial.CLOSED, CLOSED_GROUP),
}

TRIALS = {
    **dict.fromkeys(ATTACHED, _OF_A_STACK | _OF_AN_ATTACHED_FUNCTION),
    DEFAULT: _OF_A_STACK | _OF_THE_ACCOUNT,
    PRIVATE_NAT_INSTANCE: _OF_A_NAT_INSTANCE,
}
