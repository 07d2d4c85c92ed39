"""Every policy that a principal brings along: of its identity, its boundary, its session."""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends

from vpclab.authorization import NamedPolicy, Policies, Policy, Principal, PrincipalKind, parse_policy
from vpclab.localcloud.control_plane.corrections import Moto

_PARTITION = "aws"
_EVERYTHING: Mapping[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}


@lru_cache(maxsize=1024)
def parsed(document: str) -> Policy:
    """Read a policy's text; the same text is read once."""
    return parse_policy(document)


FULL_ACCESS = (NamedPolicy("full access of the account's administrator", parsed(json.dumps(_EVERYTHING))),)
"""What a root user, and deploy credentials, may do by identity: everything in their account."""


def principal_policies(
    principal: Principal, *, session: tuple[str, ...] | None, is_administrator: bool
) -> Policies:
    """Return the policies of ``principal`` without any of a resource. Those of what was deleted allow nothing."""
    if is_administrator or principal.kind is PrincipalKind.ROOT:
        return Policies(identity=FULL_ACCESS, session=_session(session))
    holder = _holder(principal)
    if holder is None or principal.account is None:
        return Policies(session=_session(session))
    kind = "user" if principal.kind is PrincipalKind.USER else "role"
    identity = list(_of(holder, f"{kind}/{holder.name}"))
    backend = iam_backends[principal.account][_PARTITION]
    if kind == "user":
        for group in backend.groups.values():
            if any(one.name == holder.name for one in group.users):
                identity += _of(group, f"group/{group.name}")
    return Policies(
        identity=tuple(identity),
        boundary=_boundary(backend, getattr(holder, "permissions_boundary_arn", None)),
        session=_session(session),
    )


def role_of(role_arn: str) -> Moto:
    """Return moto's role, None when there is none by that ARN."""
    account = role_arn.split(":")[4] if role_arn.count(":") >= 5 else ""  # noqa: PLR2004 - an ARN
    if not account:
        return None
    try:
        return iam_backends[account][_PARTITION].get_role_by_arn(role_arn)
    except NotFoundException:
        return None


def tags_of(principal: Principal) -> Iterator[tuple[str, str]]:
    """Return the tags of the principal's user or role."""
    holder = _holder(principal)
    if holder is None:
        return
    if principal.kind is PrincipalKind.ROLE_SESSION:
        tags: Any = holder.tags
    else:
        tags = iam_backends[holder.account_id][_PARTITION].tagger.list_tags_for_resource(holder.arn).get("Tags")
    if isinstance(tags, Mapping):
        tags = tags.values()
    for tag in tags or ():
        yield tag["Key"], tag["Value"]


def _holder(principal: Principal) -> Moto:
    if principal.kind is PrincipalKind.ROLE_SESSION and principal.role_arn:
        return role_of(principal.role_arn)
    if principal.kind is PrincipalKind.USER and principal.account:
        return iam_backends[principal.account][_PARTITION].users.get(principal.arn.rpartition("/")[2])
    return None


def _of(holder: Moto, name: str) -> Iterator[NamedPolicy]:
    for inline, document in holder.policies.items():
        yield NamedPolicy(f"{name} inline {inline}", parsed(_text(document)))
    for policy in _values(holder.managed_policies):
        yield NamedPolicy(str(policy.arn), parsed(_default_version(policy)))


def _values(found: Any) -> Iterable[Any]:  # noqa: ANN401 - moto keeps a dictionary or a list
    return found.values() if isinstance(found, Mapping) else found


def _default_version(policy: Moto) -> str:
    return next(_text(one.document) for one in policy.versions if one.version_id == policy.default_version_id)


def _text(document: object) -> str:
    return document if isinstance(document, str) else json.dumps(document)


def _boundary(backend: Moto, arn: str | None) -> NamedPolicy | None:
    if not arn:
        return None
    policy = backend.managed_policies.get(arn)
    if policy is None:  # AWS keeps a boundary's policy from being deleted; one that is gone allows nothing
        return NamedPolicy(arn, Policy(()))
    return NamedPolicy(arn, parsed(_default_version(policy)))


def _session(documents: tuple[str, ...] | None) -> tuple[NamedPolicy, ...] | None:
    if documents is None:
        return None
    return tuple(NamedPolicy(f"session policy {number}", parsed(text)) for number, text in enumerate(documents))
