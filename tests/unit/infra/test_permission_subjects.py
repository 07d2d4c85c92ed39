"""What the program deploys for the statements about permissions."""

import json

import pytest

from infra.settings import VariantName
from tests.unit.infra.program import ACCOUNT, deployed

every_variant = pytest.mark.parametrize("variant", [name.value for name in VariantName])

OF_A_FUNCTION = {"function_name", "function_arn", "role_name", "role_arn", "log_group_name"}


@every_variant
def test_subjects_can_be_found_by_the_outputs(variant: str) -> None:
    """Every function with its role and log group, and what feeds it."""
    outputs = deployed(variant).outputs
    assert {source: set(found) for source, found in outputs["consumers"].items()} == {
        "sqs": OF_A_FUNCTION | {"mapping_uuid", "queue_url", "queue_arn"},
        "kinesis": OF_A_FUNCTION | {"mapping_uuid", "stream_name", "stream_arn"},
        "dynamodb": OF_A_FUNCTION | {"mapping_uuid", "table_name", "table_arn", "stream_arn"},
    }
    assert outputs["bucket"].keys() == OF_A_FUNCTION | {"bucket_name", "bucket_arn"}
    assert outputs["tracer"].keys() == OF_A_FUNCTION
    assert outputs["invoked"].keys() == OF_A_FUNCTION | {"invoker_role_name", "invoker_role_arn"}


def test_subjects_can_be_left_out() -> None:
    """Without the setting there is the probe alone, and the outputs are there and empty."""
    program = deployed("private-nat", permissionSubjects="false")
    assert [one.name for one in program.of("Function")] == ["probe"]
    assert not program.of("Queue")
    assert not program.of("Stream")
    assert {name: program.outputs[name] for name in ("consumers", "bucket", "tracer", "invoked")} == {
        "consumers": {},
        "bucket": {},
        "tracer": {},
        "invoked": {},
    }


@every_variant
def test_function_can_stand_where_the_probe_stands(variant: str) -> None:
    """The same subnets and groups: that a consumer is fed there shows that the poller is the service."""
    functions = deployed(variant).of("Function")
    assert len({json.dumps(one.inputs.get("vpcConfig"), sort_keys=True) for one in functions}) == 1
    assert len({one.inputs["handler"] for one in functions}) == 1


def test_queue_can_hide_a_message_long_enough() -> None:
    """Six times the consumer's timeout, and at most five attempts before the dead-letter queue."""
    program = deployed("private-nat")
    queue, consumer = program.one("Queue", "queue"), program.one("Function", "sqs-consumer")
    assert queue.inputs["visibilityTimeoutSeconds"] >= 6 * consumer.inputs["timeout"]
    redrive = json.loads(queue.inputs["redrivePolicy"])
    assert redrive == {"deadLetterTargetArn": "arn:dead-letters", "maxReceiveCount": 5}
    short = deployed("private-nat", functionTimeoutSeconds="3")
    assert short.one("Queue", "queue").inputs["visibilityTimeoutSeconds"] == 18


@pytest.mark.parametrize("source", ["kinesis", "dynamodb"])
def test_stream_cannot_be_held_up_by_one_record(source: str) -> None:
    """A limit of retries, halves of batches and partial failures; nothing is missed while the mapping comes up."""
    mapping = deployed("private-nat").one("EventSourceMapping", source)
    assert mapping.inputs["maximumRetryAttempts"] == 2
    assert mapping.inputs["bisectBatchOnFunctionError"] is True
    assert mapping.inputs["startingPosition"] == "TRIM_HORIZON"


def test_every_mapping_can_be_told_of_single_failures() -> None:
    """The handler reports them, and without the setting nobody would read it."""
    mappings = deployed("private-nat").of("EventSourceMapping")
    assert {one.name for one in mappings} == {"sqs", "kinesis", "dynamodb"}
    assert {json.dumps(one.inputs["functionResponseTypes"]) for one in mappings} == {'["ReportBatchItemFailures"]'}


def test_stream_can_be_cheap() -> None:
    """One provisioned shard, and a table that costs only what is asked of it."""
    program = deployed("private-nat")
    stream, table = program.one("Stream", "stream"), program.one("Table", "table")
    assert (stream.inputs["shardCount"], stream.inputs["streamModeDetails"]) == (1, {"streamMode": "PROVISIONED"})
    assert table.inputs["billingMode"] == "PAY_PER_REQUEST"
    assert (table.inputs["streamEnabled"], table.inputs["streamViewType"]) == (True, "NEW_AND_OLD_IMAGES")


def test_bucket_can_invoke_its_function_alone() -> None:
    """The permission names the bucket and the account, and is there before the notification that S3 tries."""
    program = deployed("private-nat")
    permission = program.one("Permission", "uploads")
    assert (
        permission.inputs.items()
        >= {
            "principal": "s3.amazonaws.com",
            "action": "lambda:InvokeFunction",
            "function": "vpclab-private-nat-uploads",
            "sourceArn": "arn:uploads",
            "sourceAccount": ACCOUNT,
        }.items()
    )
    notification = program.one("BucketNotification", "uploads")
    (notified,) = notification.inputs["lambdaFunctions"]
    assert (notified["lambdaFunctionArn"], notified["events"]) == ("arn:uploads", ["s3:ObjectCreated:*"])
    assert program.resources.index(permission) < program.resources.index(notification)


def test_bucket_can_be_deleted_with_what_is_in_it() -> None:
    """S3 deletes no bucket that has objects."""
    assert deployed("private-nat").one("Bucket", "uploads").inputs["forceDestroy"] is True


def test_tracer_can_be_traced() -> None:
    """X-Ray is on for the tracer, and for nobody else."""
    modes = {one.name: one.inputs.get("tracingConfig") for one in deployed("private-nat").of("Function")}
    assert modes.pop("tracer") == {"mode": "Active"}
    assert set(modes.values()) == {None}


def test_invoker_can_have_nothing_but_the_function_s_policy() -> None:
    """A role of no policies, which the account may assume, named in the policy of one function."""
    program = deployed("private-nat")
    trust = json.loads(program.one("Role", "invoker").inputs["assumeRolePolicy"])
    assert [one["Principal"] for one in trust["Statement"]] == [{"AWS": f"arn:aws:iam::{ACCOUNT}:root"}]
    permission = program.one("Permission", "invoker")
    assert (permission.inputs["principal"], permission.inputs["function"]) == (
        "arn:invoker",
        "vpclab-private-nat-invoked",
    )
    assert not {"sourceArn", "sourceAccount"} & permission.inputs.keys()
