"""The changes of roles and policies that flip verdicts, each made with boto3 and undone in the end."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from tests.deadline import eventually
from tests.verify.changes import SECONDS, Outputs
from vpclab.statements.managed_policy import BASIC, MANAGED_POLICIES, VPC, ManagedPolicy
from vpclab.statements.target import Target


@contextmanager
def without_policy(target: Target, role: str, policy: ManagedPolicy) -> Iterator[None]:
    """Detach one managed policy from a role."""
    iam, identity = target.client("iam"), {"RoleName": role, "PolicyArn": policy.arn}
    iam.detach_role_policy(**identity)
    try:
        yield
    finally:
        iam.attach_role_policy(**identity)


@contextmanager
def policies_that_grant_more(target: Target) -> Iterator[Mapping[str, str]]:
    """Make a copy of each managed policy with one action too many; yields their ARNs by the policies' names."""
    iam = target.client("iam")
    with ExitStack() as undo:
        arns = {}
        for name, policy in MANAGED_POLICIES.items():
            statement = {
                "Effect": "Allow",
                "Action": [*sorted(policy.actions), policy.refused[0]],
                "Resource": "*",
            }
            made = iam.create_policy(
                PolicyName=f"more-than-{name}",
                PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
            )
            arns[name] = made["Policy"]["Arn"]
            undo.callback(iam.delete_policy, PolicyArn=arns[name])
        yield arns


@contextmanager
def with_role_of_another(target: Target, outputs: Outputs) -> Iterator[tuple[str, str]]:
    """Give the function that uploads invoke the role of the one that messages do; yields both names."""
    service = target.client("lambda")
    name, other = outputs["bucket"]["function_name"], outputs["consumers"]["sqs"]["function_name"]

    def settled() -> bool:
        found = service.get_function_configuration(FunctionName=name)
        return bool(found.get("LastUpdateStatus") in ("Successful", None))

    def give(role: str) -> None:
        service.update_function_configuration(FunctionName=name, Role=role)
        eventually(settled, SECONDS, f"{name} is updated")

    give(outputs["consumers"]["sqs"]["role_arn"])
    try:
        yield name, other
    finally:
        give(outputs["bucket"]["role_arn"])


@contextmanager
def with_another_role(target: Target, outputs: Outputs) -> Iterator[None]:
    """Give the probe the role of the function that somebody else invokes."""
    service, name = target.client("lambda"), outputs["function_name"]
    own = service.get_function_configuration(FunctionName=name)["Role"]

    def give(role: str) -> None:
        service.update_function_configuration(FunctionName=name, Role=role)

    give(outputs["invoked"]["role_arn"])
    try:
        yield
    finally:
        give(own)


@contextmanager
def without_permission(target: Target, outputs: Outputs) -> Iterator[None]:
    """Remove from the resource policy of the bucket's function what lets S3 invoke it."""
    service, name = target.client("lambda"), outputs["bucket"]["function_name"]
    (statement,) = json.loads(service.get_policy(FunctionName=name)["Policy"])["Statement"]
    identity = {"FunctionName": name, "StatementId": statement["Sid"]}
    service.remove_permission(**identity)
    try:
        yield
    finally:
        service.add_permission(
            **identity,
            Action=statement["Action"],
            Principal=statement["Principal"]["Service"],
            SourceArn=statement["Condition"]["ArnLike"]["AWS:SourceArn"],
            SourceAccount=statement["Condition"]["StringEquals"]["AWS:SourceAccount"],
        )


@contextmanager
def without_interface_permissions(target: Target, outputs: Outputs) -> Iterator[None]:
    """Leave the execution role nothing but writing logs: all of EC2 goes with the policy that granted it."""
    iam, role = target.client("iam"), outputs["role_name"]
    with without_policy(target, role, VPC):
        iam.attach_role_policy(RoleName=role, PolicyArn=BASIC.arn)
        try:
            yield
        finally:
            iam.detach_role_policy(RoleName=role, PolicyArn=BASIC.arn)
