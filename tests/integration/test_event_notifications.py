"""S3's notifications: the permission that they need, at configuration and at delivery (C13)."""

from typing import Any

import pytest

from tests.deadline import eventually
from tests.integration.event_world import ACCOUNT, ARRIVES, EventWorld
from tests.integration.row_cloud import refused
from tests.integration.row_world import BASIC, RowWorld

NOT_VALID = "Unable to validate the following destination configurations"


@pytest.fixture
def events(world: RowWorld) -> EventWorld:
    return EventWorld(world)


class Uploads:
    """A bucket and a function that may or may not be told of what is put into it."""

    def __init__(self, events: EventWorld) -> None:
        self.events = events
        self.s3 = events.world.clients("s3")
        self.bucket = self.make()
        self.function = events.function(events.world.iam_role(BASIC))

    def make(self) -> str:
        name = f"uploads-{self.events.name()}"
        self.s3.create_bucket(Bucket=name)
        self.events.world.later(self.s3.delete_bucket, Bucket=name)
        return name

    def permit(self, bucket: str, account: str = ACCOUNT) -> None:
        self.events.functions.add_permission(
            FunctionName=self.function,
            StatementId="s3",
            Action="lambda:InvokeFunction",
            Principal="s3.amazonaws.com",
            SourceArn=f"arn:aws:s3:::{bucket}",
            SourceAccount=account,
        )

    def forbid(self) -> None:
        self.events.functions.remove_permission(FunctionName=self.function, StatementId="s3")

    def notify(self, **more: Any) -> None:  # noqa: ANN401 - what the API takes
        configuration = {
            "LambdaFunctionArn": self.events.arn(self.function),
            "Events": ["s3:ObjectCreated:*"],
            **more.pop("rule", {}),
        }
        self.s3.put_bucket_notification_configuration(
            Bucket=self.bucket,
            NotificationConfiguration={"LambdaFunctionConfigurations": [configuration]},
            **more,
        )

    def configured(self) -> list[Any]:
        told = self.s3.get_bucket_notification_configuration(Bucket=self.bucket)
        found: list[Any] = told.get("LambdaFunctionConfigurations", [])
        return found

    def put(self, key: str, body: bytes = b"hello") -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        self.events.world.later(self.s3.delete_object, Bucket=self.bucket, Key=key)


@pytest.fixture
def uploads(events: EventWorld) -> Uploads:
    return Uploads(events)


def test_notification_cannot_be_configured_without_permission(uploads: Uploads) -> None:
    """S3 tries the destination when it is configured; nothing is recorded."""
    with refused("InvalidArgument", NOT_VALID):
        uploads.notify()
    assert uploads.configured() == []


@pytest.mark.parametrize("bound_to", ["another bucket", "another account"])
def test_notification_cannot_use_a_permission_for_others(uploads: Uploads, bound_to: str) -> None:
    """aws:SourceArn and aws:SourceAccount of the permission must be this bucket's."""
    if bound_to == "another bucket":
        uploads.permit(f"{uploads.bucket}-other")
    else:
        uploads.permit(uploads.bucket, "210987654321")
    with refused("InvalidArgument", NOT_VALID):
        uploads.notify()
    assert uploads.configured() == []
    uploads.forbid()
    uploads.permit(uploads.bucket)
    uploads.notify()
    assert len(uploads.configured()) == 1


def test_upload_can_invoke_a_function(uploads: Uploads) -> None:
    """With the permission: the event has S3's fields, the key is encoded as S3 encodes it."""
    uploads.permit(uploads.bucket)
    uploads.notify(rule={"Id": "mine"})
    uploads.put("a folder/a file.txt")
    [record] = uploads.events.sees(uploads.function, 1)
    assert (record["eventSource"], record["eventName"], record["eventVersion"]) == (
        "aws:s3",
        "ObjectCreated:Put",
        "2.1",
    )
    told = record["s3"]
    assert (told["s3SchemaVersion"], told["configurationId"]) == ("1.0", "mine")
    assert told["bucket"]["name"] == uploads.bucket
    assert told["bucket"]["arn"] == f"arn:aws:s3:::{uploads.bucket}"
    assert (told["object"]["key"], told["object"]["size"]) == ("a+folder/a+file.txt", 5)
    assert {"eTag", "sequencer"} <= set(told["object"])


def test_notification_can_be_of_some_objects_only(uploads: Uploads) -> None:
    """Prefix and suffix; copies and removals are events of their own."""
    uploads.permit(uploads.bucket)
    rules = [{"Name": "prefix", "Value": "in/"}, {"Name": "suffix", "Value": ".txt"}]
    uploads.notify(
        rule={"Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"], "Filter": {"Key": {"FilterRules": rules}}}
    )
    for key in ("out/a.txt", "in/a.png", "in/a.txt"):
        uploads.put(key)
    source = {"Bucket": uploads.bucket, "Key": "in/a.txt"}
    uploads.s3.copy_object(Bucket=uploads.bucket, Key="in/b.txt", CopySource=source)
    uploads.s3.delete_object(Bucket=uploads.bucket, Key="in/b.txt")
    records = uploads.events.sees(uploads.function, 3)
    found = {(one["eventName"], one["s3"]["object"]["key"]) for one in records}
    assert found == {
        ("ObjectCreated:Put", "in/a.txt"),
        ("ObjectCreated:Copy", "in/b.txt"),
        ("ObjectRemoved:Delete", "in/b.txt"),
    }


def test_removed_permission_can_silence_a_bucket(uploads: Uploads) -> None:
    """No event and no error at the upload; given back, the next upload is told of again."""
    uploads.permit(uploads.bucket)
    uploads.notify()
    uploads.forbid()
    uploads.put("silent")
    uploads.permit(uploads.bucket)
    uploads.put("told")
    records = uploads.events.sees(uploads.function, 1)
    assert [one["s3"]["object"]["key"] for one in records] == ["told"]
    uploads.put("again")
    keys = [one["s3"]["object"]["key"] for one in uploads.events.sees(uploads.function, 2)]
    assert sorted(keys) == ["again", "told"]


def test_notification_cannot_be_ambiguous(uploads: Uploads) -> None:
    """Two rules that one upload would match; a destination that is nowhere, unless S3 is told not to look."""
    uploads.permit(uploads.bucket)
    rule = {"LambdaFunctionArn": uploads.events.arn(uploads.function), "Events": ["s3:ObjectCreated:*"]}
    with refused("InvalidArgument", "Configuration is ambiguously defined"):
        uploads.s3.put_bucket_notification_configuration(
            Bucket=uploads.bucket,
            NotificationConfiguration={
                "LambdaFunctionConfigurations": [rule, {**rule, "Events": ["s3:ObjectCreated:Put"]}]
            },
        )
    nowhere = {"LambdaFunctionArn": uploads.events.arn("nowhere")}
    with refused("InvalidArgument", NOT_VALID):
        uploads.notify(rule=nowhere)
    uploads.notify(rule=nowhere, SkipDestinationValidation=True)
    assert len(uploads.configured()) == 1
    uploads.put("told to nobody")


def test_queue_can_be_told_of_uploads(uploads: Uploads) -> None:
    """Through the queue's own policy; the first message is S3's test."""
    url, arn = uploads.events.queue()
    rule = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}
    given = {"Bucket": uploads.bucket, "NotificationConfiguration": {"QueueConfigurations": [rule]}}
    with refused("InvalidArgument", NOT_VALID):
        uploads.s3.put_bucket_notification_configuration(**given)
    policy = f"""{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": "sqs:SendMessage",
        "Principal": {{"Service": "s3.amazonaws.com"}}, "Resource": "{arn}",
        "Condition": {{"ArnLike": {{"aws:SourceArn": "arn:aws:s3:::{uploads.bucket}"}}}}}}]}}"""
    uploads.events.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    uploads.s3.put_bucket_notification_configuration(**given)
    assert "s3:TestEvent" in uploads.events.received(url)["Body"]
    uploads.put("file")
    assert '"key": "file"' in uploads.events.received(url)["Body"]
    eventually(lambda: uploads.events.left(url) == 0, ARRIVES, "nothing else was sent")
