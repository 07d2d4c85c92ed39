"""Sessions: what they are called, what they may, and what ends them."""

import json
import time
from typing import Any
from unittest.mock import patch

import pytest

from tests.integration.control_plane_world import ACCOUNT, BASIC, World, policy, refused
from tests.integration.session_world import ASSUME, assume, identity, role, trust


def test_session_can_be_named(here: World) -> None:
    """GetCallerIdentity of a session: the role's name, the session's, and the role's id before the latter."""
    arn = role(here, "r", trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}), Path="/deep/")
    made = assume(here.client("sts"), arn)
    found = here.client_of("sts", made["Credentials"]).get_caller_identity()
    role_id = here.client("iam").get_role(RoleName="r")["Role"]["RoleId"]
    assert found["Arn"] == made["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/r/session"
    assert found["UserId"] == made["AssumedRoleUser"]["AssumedRoleId"] == f"{role_id}:session"
    assert made["Credentials"]["AccessKeyId"].startswith("ASIA")
    assert found["Account"] == ACCOUNT


def test_session_of_a_deleted_role_cannot_be_used(here: World) -> None:
    """Not even when a role of the same name is made again: it is another one."""
    arn = role(here, "r", trust({"AWS": ACCOUNT}))
    session = assume(here.client("sts"), arn)["Credentials"]
    here.client("iam").delete_role(RoleName="r")
    with refused("InvalidClientTokenId"):
        identity(here, session)
    role(here, "r", trust({"AWS": ACCOUNT}))
    with refused("InvalidClientTokenId"):
        identity(here, session)


def test_session_cannot_do_without_its_own_token(here: World) -> None:
    """No token, another session's, one beside a long-term key: refused, with S3's codes in S3."""
    arn = role(here, "r", trust({"AWS": ACCOUNT}))
    one, two = (assume(here.client("sts"), arn)["Credentials"] for _ in range(2))
    key = here.user("u")
    wrong = [
        {**one, "SessionToken": None},
        {**one, "SessionToken": two["SessionToken"]},
        {**key, "SessionToken": one["SessionToken"]},
    ]
    for credentials in wrong:
        with refused("InvalidClientTokenId"):
            identity(here, credentials)
    with refused("InvalidToken"):
        here.client_of("s3", wrong[1]).list_buckets()
    with refused("UnrecognizedClientException"):
        here.client_of("dynamodb", wrong[1]).list_tables()


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("sts", "get_caller_identity", "ExpiredToken"),
        ("s3", "list_buckets", "ExpiredToken"),
        ("lambda", "list_functions", "ExpiredTokenException"),
        ("ec2", "describe_vpcs", "RequestExpired"),
    ],
)
def test_session_can_expire(here: World, service: str, operation: str, code: str) -> None:
    """After DurationSeconds its credentials are refused as expired."""
    arn = role(here, "r", trust({"AWS": ACCOUNT}))
    real = time.time
    with patch("time.time", lambda: real() - 901):
        session = assume(here.client("sts"), arn, DurationSeconds=900)["Credentials"]
    with refused(code):
        getattr(here.client_of(service, session), operation)()


def test_duration_cannot_exceed_the_role(here: World) -> None:
    """The role's maximum bounds it, and an hour where a role assumes a role."""
    sts = here.client("sts")
    usual = role(here, "usual", trust({"AWS": ACCOUNT}))
    long = role(here, "long", trust({"AWS": ACCOUNT}), MaxSessionDuration=7200)
    assume(sts, long, DurationSeconds=7200)
    with refused("ValidationError", "MaxSessionDuration"):
        assume(sts, usual, DurationSeconds=3601)
    with refused("ValidationError", "durationSeconds"):
        assume(sts, usual, DurationSeconds=43201)
    first = assume(sts, usual)["Credentials"]
    here.client("iam").put_role_policy(RoleName="usual", PolicyName="p", PolicyDocument=policy(ASSUME))
    chained = here.client_of("sts", first)
    assert identity(here, assume(chained, long)["Credentials"]).endswith("/long/session")
    with refused("ValidationError", "role chaining"):
        assume(chained, long, DurationSeconds=3601)


def test_roles_can_be_chained(here: World) -> None:
    """A session assumes the next role where its role may and the next one trusts it, by role or by session."""
    first = role(here, "first", trust({"AWS": ACCOUNT}))
    second = role(here, "second", trust({"AWS": first}))
    third = role(here, "third", trust({"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/second/session"}))
    sts = here.client_of("sts", assume(here.client("sts"), first)["Credentials"])
    second_session = assume(sts, second)["Credentials"]  # named as a role, in its own account: enough
    with refused("AccessDenied"):
        assume(sts, third)
    assert identity(here, assume(here.client_of("sts", second_session), third)["Credentials"]).endswith(
        "/third/session"
    )


def test_session_policies_can_only_narrow(here: World) -> None:
    """What both the role and the session's policies allow is allowed; managed ones count as well."""
    arn = role(here, "r", trust({"AWS": ACCOUNT}))
    allowed = {"Effect": "Allow", "Action": ["s3:ListAllMyBuckets", "sqs:*", "logs:*"], "Resource": "*"}
    here.client("iam").put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=policy(allowed))
    sts = here.client("sts")
    narrow = {"Effect": "Allow", "Action": ["sqs:*", "dynamodb:*"], "Resource": "*"}
    made = assume(sts, arn, Policy=policy(narrow))
    assert made["PackedPolicySize"] > 0
    session = made["Credentials"]
    here.client_of("sqs", session).create_queue(QueueName="q")
    with refused("AccessDenied", "because no session policy allows the s3:ListAllMyBuckets action"):
        here.client_of("s3", session).list_buckets()
    with refused(
        "AccessDeniedException", "because no identity-based policy allows the dynamodb:ListTables action"
    ):
        here.client_of("dynamodb", session).list_tables()
    managed = assume(sts, arn, PolicyArns=[{"arn": BASIC}])["Credentials"]
    here.client_of("logs", managed).create_log_group(logGroupName="g")
    with refused("AccessDeniedException", "session policy"):
        here.client_of("logs", managed).describe_log_groups()


def test_bad_parameters_cannot_open_a_session(here: World) -> None:
    """Each is refused as STS refuses it."""
    arn = role(here, "r", trust({"AWS": ACCOUNT}))
    sts = here.client("sts")
    attempts: list[tuple[dict[str, Any], str]] = [
        ({"RoleSessionName": "a b"}, "ValidationError"),
        ({"RoleArn": "arn:aws:iam::123456789012:user/u"}, "ValidationError"),
        ({"ExternalId": "a b"}, "ValidationError"),
        ({"Policy": "{}"}, "MalformedPolicyDocument"),
        ({"Policy": policy({"Effect": "Allow", "Action": "s3 :x", "Resource": "*"})}, "MalformedPolicyDocument"),
        ({"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/Nothing"}]}, "InvalidParameterValue"),
        ({"Tags": [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]}, "InvalidParameterValue"),
        ({"TransitiveTagKeys": ["a"]}, "InvalidParameterValue"),
    ]
    for given, code in attempts:
        with refused(code):
            sts.assume_role(**{"RoleArn": arn, "RoleSessionName": "session", **given})
    for operation, given in (
        ("get_federation_token", {"Name": "name"}),
        ("assume_role_with_web_identity", {"RoleArn": arn, "RoleSessionName": "name", "WebIdentityToken": "abcd"}),
    ):
        with refused("UnsupportedOperation"):
            getattr(sts, operation)(**given)


def test_tags_of_a_session_can_decide(here: World) -> None:
    """Session tags need sts:TagSession on both sides, and are principal tags; transitive ones are passed on."""
    arn = role(here, "r", trust({"AWS": ACCOUNT}, ["sts:AssumeRole", "sts:TagSession"]))
    untagged = role(here, "untagged", trust({"AWS": ACCOUNT}))
    sts = here.client("sts")
    tags = [{"Key": "team", "Value": "blue"}, {"Key": "own", "Value": "1"}]
    with refused("AccessDenied", "sts:TagSession"):
        assume(sts, untagged, Tags=tags)
    by_tag = {
        "Effect": "Allow",
        "Action": "sqs:ListQueues",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalTag/team": "blue"}},
    }
    iam = here.client("iam")
    everything = {"Effect": "Allow", "Action": "sts:*", "Resource": "*"}
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=policy(by_tag, everything))
    session = assume(sts, arn, Tags=tags, TransitiveTagKeys=["team"])["Credentials"]
    here.client_of("sqs", session).list_queues()
    with refused("AccessDenied"):
        here.client_of("sqs", assume(sts, arn)["Credentials"]).list_queues()
    chained = assume(here.client_of("sts", session), arn)["Credentials"]
    here.client_of("sqs", chained).list_queues()
    with refused("InvalidParameterValue", "transitive"):
        assume(here.client_of("sts", session), arn, Tags=[{"Key": "Team", "Value": "red"}])


def test_source_identity_can_be_kept(here: World) -> None:
    """It needs sts:SetSourceIdentity, and no chain can change it."""
    arn = role(here, "r", trust({"AWS": ACCOUNT}, ["sts:AssumeRole", "sts:SetSourceIdentity"]))
    here.client("iam").put_role_policy(
        RoleName="r",
        PolicyName="p",
        PolicyDocument=policy({"Effect": "Allow", "Action": "sts:*", "Resource": "*"}),
    )
    made = assume(here.client("sts"), arn, SourceIdentity="ada")
    assert made["SourceIdentity"] == "ada"
    chained = here.client_of("sts", made["Credentials"])
    assert assume(chained, arn)["SourceIdentity"] == "ada"
    with refused("AccessDenied"):
        assume(chained, arn, SourceIdentity="eve")


def test_session_token_can_stand_for_a_user(here: World) -> None:
    """GetSessionToken: the user's own permissions, but none of IAM's; no session gets another one so."""
    key = here.user("u", {"Effect": "Allow", "Action": ["sqs:*", "iam:*"], "Resource": "*"})
    session = here.client_of("sts", key).get_session_token(DurationSeconds=900)["Credentials"]
    assert identity(here, session) == f"arn:aws:iam::{ACCOUNT}:user/u"
    here.client_of("sqs", session).list_queues()
    with refused("AccessDenied"):
        here.client_of("s3", session).list_buckets()
    here.client_of("iam", key).list_users()
    with refused("InvalidClientTokenId"):
        here.client_of("iam", session).list_users()
    with refused("AccessDenied", "session credentials"):
        here.client_of("sts", session).get_session_token()
    root = here.client("sts").get_session_token()["Credentials"]
    assert identity(here, root) == f"arn:aws:iam::{ACCOUNT}:root"
    here.client_of("iam", root).list_users()
    iam = here.client("iam")
    iam.delete_access_key(UserName="u", AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName="u", PolicyName="p")
    iam.delete_user(UserName="u")
    with refused("InvalidClientTokenId"):
        identity(here, session)


def test_function_can_have_a_session_of_its_role(here: World) -> None:
    """Code runs with credentials whose session is named after the function, until the role is gone."""
    arn = here.role("r", BASIC)
    here.function("f", arn)
    here.functions.invoke(FunctionName="f")
    given = here.effects.invocations[-1].environment
    credentials = {
        "AccessKeyId": given["AWS_ACCESS_KEY_ID"],
        "SecretAccessKey": given["AWS_SECRET_ACCESS_KEY"],
        "SessionToken": given["AWS_SESSION_TOKEN"],
    }
    assert identity(here, credentials) == f"arn:aws:sts::{ACCOUNT}:assumed-role/r/f"
    here.client_of("logs", credentials).create_log_group(logGroupName="g")
    with refused("AccessDenied"):
        here.client_of("s3", credentials).list_buckets()
    iam = here.client("iam")
    iam.detach_role_policy(RoleName="r", PolicyArn=BASIC)
    iam.delete_role(RoleName="r")
    with refused("InvalidClientTokenId"):
        identity(here, credentials)
    assert json.loads(here.functions.invoke(FunctionName="f")["Payload"].read()) == {}
