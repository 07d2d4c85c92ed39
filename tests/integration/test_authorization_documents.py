"""Policies of resources are refused at the call that hands them in, with its service's code, and not kept."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.integration.control_plane_world import ACCOUNT, BASIC, REGION, World, policy, refused

Set = Callable[[str], Any]
Get = Callable[[], Any]
Keeper = tuple[Set, Get]


def bucket(here: World) -> Keeper:
    s3 = here.client("s3")
    s3.create_bucket(Bucket="kept")
    return (
        lambda text: s3.put_bucket_policy(Bucket="kept", Policy=text),
        lambda: s3.get_bucket_policy(Bucket="kept")["Policy"],
    )


def queue(here: World) -> Keeper:
    sqs = here.client("sqs")
    url = sqs.create_queue(QueueName="kept")["QueueUrl"]
    return (
        lambda text: sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": text}),
        lambda: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"],
    )


def secret(here: World) -> Keeper:
    client = here.client("secretsmanager")
    client.create_secret(Name="kept", SecretString="x")
    return (
        lambda text: client.put_resource_policy(SecretId="kept", ResourcePolicy=text),
        lambda: client.get_resource_policy(SecretId="kept")["ResourcePolicy"],
    )


def topic(here: World) -> Keeper:
    sns = here.client("sns")
    arn = sns.create_topic(Name="kept")["TopicArn"]
    return (
        lambda text: sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=text),
        lambda: sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"],
    )


def key(here: World) -> Keeper:
    kms = here.client("kms")
    name = kms.create_key()["KeyMetadata"]["KeyId"]
    return (
        lambda text: kms.put_key_policy(KeyId=name, PolicyName="default", Policy=text),
        lambda: kms.get_key_policy(KeyId=name, PolicyName="default")["Policy"],
    )


def stream(here: World) -> Keeper:
    kinesis, arn = here.client("kinesis"), f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/kept"
    kinesis.create_stream(StreamName="kept", ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName="kept", WaiterConfig={"Delay": 1})
    return (
        lambda text: kinesis.put_resource_policy(ResourceARN=arn, Policy=text),
        lambda: kinesis.get_resource_policy(ResourceARN=arn)["Policy"],
    )


def table(here: World) -> Keeper:
    dynamodb = here.client("dynamodb")
    made = dynamodb.create_table(
        TableName="kept",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    arn = made["TableDescription"]["TableArn"]
    return (
        lambda text: dynamodb.put_resource_policy(ResourceArn=arn, Policy=text),
        lambda: dynamodb.get_resource_policy(ResourceArn=arn)["Policy"],
    )


def function(here: World) -> Keeper:
    here.function("kept", here.role("kept", BASIC))
    client, arn = here.functions, f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:kept"
    return (
        lambda text: client.put_resource_policy(ResourceArn=arn, Policy=text),
        lambda: client.get_resource_policy(ResourceArn=arn)["Policy"],
    )


KEEPERS: Mapping[str, tuple[Callable[[World], Keeper], str, str, str]] = {
    "bucket": (bucket, "s3:GetObject", "arn:aws:s3:::kept/*", "MalformedPolicy"),
    "queue": (queue, "sqs:SendMessage", f"arn:aws:sqs:{REGION}:{ACCOUNT}:kept", "InvalidAttributeValue"),
    "secret": (secret, "secretsmanager:GetSecretValue", "*", "MalformedPolicyDocumentException"),
    "topic": (topic, "sns:Publish", f"arn:aws:sns:{REGION}:{ACCOUNT}:kept", "InvalidParameter"),
    "key": (key, "kms:*", "*", "MalformedPolicyDocumentException"),
    "stream": (
        stream,
        "kinesis:PutRecord",
        f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/kept",
        "InvalidArgumentException",
    ),
    "table": (
        table,
        "dynamodb:GetItem",
        f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/kept",
        "ValidationException",
    ),
    "function": (
        function,
        "lambda:InvokeFunction",
        f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:kept",
        "InvalidParameterValueException",
    ),
}
CHANGES: Mapping[str, Mapping[str, Any]] = {
    "an effect that is none": {"Effect": "Perhaps"},
    "no action": {"Action": []},
    "an action without a service": {"Action": "everything"},
    "no principal": {"Principal": None},
    "a principal that is none": {"Principal": {"AWS": "somebody"}},
    "a role that does not exist": {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/nobody"}},
    "a service that is none": {"Principal": {"Service": "lambda"}},
    "a resource that is none": {"Resource": "kept"},
    "an unknown operator": {"Condition": {"StringEqual": {"aws:username": "u"}}},
    "an element twice over": {"NotAction": "s3:*"},
}


@pytest.mark.parametrize("kept", KEEPERS)
def test_malformed_policy_cannot_replace_a_resources_own(here: World, kept: str) -> None:
    """Each service refuses with its own code, and the policy that was there stays."""
    make, action, resource, code = KEEPERS[kept]
    put, get = make(here)
    good = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": action, "Resource": resource}
    put(policy(good))
    before = get()
    texts = ["no JSON", "[]", '{"Version":"2012-10-17","Statement":' + "[" * 9000 + "]" * 9000 + "}"]
    texts += [
        policy({k: v for k, v in {**good, **change}.items() if v is not None}) for change in CHANGES.values()
    ]
    for text in texts:
        with refused(code):
            put(text)
    assert get() == before


@pytest.mark.parametrize("kept", [one for one in KEEPERS if one != "function"])
def test_policy_of_a_resource_cannot_grow_without_end(here: World, kept: str) -> None:
    """Every service has a limit of its own, of 8 to 32 KB."""
    make, action, resource, code = KEEPERS[kept]
    put, _ = make(here)
    names = [f"{action}{number}*" for number in range(3000)]
    with refused(code):
        put(policy({"Effect": "Allow", "Principal": "*", "Action": names, "Resource": resource}))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"Resource": "arn:aws:s3:::other/*"}, "Policy has invalid resource"),
        ({"Resource": "arn:aws:sqs:us-east-1:123456789012:kept"}, "Policy has invalid resource"),
        ({"Action": "s3:GetEverything"}, "Policy has invalid action"),
        ({"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/nobody"}}, "Invalid principal in policy"),
    ],
)
def test_bucket_policy_cannot_speak_of_what_is_not_there(here: World, change: dict[str, Any], text: str) -> None:
    """S3 knows its actions, whom it is asked to let in, and which bucket the policy is of."""
    put, _ = bucket(here)
    good = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::kept/*"}
    with refused("MalformedPolicy", text):
        put(policy({**good, **change}))
    put(policy(good))


def test_resource_cannot_be_made_with_a_malformed_policy(here: World) -> None:
    """Nothing is half created."""
    bad = json.dumps({"Statement": []})
    with refused("InvalidAttributeValue"):
        here.client("sqs").create_queue(QueueName="never", Attributes={"Policy": bad})
    with refused("InvalidParameter"):
        here.client("sns").create_topic(Name="never", Attributes={"Policy": bad})
    with refused("MalformedPolicyDocumentException"):
        here.client("kms").create_key(Policy=bad)
    assert not here.client("sqs").list_queues().get("QueueUrls")
    assert not here.client("sns").list_topics()["Topics"]
    assert not here.client("kms").list_keys()["Keys"]


def test_table_can_be_made_with_its_policy(here: World) -> None:
    """A malformed one keeps the table from being made; a good one is the table's."""
    dynamodb, arn = here.client("dynamodb"), f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/made"
    made = {
        "TableName": "made",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    }
    with refused("ValidationException", "Invalid policy document"):
        dynamodb.create_table(**made, ResourcePolicy="nonsense")
    assert dynamodb.list_tables()["TableNames"] == []
    good = policy({"Effect": "Allow", "Principal": "*", "Action": "dynamodb:GetItem", "Resource": arn})
    dynamodb.create_table(**made, ResourcePolicy=good)
    assert dynamodb.get_resource_policy(ResourceArn=arn)["Policy"] == good


def test_document_cannot_be_longer_than_iam_reads(here: World) -> None:
    """IAM reads 131,072 characters, white space and all."""
    text = policy({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}) + " " * 131072
    with refused("ValidationError"):
        here.client("iam").create_policy(PolicyName="p", PolicyDocument=text)
