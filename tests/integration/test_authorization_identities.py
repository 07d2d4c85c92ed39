"""Policies of users, groups and roles, and what bounds them."""

from tests.integration.authorization_world import (
    DENIED,
    NO_BOUNDARY,
    NO_IDENTITY,
    NO_SESSION,
    Caller,
    allow,
    assume,
    check,
    customer_policy,
    deny,
    queue,
    role,
    user,
)
from tests.integration.control_plane_world import ACCOUNT, World, policy

SEND = "sqs:sendmessage"


def send(who: Caller, url: str, text: str | None) -> None:
    """Sending a message succeeds where ``text`` is None; else it is refused and says that."""
    expected = None if text is None else text.format(action=SEND)
    check(lambda: who("sqs").send_message(QueueUrl=url, MessageBody="m"), "AccessDenied", expected)


def test_group_can_give_its_members_permissions(here: World) -> None:
    """A user has the inline and managed policies of its groups, while it is a member."""
    url, arn = queue(here)
    iam, who = here.client("iam"), user(here, "ann")
    send(who, url, NO_IDENTITY)
    iam.create_group(GroupName="senders")
    iam.put_group_policy(GroupName="senders", PolicyName="p", PolicyDocument=policy(allow("sqs:SendMessage", arn)))
    iam.add_user_to_group(GroupName="senders", UserName="ann")
    send(who, url, None)
    iam.attach_group_policy(
        GroupName="senders", PolicyArn=customer_policy(here, "never", deny("sqs:SendMessage", arn))
    )
    send(who, url, DENIED.format(article="an", kind="identity-based"))
    iam.remove_user_from_group(GroupName="senders", UserName="ann")
    send(who, url, NO_IDENTITY)


def test_default_version_can_decide_for_a_managed_policy(here: World) -> None:
    """Of a managed policy its default version holds."""
    url, arn = queue(here)
    managed = customer_policy(here, "sending", allow("sqs:SendMessage", arn))
    who = role(here, "role", managed=[managed])
    send(who, url, None)
    iam = here.client("iam")
    document = policy(allow("sqs:ReceiveMessage", arn))
    iam.create_policy_version(PolicyArn=managed, PolicyDocument=document, SetAsDefault=True)
    send(who, url, NO_IDENTITY)
    iam.set_default_policy_version(PolicyArn=managed, VersionId="v1")
    send(who, url, None)


def test_wildcards_and_exclusions_can_name_actions_and_resources(here: World) -> None:
    """``*`` and ``?`` in actions and resources, NotAction and NotResource."""
    url, arn = queue(here)
    for name, statement, refusal in (
        ("a", allow("sqs:Send*", arn[:-2] + "??"), None),
        ("b", allow("*", "arn:aws:sqs:*:*:que*"), None),
        ("c", {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, None),
        ("d", {"Effect": "Allow", "NotAction": "sqs:Send*", "Resource": "*"}, NO_IDENTITY),
        ("e", {"Effect": "Allow", "Action": "sqs:*", "NotResource": arn}, NO_IDENTITY),
        ("f", {"Effect": "Allow", "Action": "sqs:*", "NotResource": arn + "2"}, None),
        ("g", allow("sqs:*", arn + "2"), NO_IDENTITY),
    ):
        send(role(here, name, statement), url, refusal)


def test_boundary_can_only_narrow(here: World) -> None:
    """What the boundary does not allow is refused, whatever the role's policies say; it allows nothing itself."""
    url, arn = queue(here)
    sending = customer_policy(here, "sending", allow("sqs:SendMessage", arn))
    receiving = customer_policy(here, "receiving", allow("sqs:ReceiveMessage", arn))
    never = customer_policy(here, "never", allow("*"), deny("sqs:SendMessage"))
    send(role(here, "a", allow("sqs:*"), boundary=sending), url, None)
    send(role(here, "b", allow("sqs:*"), boundary=receiving), url, NO_BOUNDARY)
    send(role(here, "c", boundary=sending), url, NO_IDENTITY)
    who = role(here, "d", allow("sqs:*"), boundary=never)
    send(who, url, "with an explicit deny in a permissions boundary")
    here.client("iam").put_role_permissions_boundary(RoleName="d", PermissionsBoundary=sending)
    send(who, url, None)
    here.client("iam").delete_role_permissions_boundary(RoleName="b")
    send(Caller(here, "b", assume(here, f"arn:aws:iam::{ACCOUNT}:role/b")), url, None)


def test_boundary_of_a_user_can_narrow(here: World) -> None:
    """Users have boundaries too."""
    url, arn = queue(here)
    who = user(here, "ann", allow("sqs:*"))
    send(who, url, None)
    receiving = customer_policy(here, "receiving", allow("sqs:ReceiveMessage", arn))
    here.client("iam").put_user_permissions_boundary(UserName="ann", PermissionsBoundary=receiving)
    send(who, url, NO_BOUNDARY)


def test_session_policy_can_only_narrow(here: World) -> None:
    """A session has what both its role and its own policy allow."""
    url, arn = queue(here)
    full = role(here, "role", allow("sqs:*"))
    for document, refusal in (
        (policy(allow("sqs:SendMessage", arn)), None),
        (policy(allow("sqs:ReceiveMessage", arn)), NO_SESSION),
        (policy(allow("*"), deny("sqs:SendMessage")), "with an explicit deny in a session policy"),
    ):
        send(Caller(here, full.arn, assume(here, full.arn, document)), url, refusal)
    nothing = role(here, "nothing", session_policy=policy(allow("*")))
    send(nothing, url, NO_IDENTITY)


def test_variable_can_bind_a_resource_to_its_user(here: World) -> None:
    """``${aws:username}`` in a resource stands for the caller's name."""
    url, arn = queue(here, "queue-ann")
    for name, refusal in (("ann", None), ("bob", NO_IDENTITY)):
        send(user(here, name, allow("sqs:*", arn[:-3] + "${aws:username}")), url, refusal)


def test_boundary_of_its_target_can_bind_who_manages_identities(here: World) -> None:
    """Whoever may only make bounded users may change only such (IAM guide, access_policies_boundaries)."""
    boundary = customer_policy(here, "boundary", allow("sqs:*"))
    bound = {"StringEquals": {"iam:PermissionsBoundary": boundary}}
    manager = role(here, "manager", allow(["iam:CreateUser", "iam:PutUserPolicy"], Condition=bound))("iam")
    document = policy(allow("sqs:*"))
    here.client("iam").create_user(UserName="free")
    manager.create_user(UserName="bounded", PermissionsBoundary=boundary)
    manager.put_user_policy(UserName="bounded", PolicyName="p", PolicyDocument=document)
    attempts = (
        lambda: manager.create_user(UserName="another"),
        lambda: manager.put_user_policy(UserName="free", PolicyName="p", PolicyDocument=document),
    )
    for attempt in attempts:
        check(attempt, "AccessDenied", "no identity-based policy allows")
