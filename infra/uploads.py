"""A bucket that tells a function of every upload, because the function's own policy lets S3 invoke it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.function import Function, FunctionArgs


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadsArgs:
    """``account``: number of the account that owns the bucket. ``function``: as other functions are here."""

    account: str
    function: FunctionArgs


class Uploads(pulumi.ComponentResource):
    """A bucket, the function that its notifications invoke, and the permission that lets them.

    S3 has no role here: Lambda looks at the function's resource-based policy alone, which names the bucket, and
    the account too, since a bucket's ARN has none and a deleted bucket's name is anybody's (Lambda developer
    guide, "Granting Lambda function access to AWS services"). PutBucketNotificationConfiguration tries the
    destination, so the permission comes before it, and goes after it. A bucket has one notification configuration:
    a second BucketNotification would overwrite this one.
    """

    outputs: Mapping[str, Any]

    def __init__(self, name: str, args: UploadsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("vpclab:permissions:Uploads", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        # Nothing in it is worth keeping, and S3 deletes no bucket that has objects.
        bucket = aws.s3.Bucket(name, force_destroy=True, opts=child)
        description = "Prints the keys of what is uploaded to a bucket"
        function = Function(name, replace(args.function, description=description), child)
        permission = aws.lambda_.Permission(
            name,
            action="lambda:InvokeFunction",
            function=function.function.name,
            principal="s3.amazonaws.com",
            source_arn=bucket.arn,
            source_account=args.account,
            opts=child,
        )
        aws.s3.BucketNotification(
            name,
            bucket=bucket.bucket,
            lambda_functions=[
                aws.s3.BucketNotificationLambdaFunctionArgs(
                    lambda_function_arn=function.function.arn, events=["s3:ObjectCreated:*"]
                )
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permission]),
        )
        self.outputs = {"bucket_name": bucket.bucket, "bucket_arn": bucket.arn, **function.outputs}
        self.register_outputs(dict(self.outputs))
