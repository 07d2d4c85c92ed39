"""Principals, requests and policies for tests."""

from typing import Any

from vpclab.authorization import NamedPolicy, Policies, Principal, PrincipalKind, Request, parse_policy

HERE, THERE = "111111111111", "222222222222"
USER = Principal(kind=PrincipalKind.USER, account=HERE, arn=f"arn:aws:iam::{HERE}:user/ann")
ROLE_ARN = f"arn:aws:iam::{HERE}:role/app"
SESSION = Principal(
    kind=PrincipalKind.ROLE_SESSION,
    account=HERE,
    arn=f"arn:aws:sts::{HERE}:assumed-role/app/run",
    role_arn=ROLE_ARN,
)
ROOT = Principal(kind=PrincipalKind.ROOT, account=HERE, arn=f"arn:aws:iam::{HERE}:root")
S3 = Principal(kind=PrincipalKind.SERVICE, account=None, arn="s3.amazonaws.com")
ANYBODY = Principal(kind=PrincipalKind.ANONYMOUS, account=None, arn="*")
INVOKE = "lambda:InvokeFunction"
FUNCTION = f"arn:aws:lambda:us-east-1:{HERE}:function:f"


def request(
    principal: Principal = SESSION,
    action: str = INVOKE,
    resource: str = FUNCTION,
    account: str | None = HERE,
    **context: str | tuple[str, ...],
) -> Request:
    """A request; context keys are written ``aws__SourceArn``."""
    return Request(
        principal=principal,
        action=action,
        resource=resource,
        resource_account=account,
        context={
            key.replace("__", ":"): (value,) if isinstance(value, str) else value for key, value in context.items()
        },
    )


def statement(effect: str = "Allow", action: str = INVOKE, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"Effect": effect, "Action": action, "Resource": "*", **more}


def named(*statements: dict[str, Any], name: str = "p", version: str | None = "2012-10-17") -> NamedPolicy:
    document = {"Statement": list(statements)}
    return NamedPolicy(name, parse_policy({"Version": version, **document} if version else document))


ALLOWING = named(statement())
DENYING = named(statement("Deny"))
SILENT = named(statement(action="sqs:SendMessage"))


def naming(principal: object, effect: str = "Allow", **more: Any) -> NamedPolicy:  # noqa: ANN401 - JSON
    return named(statement(effect, Principal=principal, **more))


NOTHING = Policies()
