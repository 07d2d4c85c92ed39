"""Plain moto still behaves as the additions around identities correct it; else upstream caught up."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.unit.control_plane.plain_moto import Client, still_wrong, succeeds

ACCOUNT = "123456789012"
GOOD = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})


def test_identities_are_still_needed(client: Client) -> None:
    """An unknown key is accepted, and a user's id is not of AWS's form."""
    found = client("sts").get_caller_identity()["Arn"]
    still_wrong(wrong=found.endswith(":user/moto"), addition="identities.user_key")
    made = client("iam").create_user(UserName="u")["User"]["UserId"]
    still_wrong(wrong=not made.startswith("AIDA"), addition="identities.correct")


def test_role_sessions_are_still_needed(client: Client) -> None:
    """A role that nobody made can be assumed, and a session of a user is everybody's."""
    nobody = f"arn:aws:iam::{ACCOUNT}:role/nobody"
    still_wrong(
        wrong=succeeds(lambda: client("sts").assume_role(RoleArn=nobody, RoleSessionName="session")),
        addition="role_sessions and role_trust",
    )
    keys = {client("sts").get_session_token()["Credentials"]["AccessKeyId"] for _ in range(2)}
    still_wrong(wrong=len(keys) == 1, addition="role_sessions.GetSessionToken")


@pytest.mark.usefixtures("role")
def test_policy_documents_are_still_needed(client: Client) -> None:
    """Spaces in actions and ARNs, and trust policies that are none, are accepted."""
    iam = client("iam")
    spaced = GOOD.replace("s3:*", "s3: *")
    still_wrong(
        wrong=succeeds(lambda: iam.create_policy(PolicyName="spaced", PolicyDocument=spaced)),
        addition="policy_documents of identities",
    )
    still_wrong(
        wrong=succeeds(lambda: iam.create_role(RoleName="odd", AssumeRolePolicyDocument=GOOD)),
        addition="policy_documents of trust",
    )


@pytest.mark.usefixtures("role")
def test_permissions_boundaries_are_still_needed(client: Client) -> None:
    """Users have none, and a role's need not exist."""
    iam, missing = client("iam"), f"arn:aws:iam::{ACCOUNT}:policy/none"
    iam.create_user(UserName="bounded")
    try:
        iam.put_user_permissions_boundary(UserName="bounded", PermissionsBoundary=missing)
        there = True
    except (ClientError, NotImplementedError):
        there = False
    still_wrong(wrong=not there, addition="permissions_boundaries of users")
    still_wrong(
        wrong=succeeds(lambda: iam.put_role_permissions_boundary(RoleName="r", PermissionsBoundary=missing)),
        addition="permissions_boundaries of roles",
    )
