"""What operations of IAM need. Source: Service Authorization Reference, "AWS Identity and Access Management"."""

from moto.iam.models import iam_backends

from vpclab.localcloud.control_plane.authorization.access import Access
from vpclab.localcloud.control_plane.authorization.asked import Asked
from vpclab.localcloud.control_plane.authorization.published import has_resources, types_of
from vpclab.localcloud.control_plane.corrections import Moto

_PARTITION = "aws"
_BOUNDED = ("PermissionsBoundary",)
_OWN = frozenset(
    [
        "ChangePassword",
        "CreateAccessKey",
        "DeleteAccessKey",
        "GetUser",
        "ListAccessKeys",
        "UpdateAccessKey",
    ]
)
_PASSING = {"AddRoleToInstanceProfile": "ec2.amazonaws.com"}


def accesses(asked: Asked) -> tuple[Access, ...]:
    """Return what one operation of IAM needs."""
    action = f"iam:{asked.operation}"
    context: dict[str, tuple[str, ...]] = {}
    if boundary := asked.given.text(*_BOUNDED):
        context["iam:permissionsboundary"] = (boundary,)
    if (policy := asked.given.text("PolicyArn")) and "Policy" in asked.operation:
        context["iam:policyarn"] = (policy,)
    if not has_resources(action):
        return (Access(action, "*", None, context),)
    if "iam:permissionsboundary" not in context and (present := _boundary(asked)):
        context["iam:permissionsboundary"] = (present,)
    needed = [Access(action, _resource(asked), None, context)]
    if service := _PASSING.get(asked.operation):
        role = asked.given.text("RoleName")
        passed = _path_of(asked, "role", role) if role else None
        needed.append(Access("iam:PassRole", passed, None, {"iam:passedtoservice": (service,)}))
    return tuple(needed)


def _resource(asked: Asked) -> str | None:
    given, operation = asked.given, asked.operation
    types = types_of(f"iam:{operation}")
    for kind, parameter in (
        ("group", "GroupName"),
        ("instance-profile", "InstanceProfileName"),
        ("role", "RoleName"),
        ("user", "UserName"),
    ):
        if any(f":{kind}/" in pattern for pattern in types) and (name := given.text(parameter)):
            return _path_of(asked, kind, name)
    if (policy := given.text("PolicyArn")) and any(":policy/" in pattern for pattern in types):
        return policy
    if (name := given.text("PolicyName")) and operation == "CreatePolicy":
        return _arn(asked, "policy", given.text("Path") or "/", name)
    if operation in _OWN and ":user/" in asked.caller_arn:
        return asked.caller_arn
    if operation.startswith(("List", "GetAccount")):
        return "*"
    return None


def _boundary(asked: Asked) -> str | None:
    """The boundary that the user or role of a request has, which binds who may only make bounded ones."""
    if asked.operation.startswith("Create"):
        return None
    for kind, parameter in (("role", "RoleName"), ("user", "UserName")):
        if name := asked.given.text(parameter):
            return getattr(_known(asked.account, kind, name), "permissions_boundary_arn", None)
    return None


def _path_of(asked: Asked, kind: str, name: str) -> str:
    """The ARN of something by its name: with the path that it has, or is being given."""
    path = asked.given.text("Path") if asked.operation.startswith("Create") else None
    known = _known(asked.account, kind, name)
    if known is not None:
        path = str(known.path)
    return _arn(asked, kind, path or "/", name)


def _known(account: str, kind: str, name: str) -> Moto:
    backend = iam_backends[account][_PARTITION]
    if kind == "role":
        return next((one for one in backend.roles.values() if one.name == name), None)
    if kind == "user":
        return backend.users.get(name)
    if kind == "group":
        return backend.groups.get(name)
    return next((one for one in backend.instance_profiles.values() if one.name == name), None)


def _arn(asked: Asked, kind: str, path: str, name: str) -> str:
    return f"arn:aws:iam::{asked.account}:{kind}{path}{name}"
