"""What a bucket may deliver, by what the function's resource policy says of it."""

import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from vpclab.statements.deployment import Deployment
from vpclab.statements.ending import Ending
from vpclab.statements.experiments.attempt import attempt, settle
from vpclab.statements.experiments.delivery import Expected, wait_for_line
from vpclab.statements.experiments.workshop import Workshop
from vpclab.statements.managed_policy import BASIC
from vpclab.statements.trial_name import BucketTrial

SILENCE_SECONDS = 2.0
"""On this machine, how long is waited for what should not come; what should takes a fraction of that."""

STATEMENT = "bucket"
ANOTHER_ACCOUNT = "210987654321"


def experiment(workshop: Workshop, deployment: Deployment) -> None:
    """Configure a bucket's notifications under four resource policies, and upload under two."""
    role = workshop.role("uploads", managed=[BASIC.name])
    function = workshop.function("uploads", role, deployment.function_name)
    arn = workshop.target.client("lambda").get_function_configuration(FunctionName=function)["FunctionArn"]
    account = arn.split(":")[4]
    bucket = _bucket(workshop)
    bound = {"SourceArn": f"arn:aws:s3:::{bucket}", "SourceAccount": account}
    s3 = workshop.target.client("s3")
    events = [{"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}]

    def configure(trial: BucketTrial, wanted: Ending) -> None:
        what = f"notifications {trial.partition('/')[2]}"
        workshop.trials[trial] = settle(
            workshop.target,
            wanted,
            lambda: attempt(
                what,
                lambda: s3.put_bucket_notification_configuration(
                    Bucket=bucket, NotificationConfiguration={"LambdaFunctionConfigurations": events}
                ),
            ),
        )

    configure(BucketTrial.UNPERMITTED, Ending.REJECTED)
    with _permission(workshop, function, {**bound, "SourceArn": f"{bound['SourceArn']}-another"}):
        configure(BucketTrial.OTHER_BUCKET, Ending.REJECTED)
    with _permission(workshop, function, {**bound, "SourceAccount": _another(account)}):
        configure(BucketTrial.OTHER_ACCOUNT, Ending.REJECTED)
    with _permission(workshop, function, bound):
        configure(BucketTrial.PERMITTED, Ending.DONE)
        _upload(workshop, bucket, function, BucketTrial.DELIVERED)
    _upload(workshop, bucket, function, BucketTrial.REMOVED)


def _bucket(workshop: Workshop) -> str:
    s3, name = workshop.target.client("s3"), workshop.name("uploads")
    region = workshop.target.region
    placed = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, **placed)
    workshop.undo(f"bucket {name}", s3.delete_bucket, Bucket=name)
    return name


@contextmanager
def _permission(workshop: Workshop, function: str, bound: Mapping[str, str]) -> Iterator[None]:
    """Let S3 invoke the function for a while, bound as given."""
    service = workshop.target.client("lambda")
    service.add_permission(
        FunctionName=function,
        StatementId=STATEMENT,
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        **bound,
    )
    yield
    service.remove_permission(FunctionName=function, StatementId=STATEMENT)


def _upload(workshop: Workshop, bucket: str, function: str, trial: BucketTrial) -> None:
    s3, key, began = workshop.target.client("s3"), uuid.uuid4().hex, time.time()
    s3.put_object(Bucket=bucket, Key=key, Body=b"")
    workshop.undo(f"object {key}", s3.delete_object, Bucket=bucket, Key=key)
    short = SILENCE_SECONDS if trial is BucketTrial.REMOVED and workshop.target.is_on_loopback else None
    workshop.trials[trial] = wait_for_line(
        workshop.target,
        trial.partition("/")[2],
        Expected(f"/aws/lambda/{function}", key, began),
        seconds=short,
    )


def _another(account: str) -> str:
    return ANOTHER_ACCOUNT if account != ANOTHER_ACCOUNT else "123456789012"
