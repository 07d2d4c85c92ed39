"""Policies of buckets, queues, secrets, topics and keys: whom they let in, and whom they keep out."""

# ruff: noqa: ANN401 - boto3 has no type information

from functools import partial
from typing import Any

import boto3
import botocore.config
from botocore import UNSIGNED

from tests.integration.authorization_world import DENIED, NO_IDENTITY, OTHER, allow, check, queue, role, user
from tests.integration.control_plane_world import ACCOUNT, REGION, World, endpoint, policy, refused

RESOURCE_DENIAL = DENIED.format(article="a", kind="resource-based")
BUCKET, KEYS = "arn:aws:s3:::bucket-of-tests", "arn:aws:s3:::bucket-of-tests/*"
NAME = "bucket-of-tests"


def bucket(here: World) -> Any:
    s3 = here.client("s3")
    s3.create_bucket(Bucket=NAME)
    s3.put_object(Bucket=NAME, Key="a/1", Body=b"one")
    return s3


def grant(effect: str, principal: Any, action: str | list[str], resource: str, **more: Any) -> dict[str, Any]:
    principal = principal if principal == "*" else {"AWS": principal}
    return {"Effect": effect, "Principal": principal, "Action": action, "Resource": resource, **more}


def test_bucket_policy_can_let_in_and_keep_out(here: World) -> None:
    """In the bucket's account its policy alone is enough, and its deny binds whom it names."""
    s3 = bucket(here)
    ann, bob = user(here, "ann"), user(here, "bob", allow("s3:*"))
    get = {"Bucket": NAME, "Key": "a/1"}
    with refused(
        "AccessDenied", f's3:GetObject on resource: "{BUCKET}/a/1" {NO_IDENTITY.format(action="s3:GetObject")}'
    ):
        ann("s3").get_object(**get)
    bob("s3").get_object(**get)
    s3.put_bucket_policy(
        Bucket=NAME,
        Policy=policy(grant("Allow", ann.arn, "s3:GetObject", KEYS), grant("Deny", bob.arn, "s3:GetObject", KEYS)),
    )
    assert ann("s3").get_object(**get)["Body"].read() == b"one"
    with refused("AccessDenied", RESOURCE_DENIAL):
        bob("s3").get_object(**get)
    bob("s3").list_objects_v2(Bucket=NAME)
    with refused("AccessDenied", NO_IDENTITY.format(action="s3:PutObject")):
        ann("s3").put_object(**get, Body=b"two")
    with refused("403"):
        ann("s3").head_bucket(Bucket=NAME)


def test_bucket_of_another_account_can_be_used_with_both_sides_consent(here: World) -> None:
    """Across accounts the bucket's policy and the caller's have to allow; S3 does not say what is missing."""
    s3 = bucket(here)
    eve, mallory = role(here, "eve", allow("s3:*"), account=OTHER), role(here, "mallory", account=OTHER)
    get = {"Bucket": NAME, "Key": "a/1"}
    for who in (eve, mallory):
        with refused("AccessDenied", "Access Denied"):
            who("s3").get_object(**get)
    with refused("AccessDenied"):
        here.client("s3", key=OTHER).list_objects_v2(Bucket=NAME)
    s3.put_bucket_policy(
        Bucket=NAME,
        Policy=policy(
            grant("Allow", [eve.arn, mallory.arn], ["s3:GetObject", "s3:PutObject"], KEYS),
            grant("Allow", OTHER, "s3:ListBucket", BUCKET),
        ),
    )
    assert eve("s3").get_object(**get)["Body"].read() == b"one"
    eve("s3").put_object(Bucket=NAME, Key="a/2", Body=b"two")
    keys = [one["Key"] for one in here.client("s3", key=OTHER).list_objects_v2(Bucket=NAME)["Contents"]]
    assert keys == ["a/1", "a/2"]
    with refused("AccessDenied"):
        mallory("s3").get_object(**get)


def test_anybody_can_read_what_a_bucket_policy_makes_public(here: World) -> None:
    """Requests without a signature have nothing but the bucket's policy."""
    s3 = bucket(here)
    nobody = boto3.client(
        "s3",
        endpoint_url=endpoint(),
        region_name=REGION,
        config=botocore.config.Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}),
    )
    with refused("AccessDenied", "Access Denied"):
        nobody.get_object(Bucket=NAME, Key="a/1")
    s3.put_bucket_policy(Bucket=NAME, Policy=policy(grant("Allow", "*", "s3:GetObject", KEYS)))
    assert nobody.get_object(Bucket=NAME, Key="a/1")["Body"].read() == b"one"
    with refused("AccessDenied", "Access Denied"):
        nobody.put_object(Bucket=NAME, Key="a/1", Body=b"two")


def test_operations_of_s3_can_need_several_actions(here: World) -> None:
    """Copying reads the source; listing may be bound to a prefix."""
    bucket(here)
    write = allow("s3:PutObject", KEYS)
    copy = {"Bucket": NAME, "Key": "b", "CopySource": f"{NAME}/a/1"}
    with refused("AccessDenied", NO_IDENTITY.format(action="s3:GetObject")):
        role(here, "writer", write)("s3").copy_object(**copy)
    role(here, "copier", write, allow("s3:GetObject", f"{BUCKET}/a/*"))("s3").copy_object(**copy)
    lister = role(here, "lister", allow("s3:ListBucket", BUCKET, Condition={"StringLike": {"s3:prefix": "a/*"}}))
    lister("s3").list_objects_v2(Bucket=NAME, Prefix="a/")
    for more in ({}, {"Prefix": "b/"}):
        with refused("AccessDenied", NO_IDENTITY.format(action="s3:ListBucket")):
            lister("s3").list_objects_v2(Bucket=NAME, **more)


def test_queue_policy_can_let_in_and_keep_out(here: World) -> None:
    """SQS: a queue's policy, by SetQueueAttributes and by AddPermission, for its own account and another."""
    url, arn = queue(here)
    sqs, near = here.client("sqs"), role(here, "near")
    far = role(here, "far", allow("sqs:*"), account=OTHER)

    def send(who: Any) -> None:
        who("sqs").send_message(QueueUrl=url, MessageBody="m")

    with refused("AccessDenied", "because no identity-based policy allows the sqs:sendmessage action"):
        send(near)
    with refused("AccessDenied", "because no resource-based policy allows the sqs:sendmessage action"):
        send(far)
    sqs.set_queue_attributes(
        QueueUrl=url,
        Attributes={"Policy": policy(grant("Allow", [near.arn, far.arn], "sqs:SendMessage", arn))},
    )
    send(near)
    send(far)
    assert len(sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]) == 2
    sqs.set_queue_attributes(
        QueueUrl=url, Attributes={"Policy": policy(grant("Deny", "*", "sqs:SendMessage", arn))}
    )
    with refused("AccessDenied", RESOURCE_DENIAL):
        send(far)
    with refused("AccessDenied", RESOURCE_DENIAL):
        sqs.send_message(QueueUrl=url, MessageBody="the administrator's")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    sqs.add_permission(QueueUrl=url, Label="l", AWSAccountIds=[OTHER], Actions=["SendMessage"])
    send(far)


def test_secret_policy_can_let_in_and_keep_out(here: World) -> None:
    """Secrets Manager: a secret's policy, for its own account and another, which names the secret by its ARN."""
    secrets = here.client("secretsmanager")
    arn = secrets.create_secret(Name="secret", SecretString="s")["ARN"]
    near, far = role(here, "near"), role(here, "far", allow("secretsmanager:*"), account=OTHER)
    action = "secretsmanager:GetSecretValue"
    with refused("AccessDeniedException", NO_IDENTITY.format(action=action)):
        near("secretsmanager").get_secret_value(SecretId="secret")
    with refused("AccessDeniedException", "because no resource-based policy"):
        far("secretsmanager").get_secret_value(SecretId=arn)
    secrets.put_resource_policy(
        SecretId="secret", ResourcePolicy=policy(grant("Allow", [near.arn, far.arn], action, "*"))
    )
    assert near("secretsmanager").get_secret_value(SecretId="secret")["SecretString"] == "s"
    assert far("secretsmanager").get_secret_value(SecretId=arn)["SecretString"] == "s"
    stage = {"StringEquals": {"secretsmanager:VersionStage": "AWSPENDING"}}
    reader = role(here, "reader", allow(action, arn, Condition=stage))
    with refused("AccessDeniedException", NO_IDENTITY.format(action=action)):
        reader("secretsmanager").get_secret_value(SecretId="secret", VersionStage="AWSCURRENT")
    named = role(here, "named", allow(action, f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:secret-??????"))
    named("secretsmanager").get_secret_value(SecretId="secret")


def test_topic_policy_can_let_another_account_publish(here: World) -> None:
    """SNS words actions its own way and calls the refusal AuthorizationError."""
    sns = here.client("sns")
    arn = sns.create_topic(Name="topic")["TopicArn"]
    near, far = role(here, "near"), role(here, "far", allow("sns:*"), account=OTHER)
    for who, kind in ((near, "identity"), (far, "resource")):
        text = f"SNS:Publish on resource: {arn} because no {kind}-based policy allows the SNS:Publish action"
        check(partial(who("sns").publish, TopicArn=arn, Message="m"), "AuthorizationError", text)
    document = policy(grant("Allow", [near.arn, far.arn], "sns:Publish", arn))
    sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=document)
    for who in (near, far):
        who("sns").publish(TopicArn=arn, Message="m")


def test_key_policy_cannot_be_passed_by(here: World) -> None:
    """KMS: policies of the account count as far as the key's policy hands the key to the account."""
    kms = here.client("kms")
    who = role(here, "who", allow("kms:*"))
    opened = kms.create_key()["KeyMetadata"]["KeyId"]
    who("kms").encrypt(KeyId=opened, Plaintext=b"p")
    with refused("AccessDeniedException", NO_IDENTITY.format(action="kms:Encrypt")):
        role(here, "nobody")("kms").encrypt(KeyId=opened, Plaintext=b"p")
    named = grant("Allow", f"arn:aws:iam::{ACCOUNT}:role/nobody", "kms:*", "*")
    closed = kms.create_key(Policy=policy(named), BypassPolicyLockoutSafetyCheck=True)["KeyMetadata"]["KeyId"]
    with refused("AccessDeniedException", "because no resource-based policy allows the kms:Encrypt action"):
        who("kms").encrypt(KeyId=closed, Plaintext=b"p")


def test_missing_object_cannot_be_told_without_leave_to_list(here: World) -> None:
    """Whether a key exists is told to whom may list the bucket (S3 API, GetObject: 404 or 403)."""
    bucket(here).delete_object(Bucket=NAME, Key="a/1")
    reading = allow("s3:GetObject", KEYS)
    reader, lister = role(here, "reader", reading), role(here, "lister", reading, allow("s3:ListBucket", BUCKET))
    for key in ("a/1", "never"):
        with refused("AccessDenied", NO_IDENTITY.format(action="s3:ListBucket")):
            reader("s3").get_object(Bucket=NAME, Key=key)
        with refused("403"):
            reader("s3").head_object(Bucket=NAME, Key=key)
        with refused("NoSuchKey"):
            lister("s3").get_object(Bucket=NAME, Key=key)


def test_bucket_that_nobody_has_cannot_be_forbidden(here: World) -> None:
    """NoSuchBucket comes before permissions; making one does not."""
    nobody = role(here, "nobody")
    with refused("NoSuchBucket"):
        nobody("s3").get_object(Bucket=NAME, Key="a")
    with refused("NoSuchBucket"):
        nobody("s3").list_objects_v2(Bucket=NAME)
    with refused("AccessDenied", NO_IDENTITY.format(action="s3:CreateBucket")):
        nobody("s3").create_bucket(Bucket=NAME)


def test_objects_can_be_deleted_as_far_as_each_may_be(here: World) -> None:
    """DeleteObjects deletes the keys that it may, and says of each other one that it is denied (S3 API)."""
    keys = ("open/1", "kept/1", "open/2", "kept/2")
    bucket(here)
    for key in keys:
        here.client("s3").put_object(Bucket=NAME, Key=key, Body=b"x")
    who = role(here, "who", allow("s3:DeleteObject", f"{BUCKET}/open/*"))
    listed = {"Objects": [{"Key": key} for key in keys]}
    answer = who("s3").delete_objects(Bucket=NAME, Delete=listed)
    assert [one["Key"] for one in answer["Deleted"]] == ["open/1", "open/2"]
    assert [(one["Key"], one["Code"]) for one in answer["Errors"]] == [
        ("kept/1", "AccessDenied"),
        ("kept/2", "AccessDenied"),
    ]
    left = {one["Key"] for one in here.client("s3").list_objects_v2(Bucket=NAME)["Contents"]}
    assert left & set(keys) == {"kept/1", "kept/2"}
    answer = role(here, "nobody")("s3").delete_objects(Bucket=NAME, Delete=listed)
    assert len(answer["Errors"]) == len(keys)
    answer = here.client("s3").delete_objects(Bucket=NAME, Delete=listed)
    assert len(answer["Deleted"]) == len(keys)
