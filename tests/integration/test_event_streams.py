"""Kinesis and DynamoDB streams that feed functions: order, positions, retries, halves, and what is given up."""

import base64
import json
import time
from typing import Any

import pytest

from tests.deadline import eventually
from tests.integration.event_world import ACCOUNT, ARRIVES, DYNAMODB, KINESIS, EventWorld
from tests.integration.row_cloud import REGION, refused
from tests.integration.row_world import BASIC, VPC_ACCESS, RowWorld

INVALID = "InvalidParameterValueException"
SENDS = ("sqs:SendMessage", "s3:PutObject", "s3:ListBucket")


@pytest.fixture
def events(world: RowWorld) -> EventWorld:
    return EventWorld(world)


def put(events: EventWorld, stream: str, *texts: str, key: str = "k") -> None:
    records = [{"Data": text.encode(), "PartitionKey": key} for text in texts]
    events.world.clients("kinesis").put_records(StreamName=stream, Records=records)


def texts(records: list[dict[str, Any]]) -> list[str]:
    return [base64.b64decode(one["kinesis"]["data"]).decode() for one in records]


def test_stream_can_feed_a_function(events: EventWorld) -> None:
    """With AWSLambdaKinesisExecutionRole, from the beginning, in order, with Kinesis's fields; isolated or not."""
    role = events.world.iam_role(KINESIS, VPC_ACCESS)
    function = events.function(role, events.world.isolated())
    name, arn = events.stream()
    put(events, name, "before")
    mapping = events.mapping(function, arn, StartingPosition="TRIM_HORIZON")
    put(events, name, "one", "two")
    records = events.sees(function, 3)
    assert texts(records) == ["before", "one", "two"]
    assert {one["eventSource"] for one in records} == {"aws:kinesis"}
    first = records[0]
    shard, _, number = first["eventID"].partition(":")
    assert (shard, number) == ("shardId-000000000000", first["kinesis"]["sequenceNumber"])
    assert first["eventName"] == "aws:kinesis:record"
    assert (first["eventSourceARN"], first["invokeIdentityArn"]) == (arn, role)
    assert first["kinesis"]["partitionKey"] == "k"
    assert abs(first["kinesis"]["approximateArrivalTimestamp"] - time.time()) < 120
    told = events.functions.get_event_source_mapping(UUID=mapping)
    assert (told["StartingPosition"], told["MaximumRetryAttempts"], told["BatchSize"]) == ("TRIM_HORIZON", -1, 100)


def test_latest_position_cannot_show_what_was_before(events: EventWorld) -> None:
    """LATEST begins with what comes after the mapping was made."""
    function = events.function(events.world.iam_role(KINESIS))
    name, arn = events.stream()
    put(events, name, "before")
    events.mapping(function, arn, StartingPosition="LATEST")
    put(events, name, "after")
    assert texts(events.sees(function, 1)) == ["after"]


def test_every_shard_can_be_read(events: EventWorld) -> None:
    """A reader per shard."""
    function = events.function(events.world.iam_role(KINESIS))
    name, arn = events.stream(shards=3)
    events.mapping(function, arn, StartingPosition="TRIM_HORIZON")
    for number in range(9):
        put(events, name, str(number), key=f"key-{number}")
    assert sorted(texts(events.sees(function, 9))) == list("012345678")


def test_stream_cannot_feed_a_function_without_permission(events: EventWorld) -> None:
    """The role is asked for every action that Lambda's refusal lists, for both kinds of stream."""
    function = events.function(events.world.iam_role(BASIC))
    _, stream = events.stream()
    _, table = events.table()
    for arn, actions in (
        (stream, "GetRecords, GetShardIterator, DescribeStream, ListShards, and DescribeStreamSummary"),
        (table, "GetRecords, GetShardIterator, DescribeStream, and ListStreams"),
    ):
        text = (
            f"Cannot access stream {arn}. Please ensure the role can perform the {actions} Actions on your stream"
        )
        with refused(INVALID, text):
            events.functions.create_event_source_mapping(
                FunctionName=function, EventSourceArn=arn, StartingPosition="LATEST"
            )
    with refused(INVALID, "Cannot access stream"):  # Kinesis's policy says nothing of tables
        events.functions.create_event_source_mapping(
            FunctionName=events.function(events.world.iam_role(KINESIS)),
            EventSourceArn=table,
            StartingPosition="LATEST",
        )


def test_stream_mapping_cannot_be_made_of_what_does_not_fit(events: EventWorld) -> None:
    """A position is needed; a stream must exist; its destination must be allowed."""
    function = events.function(events.world.iam_role(KINESIS, DYNAMODB))
    _, stream = events.stream()
    name, _ = events.table()
    create = events.functions.create_event_source_mapping
    with refused(INVALID, "Value null at 'startingPosition'"):
        create(FunctionName=function, EventSourceArn=stream)
    with refused("ResourceNotFoundException", "Stream not found"):
        create(FunctionName=function, EventSourceArn=f"{stream}-none", StartingPosition="LATEST")
    with refused(INVALID, "is a table, not its stream"):
        table = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"
        create(FunctionName=function, EventSourceArn=table, StartingPosition="LATEST")
    _, queue = events.queue()
    with refused(INVALID, "does not have permissions to call SendMessage on", queue):
        create(
            FunctionName=function,
            EventSourceArn=stream,
            StartingPosition="LATEST",
            DestinationConfig={"OnFailure": {"Destination": queue}},
        )
    assert not events.functions.list_event_source_mappings(EventSourceArn=stream)["EventSourceMappings"]


def test_failing_batch_can_be_given_up(events: EventWorld) -> None:
    """Retried as often as the mapping says, then told to the destination; the shard goes on after it."""
    function = events.function(events.world.iam_role(KINESIS, allows=SENDS))
    url, queue = events.queue()
    name, arn = events.stream()
    mapping = events.mapping(
        function,
        arn,
        StartingPosition="TRIM_HORIZON",
        BatchSize=1,
        MaximumRetryAttempts=2,
        DestinationConfig={"OnFailure": {"Destination": queue}},
    )
    put(events, name, "raise!", "next")
    told = json.loads(events.received(url)["Body"])
    assert told["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert told["requestContext"]["approximateInvokeCount"] == 3
    assert told["requestContext"]["functionArn"] == events.arn(function)
    assert told["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    batch = told["KinesisBatchInfo"]
    assert (batch["shardId"], batch["batchSize"], batch["streamArn"]) == ("shardId-000000000000", 1, arn)
    assert batch["startSequenceNumber"] == batch["endSequenceNumber"]
    assert texts(events.sees(function, 4)) == ["raise!", "raise!", "raise!", "next"]
    eventually(lambda: events.result(mapping) == "OK", ARRIVES, "the mapping has gone on")


def test_failing_batch_can_be_cut_in_two(events: EventWorld) -> None:
    """BisectBatchOnFunctionError finds the bad record; the others are handled, once each in the end."""
    function = events.function(events.world.iam_role(KINESIS, allows=SENDS))
    url, queue = events.queue()
    name, arn = events.stream()
    mapping = events.mapping(
        function,
        arn,
        state="Disabled",
        Enabled=False,
        StartingPosition="TRIM_HORIZON",
        MaximumRetryAttempts=0,
        BisectBatchOnFunctionError=True,
        DestinationConfig={"OnFailure": {"Destination": queue}},
    )
    put(events, name, "a", "b", "raise!", "c")
    events.functions.update_event_source_mapping(UUID=mapping, Enabled=True)
    assert json.loads(events.received(url)["Body"])["KinesisBatchInfo"]["batchSize"] == 1
    events.sees(function, 10)
    assert [texts(one["Records"]) for one in events.fed(function)] == [
        ["a", "b", "raise!", "c"],
        ["a", "b"],
        ["raise!", "c"],
        ["raise!"],
        ["c"],
    ]


def test_reported_failure_can_move_the_position(events: EventWorld) -> None:
    """ReportBatchItemFailures: what came before the first reported record is done with."""
    function = events.function(events.world.iam_role(KINESIS))
    name, arn = events.stream()
    mapping = events.mapping(
        function,
        arn,
        state="Disabled",
        Enabled=False,
        StartingPosition="TRIM_HORIZON",
        MaximumRetryAttempts=1,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    put(events, name, "a", "report!", "b")
    events.functions.update_event_source_mapping(UUID=mapping, Enabled=True)
    events.settled(mapping, "Enabled")
    events.sees(function, 5)
    put(events, name, "c")
    events.sees(function, 6)
    assert [texts(one["Records"]) for one in events.fed(function)] == [
        ["a", "report!", "b"],
        ["report!", "b"],
        ["c"],
    ]


def test_given_up_records_can_be_kept_in_a_bucket(events: EventWorld) -> None:
    """An S3 destination gets the records themselves."""
    s3, bucket = events.world.clients("s3"), events.name()
    s3.create_bucket(Bucket=bucket)
    events.world.later(s3.delete_bucket, Bucket=bucket)
    function = events.function(events.world.iam_role(KINESIS, allows=SENDS))
    name, arn = events.stream()
    mapping = events.mapping(
        function,
        arn,
        StartingPosition="TRIM_HORIZON",
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": f"arn:aws:s3:::{bucket}"}},
    )
    put(events, name, "raise!")
    listed = eventually(
        lambda: s3.list_objects_v2(Bucket=bucket).get("Contents"), ARRIVES, "the records are in the bucket"
    )
    key = listed[0]["Key"]
    events.world.later(s3.delete_object, Bucket=bucket, Key=key)
    assert key.startswith(f"aws/lambda/{mapping}/shardId-000000000000/")
    payload = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())["payload"]
    assert texts(json.loads(payload)["Records"]) == ["raise!"]


def test_table_can_feed_a_function(events: EventWorld) -> None:
    """With AWSLambdaDynamoDBExecutionRole: inserts, changes, removals and their images; no change, no record."""
    function = events.function(events.world.iam_role(DYNAMODB))
    name, arn = events.table()
    events.mapping(function, arn, StartingPosition="LATEST")
    dynamodb = events.world.clients("dynamodb")
    key = {"id": {"S": "a"}}
    dynamodb.put_item(TableName=name, Item={**key, "n": {"N": "1"}})
    dynamodb.put_item(TableName=name, Item={**key, "n": {"N": "1"}})
    dynamodb.put_item(TableName=name, Item={**key, "n": {"N": "2"}})
    dynamodb.delete_item(TableName=name, Key=key)
    records = events.sees(function, 3)
    assert [one["eventName"] for one in records] == ["INSERT", "MODIFY", "REMOVE"]
    changed = records[1]
    assert (changed["eventSource"], changed["eventVersion"], changed["awsRegion"]) == (
        "aws:dynamodb",
        "1.1",
        "us-east-1",
    )
    assert changed["eventSourceARN"] == arn
    told = changed["dynamodb"]
    assert (told["Keys"], told["StreamViewType"]) == (key, "NEW_AND_OLD_IMAGES")
    assert (told["OldImage"]["n"], told["NewImage"]["n"]) == ({"N": "1"}, {"N": "2"})
    assert int(told["SequenceNumber"]) > int(records[0]["dynamodb"]["SequenceNumber"])
    assert abs(told["ApproximateCreationDateTime"] - time.time()) < 120


@pytest.mark.parametrize("kind", ["kinesis", "dynamodb"])
def test_stream_cannot_be_read_when_permission_is_withdrawn(events: EventWorld, kind: str) -> None:
    """Asked at every poll: records wait for the role, and the mapping says what is missing."""
    policy = KINESIS if kind == "kinesis" else DYNAMODB
    role = events.world.iam_role(policy, BASIC)
    function = events.function(role)
    name, arn = events.stream() if kind == "kinesis" else events.table()
    mapping = events.mapping(function, arn, StartingPosition="LATEST")
    give_back = events.detach(role, policy)
    events.world.later(events.iam.detach_role_policy, RoleName=role.rpartition("/")[2], PolicyArn=policy)
    if kind == "kinesis":
        put(events, name, "kept")
    else:
        events.world.clients("dynamodb").put_item(TableName=name, Item={"id": {"S": "kept"}})
    eventually(
        lambda: "Cannot access stream" in events.result(mapping), ARRIVES, "the mapping says what is missing"
    )
    assert events.records(function) == []
    give_back()
    [record] = events.sees(function, 1)
    assert record["eventSourceARN"] == arn


def test_stream_cannot_change_its_shards_under_a_mapping(events: EventWorld) -> None:
    """Not modelled, and said so."""
    function = events.function(events.world.iam_role(KINESIS))
    name, arn = events.stream()
    events.mapping(function, arn, StartingPosition="LATEST")
    with refused("UnsupportedOperation", "does not model a change of"):
        events.world.clients("kinesis").update_shard_count(
            StreamName=name, TargetShardCount=2, ScalingType="UNIFORM_SCALING"
        )
