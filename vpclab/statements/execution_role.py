"""Whether a function's execution role lets the service deliver log lines."""

from collections.abc import Iterable, Iterator

from vpclab.authorization import (
    Decision,
    MalformedPolicyError,
    NotModelledError,
    Policy,
    decide,
    parse_policy,
)
from vpclab.statements.observation import Refusal
from vpclab.statements.target import Target

DELIVERY_ACTIONS = ("logs:CreateLogStream", "logs:PutLogEvents")
"""What the service does with the role for each environment's stream and lines (AWSLambdaBasicExecutionRole)."""


def delivery_refusal(target: Target, role_name: str, log_group: str) -> Refusal | None:
    """Return the role as the refusing component where its own policies do not allow delivery to ``log_group``.

    Conditions and permissions boundaries are not looked at, so None does not mean that delivery is allowed.
    """
    account = target.client("iam").get_role(RoleName=role_name)["Role"]["Arn"].split(":")[4]
    stream = f"arn:aws:logs:{target.region}:{account}:log-group:{log_group}:log-stream:any"
    try:
        return refusal(role_name, [*_policies(target, role_name)], stream)
    except (NotModelledError, MalformedPolicyError):
        return None


def refusal(role_name: str, policies: Iterable[Policy], log_stream_arn: str) -> Refusal | None:
    """Return the role as refusing component where ``policies`` deny one of the actions of delivery."""
    policies = tuple(policies)
    decisions = {action: decide(policies, action, log_stream_arn) for action in DELIVERY_ACTIONS}
    denied = [action for action, decision in decisions.items() if decision is not Decision.ALLOWED]
    if not denied:
        return None
    explicit = Decision.EXPLICITLY_DENIED in decisions.values()
    return Refusal(
        kind="execution-role",
        component=role_name,
        reason=(
            f"an identity-based policy denies {' and '.join(denied)}"
            if explicit
            else f"no identity-based policy allows {' and '.join(denied)}"
        ),
    )


def _policies(target: Target, role_name: str) -> Iterator[Policy]:
    iam = target.client("iam")
    for attached in iam.list_attached_role_policies(RoleName=role_name)["AttachedPolicies"]:
        arn = attached["PolicyArn"]
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        yield parse_policy(iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"])
    for name in iam.list_role_policies(RoleName=role_name)["PolicyNames"]:
        yield parse_policy(iam.get_role_policy(RoleName=role_name, PolicyName=name)["PolicyDocument"])
