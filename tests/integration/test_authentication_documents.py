"""IAM's documents and boundaries: refused at the call that hands them in, and nothing is left of a bad one."""

# ruff: noqa: ANN401 - boto3 has no type information

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.control_plane_world import ACCOUNT, World, package, policy, refused

if TYPE_CHECKING:
    from collections.abc import Callable

GOOD = policy({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"})
TRUST = policy({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"})
NOTES = """{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": ["logs: CreateLogGroup", "logs: CreateLogStream", "logs:PutLogEvents", "logs: DescribeLogStreams"],
      "Resource": ["arn:aws: logs:*:*:*"]
    }
  ]
}"""
MALFORMED = [
    NOTES,
    "",
    "no JSON",
    "[]",
    "{}",
    policy({"Effect": "Perhaps", "Action": "s3:*", "Resource": "*"}),
    policy({"Effect": "Allow", "Action": "s3:*"}),
    policy({"Effect": "Allow", "Resource": "*"}),
    policy({"Effect": "Allow", "Action": "everything", "Resource": "*"}),
    policy({"Effect": "Allow", "Action": "s3:*", "Resource": "bucket"}),
    policy({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Principal": "*"}),
    policy({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"StringEqual": {"a:b": "c"}}}),
    policy(*2 * [{"Sid": "a", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}]),
]
BAD_TRUST = [
    GOOD,
    policy({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "s3:GetObject"}),
    policy({"Effect": "Allow", "Principal": {"Service": "lambda"}, "Action": "sts:AssumeRole"}),
    policy({"Effect": "Allow", "Principal": {"AWS": "somebody"}, "Action": "sts:AssumeRole"}),
    policy(
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/nobody"},
            "Action": "sts:AssumeRole",
        }
    ),
    policy(
        {
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": "sts:AssumeRole",
            "Resource": "arn:aws:iam::1:role/r",
        }
    ),
]


@pytest.fixture
def iam(here: World) -> Any:
    client = here.client("iam")
    client.create_user(UserName="u")
    client.create_group(GroupName="g")
    client.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    return client


@pytest.mark.parametrize("document", MALFORMED, ids=range(len(MALFORMED)))
def test_malformed_policy_cannot_be_kept(iam: Any, document: str) -> None:
    """Every call that takes a policy of an identity refuses it, the one of the notes as typed among them."""
    arn = iam.create_policy(PolicyName="good", PolicyDocument=GOOD)["Policy"]["Arn"]
    attempts: list[Callable[[], object]] = [
        lambda: iam.create_policy(PolicyName="p", PolicyDocument=document),
        lambda: iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True),
        lambda: iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=document),
        lambda: iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=document),
        lambda: iam.put_group_policy(GroupName="g", PolicyName="p", PolicyDocument=document),
    ]
    for attempt in attempts:
        if document:
            with refused("MalformedPolicyDocument"):
                attempt()
        else:
            with pytest.raises(Exception, match="Invalid length"):  # botocore does not send it
                attempt()
    assert [one["PolicyName"] for one in iam.list_policies(Scope="Local")["Policies"]] == ["good"]
    assert [one["VersionId"] for one in iam.list_policy_versions(PolicyArn=arn)["Versions"]] == ["v1"]
    assert iam.list_role_policies(RoleName="r")["PolicyNames"] == []
    assert iam.list_user_policies(UserName="u")["PolicyNames"] == []
    assert iam.list_group_policies(GroupName="g")["PolicyNames"] == []


def test_policy_of_the_notes_can_be_corrected(iam: Any) -> None:
    """Without its spaces IAM takes it."""
    iam.create_policy(PolicyName="p", PolicyDocument=NOTES.replace("logs: ", "logs:").replace("aws: ", "aws:"))


@pytest.mark.parametrize("document", BAD_TRUST, ids=range(len(BAD_TRUST)))
def test_malformed_trust_cannot_make_a_role(iam: Any, document: str) -> None:
    """Neither a new role nor a changed one: wrong actions, principals that cannot be, or are not there."""
    with refused("MalformedPolicyDocument"):
        iam.create_role(RoleName="new", AssumeRolePolicyDocument=document)
    with refused("NoSuchEntity"):
        iam.get_role(RoleName="new")
    with refused("MalformedPolicyDocument"):
        iam.update_assume_role_policy(RoleName="r", PolicyDocument=document)
    assert iam.get_role(RoleName="r")["Role"]["AssumeRolePolicyDocument"] == json.loads(TRUST)


def test_trust_can_name_who_exists(iam: Any, here: World) -> None:
    """Accounts, users, roles and their sessions, in this account and another one."""
    here.client("iam", key="210987654321").create_user(UserName="guest")
    names = [
        ACCOUNT,
        "210987654321",
        "arn:aws:iam::999999999999:root",
        f"arn:aws:iam::{ACCOUNT}:user/u",
        f"arn:aws:iam::{ACCOUNT}:role/r",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/r/session",
        "arn:aws:iam::210987654321:user/guest",
    ]
    document = policy({"Effect": "Allow", "Principal": {"AWS": names}, "Action": "sts:AssumeRole"})
    iam.create_role(RoleName="new", AssumeRolePolicyDocument=document)


def test_documents_cannot_be_too_large(iam: Any) -> None:
    """Quotas count without white space: a managed policy, and all inline ones of a holder together."""

    def of(size: int) -> str:
        text = policy({"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::"})
        return text.replace(":::", ":::" + "a" * (size - len("".join(text.split()))))

    iam.create_policy(PolicyName="large", PolicyDocument=of(6144) + " " * 100)
    with refused("LimitExceeded"):
        iam.create_policy(PolicyName="larger", PolicyDocument=of(6145))
    iam.put_user_policy(UserName="u", PolicyName="a", PolicyDocument=of(1024))
    iam.put_user_policy(UserName="u", PolicyName="b", PolicyDocument=of(1024))
    iam.put_user_policy(UserName="u", PolicyName="b", PolicyDocument=of(1000))
    with refused("LimitExceeded", "user u"):
        iam.put_user_policy(UserName="u", PolicyName="c", PolicyDocument=of(100))
    iam.put_group_policy(GroupName="g", PolicyName="a", PolicyDocument=of(5120))
    iam.put_role_policy(RoleName="r", PolicyName="a", PolicyDocument=of(10240))
    with refused("LimitExceeded", "role r"):
        iam.put_role_policy(RoleName="r", PolicyName="b", PolicyDocument=of(100))


def test_boundary_can_bound_a_user(iam: Any, here: World) -> None:
    """What the boundary does not allow is denied, and says so; without it the policies are enough again."""
    arn = iam.create_policy(PolicyName="boundary", PolicyDocument=GOOD.replace("s3:GetObject", "sqs:*"))["Policy"][
        "Arn"
    ]
    everything = policy({"Effect": "Allow", "Action": "*", "Resource": "*"})
    iam.create_user(UserName="bounded", PermissionsBoundary=arn)
    iam.put_user_policy(UserName="bounded", PolicyName="p", PolicyDocument=everything)
    key = iam.create_access_key(UserName="bounded")["AccessKey"]
    here.client_of("sqs", key).list_queues()
    with refused("AccessDeniedException", "because no permissions boundary allows the dynamodb:ListTables action"):
        here.client_of("dynamodb", key).list_tables()
    found = iam.get_user(UserName="bounded")["User"]["PermissionsBoundary"]
    assert found == {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
    with refused("DeleteConflict"):
        iam.delete_policy(PolicyArn=arn)
    iam.delete_user_permissions_boundary(UserName="bounded")
    here.client_of("dynamodb", key).list_tables()
    assert "PermissionsBoundary" not in iam.get_user(UserName="bounded")["User"]
    with refused("NoSuchEntity"):
        iam.delete_user_permissions_boundary(UserName="bounded")
    iam.put_user_permissions_boundary(UserName="bounded", PermissionsBoundary=arn)
    with refused("AccessDeniedException", "permissions boundary"):
        here.client_of("dynamodb", key).list_tables()


def test_boundary_can_bound_a_role(iam: Any, here: World) -> None:
    """A session of the role has what its policies and its boundary both allow."""
    arn = iam.create_policy(PolicyName="boundary", PolicyDocument=GOOD.replace("s3:GetObject", "sqs:*"))["Policy"][
        "Arn"
    ]
    trust = policy({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"})
    made = iam.create_role(RoleName="bounded", AssumeRolePolicyDocument=trust, PermissionsBoundary=arn)["Role"]
    iam.put_role_policy(
        RoleName="bounded",
        PolicyName="p",
        PolicyDocument=policy({"Effect": "Allow", "Action": ["sqs:*", "dynamodb:*"], "Resource": "*"}),
    )
    given = here.client("sts").assume_role(RoleArn=made["Arn"], RoleSessionName="session")["Credentials"]
    here.client_of("sqs", given).list_queues()
    with refused("AccessDeniedException", "permissions boundary"):
        here.client_of("dynamodb", given).list_tables()
    iam.delete_role_permissions_boundary(RoleName="bounded")
    here.client_of("dynamodb", given).list_tables()


def test_boundary_that_does_not_exist_cannot_be_set(iam: Any) -> None:
    """And nothing is made with it."""
    missing = f"arn:aws:iam::{ACCOUNT}:policy/none"
    attempts: list[Callable[[], object]] = [
        lambda: iam.create_user(UserName="new", PermissionsBoundary=missing),
        lambda: iam.create_role(RoleName="new", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=missing),
        lambda: iam.put_user_permissions_boundary(UserName="u", PermissionsBoundary=missing),
        lambda: iam.put_role_permissions_boundary(RoleName="r", PermissionsBoundary=missing),
    ]
    for attempt in attempts:
        with refused("NoSuchEntity", "does not exist or is not attachable"):
            attempt()
    with refused("NoSuchEntity"):
        iam.get_user(UserName="new")
    with refused("NoSuchEntity"):
        iam.get_role(RoleName="new")


def test_role_cannot_be_passed_without_permission(iam: Any, here: World) -> None:
    """CreateFunction needs iam:PassRole on the role beside lambda:CreateFunction; nothing is made without it."""
    create = {"Effect": "Allow", "Action": ["lambda:*"], "Resource": "*"}
    arn = f"arn:aws:iam::{ACCOUNT}:role/r"
    key = here.user("maker", create)
    functions = here.client_of("lambda", key)
    given = {
        "FunctionName": "f",
        "Role": arn,
        "Runtime": "python3.12",
        "Handler": "index.handler",
        "Code": {"ZipFile": package()},
    }
    with refused("AccessDeniedException", f"is not authorized to perform: iam:PassRole on resource: {arn}"):
        functions.create_function(**given)
    assert here.functions.list_functions()["Functions"] == []
    for service, passes in (("ec2.amazonaws.com", False), ("lambda.amazonaws.com", True)):
        pass_role = {
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": arn,
            "Condition": {"StringEquals": {"iam:PassedToService": service}},
        }
        iam.put_user_policy(UserName="maker", PolicyName="pass", PolicyDocument=policy(pass_role))
        if passes:
            functions.create_function(**given)
        else:
            with refused("AccessDeniedException", "iam:PassRole"):
                functions.create_function(**given)
