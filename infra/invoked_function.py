"""A function that somebody else may invoke, because its own policy says so."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.function import Function, FunctionArgs


@dataclass(frozen=True, slots=True, kw_only=True)
class InvokedFunctionArgs:
    """``account``: number of the account whose identities may become the invoker."""

    account: str
    function: FunctionArgs


class InvokedFunction(pulumi.ComponentResource):
    """A function, and a role without any policy of its own that the function's resource-based policy names.

    Within one account it is enough that either the identity's policies or the resource's allow a call (IAM user
    guide, "Policy evaluation logic"): the role may invoke this function and do nothing else. A trust policy that
    names the account's root leaves it to the account's own policies who may assume the role.
    """

    outputs: Mapping[str, Any]

    def __init__(self, name: str, args: InvokedFunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("vpclab:permissions:InvokedFunction", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{args.account}:root"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
        invoker = aws.iam.Role(
            "invoker",
            description="Has no permissions but those that a function's own policy gives it",
            assume_role_policy=json.dumps(trust),
            opts=child,
        )
        description = "Is invoked by a principal that only this function's policy allows to"
        function = Function(name, replace(args.function, description=description), child)
        # AddPermission refuses a role that IAM has not spread yet; this one had the time that the function took.
        aws.lambda_.Permission(
            "invoker",
            action="lambda:InvokeFunction",
            function=function.function.name,
            principal=invoker.arn,
            opts=child,
        )
        self.outputs = {**function.outputs, "invoker_role_name": invoker.name, "invoker_role_arn": invoker.arn}
        self.register_outputs(dict(self.outputs))
