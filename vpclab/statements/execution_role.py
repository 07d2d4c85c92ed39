"""Whether a role, or a function's resource policy, lets the service do what it does on somebody's behalf."""

import json
from collections.abc import Iterable, Iterator, Sequence

from botocore.exceptions import ClientError

from vpclab.authorization import (
    Decision,
    MalformedPolicyError,
    NamedPolicy,
    NotModelledError,
    Policies,
    Policy,
    Principal,
    PrincipalKind,
    Request,
    authorize,
    parse_policy,
)
from vpclab.statements.denial import IMPLICIT, RESOURCE
from vpclab.statements.observation import Refusal
from vpclab.statements.target import Target

DELIVERY_ACTIONS = ("logs:CreateLogStream", "logs:PutLogEvents")
"""What the service does with the role for each environment's stream and lines (AWSLambdaBasicExecutionRole)."""


def delivery_refusal(target: Target, role_name: str, log_group: str) -> Refusal | None:
    """Return the role as the refusing component where its own policies do not allow delivery to ``log_group``."""
    account = _account(target, role_name)
    stream = f"arn:aws:logs:{target.region}:{account}:log-group:{log_group}:log-stream:any"
    return role_refusal(target, role_name, DELIVERY_ACTIONS, stream)


def role_refusal(target: Target, role_name: str, actions: Sequence[str], resource: str) -> Refusal | None:
    """Return the role as the refusing component where its own policies do not allow all of ``actions``.

    Conditions and permissions boundaries are not looked at, so None does not mean that they are allowed.
    """
    try:
        return _refusal(role_name, _account(target, role_name), [*_policies(target, role_name)], actions, resource)
    except (NotModelledError, MalformedPolicyError):
        return None


def bucket_refusal(target: Target, function_name: str, bucket: str) -> Refusal | None:
    """Return the function's resource policy as what refuses, where it does not let S3 invoke for ``bucket``."""
    service = target.client("lambda")
    arn = str(service.get_function_configuration(FunctionName=function_name)["FunctionArn"])
    account = arn.split(":")[4]
    try:
        text = service.get_policy(FunctionName=function_name)["Policy"]
    except ClientError as failure:
        if failure.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        text = json.dumps({"Version": "2012-10-17", "Statement": []})
    statements = json.loads(text)["Statement"]
    request = Request(
        principal=Principal(kind=PrincipalKind.SERVICE, account=None, arn="s3.amazonaws.com"),
        action="lambda:InvokeFunction",
        resource=arn,
        resource_account=account,
        context={"aws:SourceArn": (f"arn:aws:s3:::{bucket}",), "aws:SourceAccount": (account,)},
    )
    try:
        policy = NamedPolicy("resource", parse_policy(text)) if statements else None
        verdict = authorize(request, Policies(resource=policy))
    except (NotModelledError, MalformedPolicyError):
        return None
    if verdict.allowed:
        return None
    return Refusal(RESOURCE, arn, IMPLICIT, f"it does not let S3 invoke the function for {bucket}")


def _refusal(
    role_name: str, account: str, policies: Iterable[Policy], actions: Sequence[str], resource: str
) -> Refusal | None:
    policies = tuple(policies)
    if any(statement.conditional for policy in policies for statement in policy.statements):
        return None
    named = Policies(identity=tuple(NamedPolicy(str(number), policy) for number, policy in enumerate(policies)))
    session = Principal(
        kind=PrincipalKind.ROLE_SESSION,
        account=account,
        arn=f"arn:aws:sts::{account}:assumed-role/{role_name}/service",
        role_arn=f"arn:aws:iam::{account}:role/{role_name}",
    )
    decisions = {
        action: authorize(Request(principal=session, action=action, resource=resource), named).decision
        for action in actions
    }
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


def _account(target: Target, role_name: str) -> str:
    return str(target.client("iam").get_role(RoleName=role_name)["Role"]["Arn"]).split(":")[4]


def _policies(target: Target, role_name: str) -> Iterator[Policy]:
    iam = target.client("iam")
    for attached in iam.list_attached_role_policies(RoleName=role_name)["AttachedPolicies"]:
        arn = attached["PolicyArn"]
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        yield parse_policy(iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"])
    for name in iam.list_role_policies(RoleName=role_name)["PolicyNames"]:
        yield parse_policy(iam.get_role_policy(RoleName=role_name, PolicyName=name)["PolicyDocument"])
