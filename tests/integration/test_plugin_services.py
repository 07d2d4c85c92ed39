"""Queues, streams, tables, buckets, functions that they feed, caches and load balancers, by the real engine."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.plugin_world import Stack, api, new_stack

HEAD = "import json\nimport pulumi\nimport pulumi_aws as aws\n"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with api() as endpoint:
        yield endpoint


@pytest.fixture
def stack(endpoint: str, tmp_path: Path) -> Iterator[Stack]:
    stack = new_stack(endpoint, tmp_path, "trial", "")
    yield stack
    if [one for one in stack.state() if one["type"].startswith("aws:")]:
        stack.must("destroy", "--yes", "--skip-preview")


def filled(template: str, **words: str) -> str:
    """Return the program in which capital words stand for what changes."""
    for word, value in words.items():
        template = template.replace(word, value)
    return HEAD + template


def deploy(stack: Stack, program: str) -> None:
    """Deploy ``program``; nothing is to change after it, and nothing to differ from what AWS says."""
    stack.write(program)
    stack.must("up", "--yes", "--skip-preview")
    stack.must("preview", "--expect-no-changes")
    stack.must("refresh", "--yes", "--skip-preview", "--expect-no-changes")


STORES = """
dead = aws.sqs.Queue("dead")
redrive = dead.arn.apply(lambda arn: json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3}))
queue = aws.sqs.Queue("queue", visibility_timeout_seconds=SECONDS, tags={"a": "TAG"}, redrive_policy=redrive)
stream = aws.kinesis.Stream("stream", shard_count=1, retention_period=HOURS, tags={"a": "TAG"})
table = aws.dynamodb.Table("table", attributes=[aws.dynamodb.TableAttributeArgs(name=KEY, type="S")], hash_key=KEY,
    billing_mode="PAY_PER_REQUEST", stream_enabled=True, stream_view_type="NEW_IMAGE",
    deletion_protection_enabled=PROTECTED, tags={"a": "TAG"})
bucket = aws.s3.Bucket("Bucket", force_destroy=True, tags={"a": "TAG"})
pulumi.export("queue", queue.url)
pulumi.export("stream", stream.name)
pulumi.export("table", table.name)
pulumi.export("table stream", table.stream_arn)
pulumi.export("bucket", bucket.bucket)
"""
AT_FIRST = {"SECONDS": "30", "HOURS": "24", "KEY": '"id"', "PROTECTED": "False", "TAG": "one"}


def test_store_can_change_in_place(stack: Stack) -> None:
    """Attributes of a queue, retention of a stream, protection of a table, and everybody's tags."""
    deploy(stack, filled(STORES, **AT_FIRST | {"PROTECTED": "True"}))
    before = stack.outputs()
    later = filled(STORES, **AT_FIRST | {"SECONDS": "60", "HOURS": "48", "TAG": "two"})
    stack.write(later)
    changes = stack.changes()
    assert changes.updated == {"Queue queue", "Stream stream", "Table table", "Bucket Bucket"}
    assert not changes.replaced
    deploy(stack, later)
    after = stack.outputs()
    assert after == before
    attributes = stack.aws("sqs").get_queue_attributes(QueueUrl=after["queue"], AttributeNames=["All"])[
        "Attributes"
    ]
    assert attributes["VisibilityTimeout"] == "60"
    assert json.loads(attributes["RedrivePolicy"])["maxReceiveCount"] == 3
    kinesis = stack.aws("kinesis").describe_stream_summary(StreamName=after["stream"])["StreamDescriptionSummary"]
    assert kinesis["RetentionPeriodHours"] == 48
    table = stack.aws("dynamodb").describe_table(TableName=after["table"])["Table"]
    assert table["DeletionProtectionEnabled"] is False
    tags = stack.aws("s3").get_bucket_tagging(Bucket=after["bucket"])["TagSet"]
    assert tags == [{"Key": "a", "Value": "two"}]


def test_table_can_be_replaced_for_another_key(stack: Stack) -> None:
    """Keys are fixed: the table is a new one."""
    deploy(stack, filled(STORES, **AT_FIRST))
    before = stack.outputs()
    deploy(stack, filled(STORES, **AT_FIRST | {"KEY": '"number"'}))
    after = stack.outputs()
    assert {name for name in after if after[name] != before[name]} == {"table", "table stream"}
    assert stack.aws("dynamodb").list_tables()["TableNames"] == [after["table"]]


def test_bucket_can_be_deleted_with_every_version_of_its_objects(stack: Stack) -> None:
    """Its name is in small letters, and ``forceDestroy`` empties it first, versions and delete markers too."""
    deploy(stack, filled(STORES, **AT_FIRST))
    name, s3 = stack.outputs()["bucket"], stack.aws("s3")
    assert name.startswith("bucket-")
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    for _ in range(2):
        s3.put_object(Bucket=name, Key="k", Body=b"x")
    s3.delete_object(Bucket=name, Key="k")
    stack.must("destroy", "--yes", "--skip-preview")
    assert not s3.list_buckets()["Buckets"]


def test_full_bucket_cannot_be_deleted_unasked(stack: Stack) -> None:
    """Without ``forceDestroy`` AWS's refusal is shown."""
    stack.write(HEAD + 'bucket = aws.s3.Bucket("full")\npulumi.export("bucket", bucket.bucket)\n')
    stack.must("up", "--yes", "--skip-preview")
    name, s3 = stack.outputs()["bucket"], stack.aws("s3")
    s3.put_object(Bucket=name, Key="k", Body=b"x")
    done = stack.run("destroy", "--yes", "--skip-preview")
    assert done.code != 0
    assert "BucketNotEmpty" in done.text
    s3.delete_object(Bucket=name, Key="k")


FED = """
trust = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
role = aws.iam.Role("role", assume_role_policy=json.dumps(trust))
managed = "arn:aws:iam::aws:policy/service-role/AWSLambda{}ExecutionRole"
policies = [aws.iam.RolePolicyAttachment(name, role=role.name, policy_arn=managed.format(name))
    for name in ("SQSQueue", "Kinesis")]
function = aws.lambda_.Function(
    "function", role=role.arn, runtime="python3.13", handler="index.handler",
    code=pulumi.AssetArchive({"index.py": pulumi.StringAsset("def handler(e, c): return 1")}),
    opts=pulumi.ResourceOptions(depends_on=policies))
queue = aws.sqs.Queue("queue")
stream = aws.kinesis.Stream("stream", shard_count=1)
fed = aws.lambda_.EventSourceMapping("fed", event_source_arn=queue.arn, function_name=NAMED, batch_size=SIZE,
    RESPONSES tags={"a": "b"})
streamed = aws.lambda_.EventSourceMapping("streamed", event_source_arn=stream.arn, function_name=function.arn,
    starting_position="POSITION", maximum_retry_attempts=1, enabled=ENABLED,
    opts=pulumi.ResourceOptions(delete_before_replace=True))
bucket = aws.s3.Bucket("bucket")
permission = aws.lambda_.Permission("permission", action="lambda:InvokeFunction", function=function.name,
    principal="s3.amazonaws.com", source_arn=bucket.arn, source_account="SOURCE")
notification = aws.s3.BucketNotification("notification", bucket=bucket.bucket, lambda_functions=[
    aws.s3.BucketNotificationLambdaFunctionArgs(lambda_function_arn=function.arn, events=["s3:ObjectCreated:*"],
    filter_prefix="PREFIX")], opts=pulumi.ResourceOptions(depends_on=[permission]))
account = aws.lambda_.Permission("account", action="lambda:InvokeFunction", function=function.arn,
    principal="210987654321")
for name in ("fed", "streamed", "permission", "account"):
    pulumi.export(name, globals()[name].id)
pulumi.export("bucket", bucket.bucket)
pulumi.export("function", function.name)
"""
FED_FIRST = {
    "NAMED": "function.arn",
    "SIZE": "10",
    "RESPONSES": "",
    "POSITION": "LATEST",
    "ENABLED": "True",
    "SOURCE": "123456789012",
    "PREFIX": "a/",
}


def test_feeding_can_change_in_place(stack: Stack) -> None:
    """Batches, responses and state of a mapping, and the filter of a notification; a name is as good as an ARN."""
    deploy(stack, filled(FED, **FED_FIRST))
    before = stack.outputs()
    changed = {"SIZE": "5", "ENABLED": "False", "PREFIX": "b/", "NAMED": "function.name"}
    changed["RESPONSES"] = 'function_response_types=["ReportBatchItemFailures"],'
    later = filled(FED, **FED_FIRST | changed)
    stack.write(later)
    changes = stack.changes()
    assert changes.updated == {
        "EventSourceMapping fed",
        "EventSourceMapping streamed",
        "BucketNotification notification",
    }
    assert not changes.replaced
    deploy(stack, later)
    assert stack.outputs() == before
    functions = stack.aws("lambda")
    fed = functions.get_event_source_mapping(UUID=before["fed"])
    assert (fed["BatchSize"], fed["FunctionResponseTypes"]) == (5, ["ReportBatchItemFailures"])
    assert functions.get_event_source_mapping(UUID=before["streamed"])["State"] == "Disabled"
    found = stack.aws("s3").get_bucket_notification_configuration(Bucket=before["bucket"])
    (rule,) = found["LambdaFunctionConfigurations"][0]["Filter"]["Key"]["FilterRules"]
    assert rule["Value"] == "b/"


def test_feeding_can_be_replaced(stack: Stack) -> None:
    """A statement of a function's policy changes in nothing, a mapping's starting position neither."""
    deploy(stack, filled(FED, **FED_FIRST))
    before = stack.outputs()
    deploy(stack, filled(FED, **FED_FIRST | {"POSITION": "TRIM_HORIZON"}))
    after = stack.outputs()
    assert {name for name in after if after[name] != before[name]} == {"streamed"}
    policy = json.loads(stack.aws("lambda").get_policy(FunctionName=after["function"])["Policy"])
    assert {one["Sid"] for one in policy["Statement"]} == {after["permission"], after["account"]}


def test_mapping_cannot_be_made_without_permission(stack: Stack) -> None:
    """The refusal at CreateEventSourceMapping is shown in AWS's words."""
    stack.write(filled(FED, **FED_FIRST).replace('("SQSQueue", "Kinesis")', '("Kinesis",)'))
    done = stack.up()
    assert done.code != 0
    assert "creating Lambda Event Source Mapping" in done.text
    assert "ReceiveMessage on SQS" in done.text


def test_statement_removed_by_hand_can_be_seen(stack: Stack) -> None:
    """A refresh takes it out of the state, and the next update makes it again."""
    deploy(stack, filled(FED, **FED_FIRST))
    outputs = stack.outputs()
    stack.aws("lambda").remove_permission(FunctionName=outputs["function"], StatementId=outputs["account"])
    stack.must("refresh", "--yes", "--skip-preview")
    assert stack.changes().created == {"Permission account"}
    deploy(stack, filled(FED, **FED_FIRST))


IN_A_VPC = """
vpc = aws.ec2.Vpc("vpc", cidr_block="10.9.0.0/16")
subnets = [aws.ec2.Subnet(f"subnet-{zone}", vpc_id=vpc.id, cidr_block=f"10.9.{number}.0/24",
    availability_zone=f"us-east-1{zone}") for number, zone in enumerate("ab")]
groups = {name: aws.ec2.SecurityGroup(name, vpc_id=vpc.id) for name in ("one", "two")}
subnet_group = aws.elasticache.SubnetGroup("subnets", subnet_ids=[one.id for one in subnets], tags={"a": "TAG"})
cache = aws.elasticache.ReplicationGroup("cache", description="DESCRIBED", engine="valkey",
    node_type="cache.t4g.micro", num_cache_clusters=1, port=PORT,
    subnet_group_name=subnet_group.name, security_group_ids=[groups["one"].id],
    tags={"a": "TAG"}, apply_immediately=True)
balancer = aws.lb.LoadBalancer("balancer", internal=True, subnets=[one.id for one in subnets],
    security_groups=[groups["GROUP"].id], tags={"a": "TAG"})
targets = aws.lb.TargetGroup("targets", port=80, protocol="HTTP", vpc_id=vpc.id, target_type="ip",
    health_check=aws.lb.TargetGroupHealthCheckArgs(path="/PATH"), tags={"a": "TAG"})
attached = aws.lb.TargetGroupAttachment("attached", target_group_arn=targets.arn, target_id="10.9.0.ADDRESS",
    port=80)
answer = aws.lb.ListenerDefaultActionArgs(type="fixed-response",
    fixed_response=aws.lb.ListenerDefaultActionFixedResponseArgs(content_type="text/plain", message_body="BODY",
    status_code="200"))
forward = aws.lb.ListenerDefaultActionArgs(type="forward", target_group_arn=targets.arn)
listener = aws.lb.Listener("listener", load_balancer_arn=balancer.arn, port=80, protocol="HTTP",
    default_actions=[ACTION])
for name in ("cache", "balancer", "targets", "listener"):
    pulumi.export(name, globals()[name].id)
"""
IN_A_VPC_FIRST = {
    "TAG": "one",
    "DESCRIBED": "first",
    "PORT": "6379",
    "GROUP": "one",
    "PATH": "a",
    "ADDRESS": "9",
    "ACTION": "answer",
    "BODY": "hello",
}


def test_target_in_a_vpc_can_change_in_place(stack: Stack) -> None:
    """Descriptions, groups, health checks, what a listener does, and tags."""
    deploy(stack, filled(IN_A_VPC, **IN_A_VPC_FIRST))
    before = stack.outputs()
    changed = {"TAG": "two", "DESCRIBED": "second", "GROUP": "two", "PATH": "b", "ACTION": "forward"}
    later = filled(IN_A_VPC, **IN_A_VPC_FIRST | changed)
    stack.write(later)
    changes = stack.changes()
    assert changes.updated == {
        *("SubnetGroup subnets", "ReplicationGroup cache", "LoadBalancer balancer", "TargetGroup targets"),
        "Listener listener",
    }
    assert not changes.replaced
    deploy(stack, later)
    assert stack.outputs() == before
    (listener,) = stack.aws("elbv2").describe_listeners(ListenerArns=[before["listener"]])["Listeners"]
    assert listener["DefaultActions"][0]["TargetGroupArn"] == before["targets"]


def test_target_in_a_vpc_can_be_replaced(stack: Stack) -> None:
    """A cache's port is fixed, and so is what is attached to a target group."""
    deploy(stack, filled(IN_A_VPC, **IN_A_VPC_FIRST))
    stack.write(filled(IN_A_VPC, **IN_A_VPC_FIRST | {"PORT": "6380", "ADDRESS": "10"}))
    changes = stack.changes()
    assert changes.replaced == {"ReplicationGroup cache", "TargetGroupAttachment attached"}
    deploy(stack, filled(IN_A_VPC, **IN_A_VPC_FIRST | {"PORT": "6380", "ADDRESS": "10"}))
    elbv2 = stack.aws("elbv2")
    described = elbv2.describe_target_health(TargetGroupArn=stack.outputs()["targets"])["TargetHealthDescriptions"]
    assert [one["Target"]["Id"] for one in described] == ["10.9.0.10"]


INSTANCE = """
vpc = aws.ec2.Vpc("vpc", cidr_block="10.9.0.0/16")
gateway = aws.ec2.InternetGateway("gateway", vpc_id=vpc.id)
subnet = aws.ec2.Subnet("subnet", vpc_id=vpc.id, cidr_block="10.9.0.0/24")
groups = {name: aws.ec2.SecurityGroup(name, vpc_id=vpc.id) for name in ("one", "two")}
image = aws.ec2.get_ami(most_recent=True, owners=["568608671756"], filters=[
    aws.ec2.GetAmiFilterArgs(name="name", values=["fck-nat-al2023-hvm-1.3.0-*"]),
    aws.ec2.GetAmiFilterArgs(name="architecture", values=["ARCHITECTURE"])])
instance = aws.ec2.Instance("instance", ami=image.id, instance_type="KIND.nano", subnet_id=subnet.id,
    vpc_security_group_ids=[groups["GROUP"].id], associate_public_ip_address=True, source_dest_check=CHECK,
    tags={"a": "TAG"}, opts=pulumi.ResourceOptions(depends_on=[gateway]))
pulumi.export("instance", instance.id)
pulumi.export("interface", instance.primary_network_interface_id)
"""
INSTANCE_FIRST = {"ARCHITECTURE": "arm64", "KIND": "t4g", "GROUP": "one", "CHECK": "True", "TAG": "one"}


def test_instance_can_change_in_place(stack: Stack) -> None:
    """The source/destination check, the groups and the tags."""
    deploy(stack, filled(INSTANCE, **INSTANCE_FIRST))
    before = stack.outputs()
    later = filled(INSTANCE, **INSTANCE_FIRST | {"CHECK": "False", "GROUP": "two", "TAG": "two"})
    stack.write(later)
    assert stack.changes().updated == {"Instance instance"}
    deploy(stack, later)
    assert stack.outputs() == before
    found = stack.aws("ec2").describe_network_interfaces(NetworkInterfaceIds=[before["interface"]])
    (interface,) = found["NetworkInterfaces"]
    assert interface["SourceDestCheck"] is False
    assert interface["Groups"][0]["GroupName"].startswith("two")


def test_instance_can_be_replaced_for_another_image(stack: Stack) -> None:
    """An image is fixed: the old instance is terminated, and forgotten."""
    deploy(stack, filled(INSTANCE, **INSTANCE_FIRST))
    before = stack.outputs()
    deploy(stack, filled(INSTANCE, **INSTANCE_FIRST | {"ARCHITECTURE": "x86_64", "KIND": "t3"}))
    assert stack.outputs()["instance"] != before["instance"]


def test_image_that_is_not_there_cannot_be_found(stack: Stack) -> None:
    """What matched nothing, or too much, is told."""
    stack.write(HEAD + 'aws.ec2.get_ami(owners=["568608671756"], name_regex="^nothing$")\n')
    assert "no image matches" in stack.up().text
    stack.write(HEAD + 'aws.ec2.get_ami(owners=["568608671756"])\n')
    assert "narrow the filters or set mostRecent" in stack.up().text


def test_first_in_first_out_queue_cannot_be_deployed(stack: Stack) -> None:
    """What is not modelled is refused by name."""
    stack.write(HEAD + 'aws.sqs.Queue("queue", name="q.fifo", fifo_queue=True)\n')
    assert "the stand-in does not model the input fifoQueue of aws:sqs/queue:Queue" in stack.up().text
